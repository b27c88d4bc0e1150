"""演练公司: orders that change, a pool that gives a job until it is acknowledged, bills with a life of their own.

It notes what must never happen: a job acknowledged as done before its bill is there, an audit before
its bill, the same bill twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.connect import Json, Record, Say
from engine.simulate.frame import About, Answer, Behaviour, Heard, with_options


def simulator(options: Record, seed: int) -> OfficeSimulator:
    return OfficeSimulator(with_options(Options(), options))


@dataclass(frozen=True, slots=True)
class Options:
    """`refuse` names calls that are turned down: "audit", "cancel no-3", several with blanks between."""

    refuse: str = ""


class OfficeSimulator:
    name = "office"
    behaviours = (Behaviour("任务在回执之前每次都给出", "推测"), Behaviour("审核可以重复", "推测"))
    mishaps: frozenset[str] = frozenset()

    def __init__(self, options: Options) -> None:
        self.options = options
        self.orders: dict[str, Record] = {}
        self.jobs: dict[str, Record] = {}
        self.bills: dict[str, Record] = {}
        self.wrong: list[str] = []
        self.deeds: list[str] = []

    def about(self, heard: Heard) -> About:
        asked = heard.json
        number = str(asked.get("no") or "") or None
        if heard.path == "/bill":
            return About("save", number, number)
        if heard.path == "/bills":
            return About("lookup", number)
        return About("read" if heard.path in ("/orders", "/jobs", "/heads", "/order") else "other", number)

    def hear(self, heard: Heard, now: datetime) -> Answer:
        asked = heard.json
        match heard.path.strip("/").split("/"):
            case ["orders"]:
                return _yes([*self.orders.values()])
            case ["heads"]:
                return _yes([{k: v for k, v in one.items() if k != "lines"} for one in self.orders.values()])
            case ["order"]:
                return _yes(self.orders[str(asked["id"])])
            case ["jobs"]:
                waiting: list[Json] = [one for one in self.jobs.values() if not one.get("ended")]
                return _yes(waiting[: int(str(asked.get("limit", 20)))])
            case ["bills"]:
                return _yes([one for one in self.bills.values() if one["no"] == asked.get("no")])
            case ["bill"]:
                return self._save(asked)
            case [noun, deed]:
                return self._deed(noun, deed, asked)
        return Answer(404, b"{}")

    def _save(self, asked: Record) -> Answer:
        if self._refuses("save", str(asked["no"])):
            return _no("单据不合规")
        if any(one["no"] == asked["no"] for one in self.bills.values()):
            self.wrong.append(f"bill {asked['no']} twice")
        ident = str(1000 + len(self.bills))
        self.bills[ident] = {**asked, "id": ident, "state": "open"}
        self.deeds.append(f"save {asked['no']}")
        answer = _yes({"id": ident, "no": asked["no"], "line": {"code": f"L-{ident}"}})
        return Answer(answer.status, answer.body, created=ident)

    def _deed(self, noun: str, deed: str, asked: Record) -> Answer:
        ident = str(asked["id"])
        name = ident
        if noun == "bill":
            bill = self.bills.get(ident)
            if bill is None:
                self.wrong.append(f"{deed} before its bill")
                return _no("没有这张单据")
            name = str(bill["no"])
        if self._refuses(deed, name):
            return _no(f"不能{deed}")
        self.deeds.append(f"{deed} {name}")
        if noun == "jobs":
            self._job(deed, asked)
        elif deed == "update":
            self.bills[ident] |= asked
        else:
            self.bills[ident]["state"] = deed
        return _yes({})

    def _job(self, deed: str, asked: Record) -> None:
        job = self.jobs[str(asked["id"])]
        mine = [one for one in self.bills.values() if str(one.get("job")) == str(asked["id"])]
        if deed == "ship":
            job["bill"] = asked["bill"]
            return
        if asked["status"] == "done" and not mine and job.get("state") != "skip":
            self.wrong.append(f"acknowledged but not done: {asked['id']}")
        job["ended"] = asked["status"]
        job["message"] = asked.get("message")

    def _refuses(self, deed: str, name: str) -> bool:
        return any(one in (deed, f"{deed}:{name}") for one in self.options.refuse.split())

    def mishap(self, kind: str, heard: Heard, now: datetime) -> Answer:
        raise NotImplementedError(kind)

    def tell(self, deed: str, given: Record, now: datetime) -> Json:
        if deed == "settings":
            self.options = with_options(self.options, given)
            return {}
        if deed in ("orders", "jobs"):
            kept = self.orders if deed == "orders" else self.jobs
            rows = given["rows"]
            assert isinstance(rows, list)
            for one in rows:
                assert isinstance(one, dict)
                kept[str(one["id"])] = {**kept.get(str(one["id"]), {}), **one}
            return {}
        if deed == "forget":
            self.jobs[str(given["id"])].pop("ended", None)
            return {}
        if deed == "tell":
            return {"bills": [*self.bills.values()], "jobs": [*self.jobs.values()], **self._told()}
        raise ValueError(Say("{deed}", deed=deed))

    def _told(self) -> Record:
        return {"wrong": [*self.wrong], "deeds": [*self.deeds]}

    def connections(self, base: str) -> dict[str, Json]:
        return {"default": {"channel": "default", "base": base, "settings": {"name": "demo"}}}

    def written(self) -> list[Record]:
        return [{**one, "document": dict(one)} for one in self.bills.values()]


def _yes(data: Json) -> Answer:
    return Answer.of({"code": "0", "data": data})


def _no(says: str) -> Answer:
    return Answer.of({"code": "2001", "message": says})
