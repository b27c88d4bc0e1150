"""The watch: one message when a cause begins, one when it ended; to whom, when, and signed as each robot asks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import select, update

from engine.model.alerts import RECEIVER_KINDS, ZONE, Found, Quiet, Receiver, ReceiverKind
from engine.model.values import Reply
from engine.run.alerts import Watch
from engine.store import alerts, receivers, schemes
from engine.store.tables import alert, document, notice, run
from engine.wire.doors.http import HTTPDoor
from engine.wire.robots import LONGEST, Message, call, cut, trouble
from tests.webui import build
from tests.wire.vendor import Asked, Line, Vendor, http

TAKEN = {
    "dingtalk": {"errcode": 0, "errmsg": "ok"},
    "wecom": {"errcode": 0},
    "feishu": {"code": 0},
    "webhook": {},
}
MINUTE = timedelta(minutes=1)


@dataclass
class Group:
    """A shop, somebody who is told of it, and every message that came."""

    shop: build.Shop
    kind: ReceiverKind = "wecom"
    answers: list[Any] = field(default_factory=list)
    heard: list[Asked] = field(default_factory=list)
    watches: int = 1

    def receiver(self, **other: Any) -> int:
        given_ = {"title": "仓储群", "kind": self.kind, "host": ""} | other
        one = Receiver(id=0, **given_)
        return self.shop.store.write(
            lambda c: receivers.add(c, self.shop.store.vault, one, {"url": "http://127.0.0.1:1/x"}, build.NOW)
        )

    def look(self, **passes: float) -> list[str]:
        """Some time passes, the watch looks once; gives what was said, a text a message."""
        self.shop.clock.at += timedelta(**passes)
        before = len(self.heard)
        asyncio.run(self._look())
        return [_text(one) for one in self.heard[before:]]

    async def _look(self) -> None:
        async def answer(asked: Asked, line: Line) -> None:
            told = self.answers.pop(0) if self.answers else TAKEN[self.kind]
            line.write(http(json.dumps(told).encode()))

        async with Vendor(answer) as vendor, HTTPDoor(vendor.pair) as door:
            self._moved(vendor.url)
            for number in range(self.watches):
                watch = Watch(
                    self.shop.store, self.shop.clock, door, f"node-{number}", "https://duijie.example.com"
                )
                await watch.once()
            self.heard += vendor.asked

    def _moved(self, url: str) -> None:
        """The vendor has a port of its own every time."""
        store = self.shop.store
        for one in store.read(lambda c: receivers.every(c, store.vault)):
            secrets = {"url": f"{url}/send?key=invented"}
            store.write(lambda c, o=one, s=secrets: receivers.change(c, store.vault, o, s, build.NOW))


def _text(asked: Asked) -> str:
    told = json.loads(asked.body)
    return str(
        told.get("content", {}).get("text")
        or (told["text"] if isinstance(told["text"], str) else told["text"]["content"])
    )


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    shop = build.full(tmp_path)
    yield Group(shop)
    shop.store.close()


def settle(shop: build.Shop, state: str) -> None:
    """Everything in this state was dealt with."""
    done = (
        update(document)
        .where(document.c.state == state)
        .values(state="skipped", reason="", due_at=None, why="")
    )
    shop.store.write(lambda c: c.execute(done))


def states(shop: build.Shop) -> list[str]:
    return list(shop.store.read(lambda c: c.scalars(select(notice.c.state)).all()))


def test_a_cause_is_told_once_when_it_begins_and_once_when_it_ended(group: Group) -> None:
    group.receiver()
    assert group.look() == [], "what may pass by itself is given a moment"
    first = group.look(seconds=61)
    assert len(first) == 1, "all that is due goes in one message"
    for words in ("被拒绝 2 单", "用友BIP：仓库不能为空", "等对照 3 单", "WH-CD09", "运行有故障"):
        assert words in first[0]
    assert "结果未知" not in first[0], "an open outcome is looked up first"
    assert group.look(seconds=61) == []
    assert "结果未知 1 单" in "".join(group.look(minutes=9))
    settle(group.shop, "refused")
    assert group.look(minutes=4) == [], "it may come again at once"
    ended = group.look(minutes=2)
    assert len(ended) == 1 and ended[0].count("已恢复") == 2
    assert group.look(minutes=2) == []


def test_a_cause_that_comes_and_goes_is_one_alert(group: Group) -> None:
    group.receiver()
    group.look()
    assert "被拒绝 2 单" in group.look(minutes=2)[0]
    store = group.shop.store
    gone = store.read(lambda c: c.scalars(select(document.c.id).where(document.c.state == "refused")).all())
    for _ in range(5):
        hidden = update(document).where(document.c.id.in_(gone)).values(state="waiting", why="again")
        store.write(lambda c, h=hidden: c.execute(h))
        assert "被拒绝" not in "".join(group.look(minutes=2))
        back = update(document).where(document.c.id.in_(gone)).values(state="refused", why="")
        store.write(lambda c, b=back: c.execute(b))
        assert "被拒绝" not in "".join(group.look(minutes=2))


def test_who_never_heard_of_the_beginning_does_not_hear_of_the_end(group: Group) -> None:
    group.receiver()
    group.look()
    settle(group.shop, "refused")
    said = "".join(group.look(minutes=6))
    assert "被拒绝 2 单" not in said and "恢复" not in said


def test_no_number_of_a_document_goes_to_a_chat_and_the_link_leads_to_all_of_them(group: Group) -> None:
    group.receiver()
    group.look()
    said = "".join(group.look(minutes=11))
    assert "CK2026112000015" not in said
    link = next(
        line for line in said.splitlines() if f"/schemes/{build.CODE}/documents?state=refused" in line
    )
    page = group.shop.client().get(link.removeprefix("https://duijie.example.com"))
    assert page.status_code == 200
    assert page.get_data(as_text=True).count("/documents/") >= 2


def test_a_late_scheme_is_told_and_a_paused_one_is_not(group: Group) -> None:
    group.receiver()
    group.look()
    assert "落后了" in "".join(group.look(minutes=40))
    group.shop.store.write(lambda c: schemes.enable(c, build.CODE, False))
    group.look(minutes=1)
    assert "已恢复" in "".join(group.look(minutes=6))


def test_a_run_that_is_under_way_does_not_hide_the_fault_of_the_one_before(group: Group) -> None:
    group.receiver()
    group.look()
    assert "运行有故障" in group.look(minutes=2)[0]
    store = group.shop.store
    jd = store.read(lambda c: c.scalar(select(run.c.scheme_id).where(run.c.fault.is_not(None))))
    values = {"scheme_id": jd, "version": 1, "asked_by": "schedule", "began_at": group.shop.clock.at}
    fresh = store.write(lambda c: c.execute(run.insert().values(**values).returning(run.c.id)).scalar_one())
    assert "恢复" not in "".join(group.look(minutes=6))
    ended = update(run).where(run.c.id == fresh).values(state="closed", ended_at=group.shop.clock.at)
    store.write(lambda c: c.execute(ended))
    assert "恢复" in "".join(group.look(minutes=6))


def test_quiet_hours_are_waited_for(group: Group) -> None:
    """It is ten past ten in the morning there."""
    group.receiver(quiet="10:00-11:00")
    group.look()
    assert group.look(minutes=30) == []
    assert "被拒绝" in "".join(group.look(minutes=30))


def test_a_receiver_of_a_group_hears_of_its_schemes_only(group: Group) -> None:
    group.receiver(team="仓储")
    group.receiver(title="财务群", team="财务")
    group.shop.store.write(lambda c: schemes.assign(c, build.CODE, "仓储"))
    group.look()
    said = group.look(minutes=2)
    assert len(said) == 1
    assert "被拒绝" in said[0] and "运行有故障" not in said[0]


def test_one_that_is_switched_off_hears_nothing(group: Group) -> None:
    group.receiver(enabled=False)
    group.look()
    assert group.look(minutes=2) == []


def test_of_two_processes_one_tells(group: Group) -> None:
    group.watches = 2
    group.receiver()
    group.look()
    assert len(group.look(minutes=2)) == 1


def test_what_is_not_taken_is_sent_again_later_each_time_and_given_up_in_the_end(group: Group) -> None:
    group.receiver()
    group.look()
    group.answers = [{"errcode": 45009, "errmsg": "reach max api daily quota limit"}] * 20
    assert len(group.look(minutes=2)) == 1
    assert group.look(seconds=30) == [], "not at once again"
    said = group.shop.store.read(lambda c: c.scalars(select(notice.c.says).where(notice.c.tries > 0)).first())
    assert said == "对方没有收下（45009）：reach max api daily quota limit"
    tries = 1
    while "waiting" in states(group.shop):
        tries += len(group.look(minutes=5))
        assert tries < 60
    assert set(states(group.shop)) == {"failed"}
    last = group.shop.store.read(alerts.last_told)
    assert [one.state for one in last.values()] == ["failed"]


def test_a_message_that_was_refused_once_is_taken_the_next_time(group: Group) -> None:
    group.receiver()
    group.look()
    group.answers = [{"errcode": 93000, "errmsg": "invalid webhook url"}]
    first, second = group.look(minutes=2), group.look(minutes=2)
    assert first and first == second
    assert set(states(group.shop)) >= {"sent"}
    assert group.look(minutes=2) == []


def test_many_causes_are_one_message_that_every_robot_takes(group: Group) -> None:
    group.receiver()
    found = [Found(group.shop.scheme, "refused", f"原因 {chr(0x4E00 + n)}" * 20, 1, 1) for n in range(200)]
    told = group.shop.store.read(lambda c: receivers.every(c, group.shop.store.vault))
    group.shop.store.write(lambda c: alerts.keep(c, found, told, group.shop.clock.at - 2 * MINUTE))
    said = group.look()
    assert len(said) == 1
    assert len(said[0].encode()) <= LONGEST


@pytest.mark.parametrize("kind", RECEIVER_KINDS)
def test_what_each_robot_says_is_understood(kind: ReceiverKind) -> None:
    def reply(data: Any, status: int = 200) -> Reply:
        return Reply(status, {}, json.dumps(data).encode(), data)

    assert trouble(kind, reply(TAKEN[kind])) is None
    assert trouble(
        kind, reply({"errcode": 310000, "errmsg": "sign not match", "code": 19021, "msg": "sign"}, 400)
    )
    assert trouble(kind, reply("<html>", 502))
    assert kind == "webhook" or trouble(kind, reply("<html>"))


NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SAID = Message("仓库不能为空 <b>*x*</b>", [{"kind": "refused"}])


def test_dingtalk_is_signed_over_moment_and_secret() -> None:
    made = call(
        "dingtalk",
        {"url": "https://oapi.dingtalk.com/robot/send?access_token=t1", "secret": "SEC1"},
        SAID,
        NOW,
    )
    assert (made.url, made.query["access_token"]) == ("https://oapi.dingtalk.com/robot/send", "t1")
    assert made.query["timestamp"] == "1795485600000"
    digest = hmac.new(b"SEC1", b"1795485600000\nSEC1", hashlib.sha256).digest()
    assert base64.b64decode(made.query["sign"]) == digest
    assert json.loads(made.body or b"") == {"msgtype": "text", "text": {"content": SAID.text}}


def test_feishu_signs_nothing_with_moment_and_secret_as_the_key() -> None:
    made = call(
        "feishu", {"url": "https://open.feishu.cn/open-apis/bot/v2/hook/x", "secret": "s1"}, SAID, NOW
    )
    told = json.loads(made.body or b"")
    assert told["timestamp"] == "1795485600"
    assert base64.b64decode(told["sign"]) == hmac.new(b"1795485600\ns1", b"", hashlib.sha256).digest()
    assert (told["msg_type"], told["content"]) == ("text", {"text": SAID.text})


def test_a_webhook_carries_facts_and_a_signature_over_its_bytes() -> None:
    made = call("webhook", {"url": "https://ops.example.com/in?q=1", "secret": "s1"}, SAID, NOW)
    assert made.headers["X-Duijie-Timestamp"] == "1795485600"
    digest = hmac.new(b"s1", b"1795485600." + (made.body or b""), hashlib.sha256).hexdigest()
    assert made.headers["X-Duijie-Signature"] == f"sha256={digest}"
    assert json.loads(made.body or b"") == {"text": SAID.text, "alerts": [{"kind": "refused"}]}


@given(st.text(max_size=3000))
def test_what_is_too_long_is_cut_to_what_every_robot_takes(text: str) -> None:
    assert len(cut(text).encode("utf-8", "surrogatepass")) <= LONGEST
    assert cut(text) == text or cut(text).endswith("\n…")


@given(st.integers(0, 5_000_000), st.times(), st.times())
def test_after_the_quiet_hours_it_is_never_quiet_and_never_more_than_a_day_later(
    minute: int, since: Any, until: Any
) -> None:
    quiet = Quiet(since.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0))
    if quiet.since == quiet.until:
        return
    moment = NOW + minute * MINUTE
    over = quiet.over(moment)
    assert timedelta(0) <= over - moment < timedelta(days=1)
    assert quiet.over(over) == over
    minutes: Callable[[Any], int] = lambda one: one.hour * 60 + one.minute  # noqa: E731
    length = (minutes(quiet.until) - minutes(quiet.since)) % 1440
    inside = (minutes(moment.astimezone(ZONE)) - minutes(quiet.since)) % 1440 < length
    assert (over > moment) == inside


@pytest.mark.parametrize("text", ["22", "22:00", "8-9-10", "25:00-08:00", "08:00-08:00", "夜里"])
def test_quiet_hours_are_two_times(text: str) -> None:
    with pytest.raises(ValueError):
        Quiet.read(text)


def test_an_alert_that_began_again_after_its_end_is_a_new_one(group: Group) -> None:
    store = group.shop.store

    def keep(found: list[Found], minutes: int) -> None:
        store.write(lambda c: alerts.keep(c, found, [], group.shop.clock.at + minutes * MINUTE))

    found = [Found(group.shop.scheme, "refused", "仓库不能为空", 3, 1)]
    keep(found, 0)
    keep([], 6)
    keep(found, 7)
    ended = select(alert.c.ended_at.is_(None)).order_by(alert.c.id)
    assert store.read(lambda c: c.scalars(ended).all()) == [False, True]
