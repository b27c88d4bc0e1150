"""Alerts (告警): what stands and what ended, and who is told: robots of group chats, with a test button."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from flask import Blueprint, Response, abort, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.accounts import is_network
from engine.model.alerts import RECEIVER_KINDS, Quiet, Receiver, ReceiverKind
from engine.model.values import Problem
from engine.run.alerts import send, trial
from engine.say import LANGUAGES
from engine.store import alerts, receivers, schemes
from engine.store.receivers import host_of
from engine.wire.robots import HOSTS
from webui import forms, sight
from webui.calls import calling
from webui.fragments import answer
from webui.language import _
from webui.shown import word
from webui.visit import here, may, note
from webui.web import web

pages = Blueprint("alerts", __name__)

MOST = 100
NUMBER = "int(max=1000000)"
URL = 1000


@dataclass
class Draft:
    """A receiver as the form has it; `secrets` only what was typed."""

    receiver: Receiver
    secrets: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, says: str, do: str = "") -> None:
        self.problems.append(Problem(path, "receiver", says, do))

    def read(self) -> Draft:
        """What was typed. An empty address or secret leaves the stored one as it is."""
        for name in ("url", "secret"):
            if typed := forms.text(name, URL):
                self.secrets[name] = typed
        before = self.receiver
        self.receiver = replace(
            before,
            title=forms.text("title", 80),
            team=forms.text("team", 80),
            quiet=forms.text("quiet", 20),
            language=forms.text("language", 5),
            enabled=forms.ticked("enabled"),
            private=tuple(forms.text("private", 500).split()) if may("people") else before.private,
        )
        self._checked(before)
        return self

    def _checked(self, before: Receiver) -> None:
        now = self.receiver
        if not now.title:
            self.wrong("title", _("还没填。"))
        if now.language not in LANGUAGES:
            abort(400)
        if not _sees(now.team):
            self.wrong("team", _("选自己看得到的方案组。"))
        try:
            Quiet.read(now.quiet)
        except ValueError:
            self.wrong("quiet", _("写成 22:00-08:00 这样；不要安静时段就留空。"))
        if bad := [one for one in now.private if not is_network(one)]:
            self.wrong("private", _("{word} 不对。", word=bad[0]), _("写成 10.1.0.0/16 这样，主机位为零。"))
        self._address(before)

    def _address(self, before: Receiver) -> None:
        """Where it goes: to the robots' own hosts by everybody who connects, elsewhere by an administrator (S13)."""
        typed = self.secrets.get("url", "")
        if not typed:
            if not before.host:
                self.wrong("url", _("还没填。"))
            return
        host = host_of(typed)
        plain = typed.startswith("http://") and may("people")
        if not host or "@" in typed or not (typed.startswith("https://") or plain):
            self.wrong("url", _("写成 https:// 开头的完整地址。"), _("从群里的机器人设置复制。"))
        elif host not in HOSTS[self.receiver.kind] and not may("people"):
            self.wrong(
                "url",
                _("这个主机不是 {name} 的：自己的地址要由管理员填。", name=word("receiver", self.receiver.kind)),
            )
        elif host != before.host and before.signed and "secret" not in self.secrets:
            self.wrong("secret", _("地址变了，密码要再填一遍：它只发给填它时的那些主机。"))


@pages.get("/alerts")
def listed() -> Response:
    """Alerts that stand, then those that ended last; below, who is told."""
    told = web().read(alerts.last_told)
    return answer(
        "alerts/list.html",
        alerts=web().read(lambda c: alerts.listed(c, sight.among(), MOST)),
        receivers=[(one, told.get(one.id)) for one in _mine()],
    )


@pages.get("/alerts/receivers/new")
def new() -> Response:
    """Which kind first, then its form."""
    kind = request.args.get("kind", "")
    if kind not in RECEIVER_KINDS:
        return answer("alerts/choose.html", kinds=RECEIVER_KINDS)
    return _form(Draft(Receiver(0, "", cast(ReceiverKind, kind), "")))


@pages.post("/alerts/receivers")
def add() -> Response | Answer:
    kind = forms.text("kind", 20)
    if kind not in RECEIVER_KINDS:
        abort(400)
    draft = Draft(Receiver(0, "", cast(ReceiverKind, kind), "")).read()
    if draft.problems:
        return _form(draft, status=422)

    def work(connection: Any) -> int:
        ident = receivers.add(connection, web().store.vault, draft.receiver, draft.secrets, web().now())
        note(connection, "receiver.save", draft.receiver.title, _detail(draft))
        return ident

    return redirect(url_for("alerts.show", ident=web().store.write(work)), 303)


@pages.get(f"/alerts/receivers/<{NUMBER}:ident>")
def show(ident: int) -> Response:
    return _form(Draft(_named(ident)))


@pages.post(f"/alerts/receivers/<{NUMBER}:ident>")
def change(ident: int) -> Response | Answer:
    draft = Draft(_named(ident)).read()
    if draft.problems:
        return _form(draft, status=422)

    def work(connection: Any) -> None:
        receivers.change(connection, web().store.vault, draft.receiver, draft.secrets, web().now())
        note(connection, "receiver.save", draft.receiver.title, _detail(draft))

    web().store.write(work)
    return redirect(url_for("alerts.show", ident=ident), 303)


@pages.post(f"/alerts/receivers/<{NUMBER}:ident>/trial")
def test(ident: int) -> Response:
    """Send it a message now, and say in plain words what is wrong where it is not taken."""
    found = _named(ident)
    web().store.write(lambda c: note(c, "receiver.test", found.title))
    try:
        said = calling(
            lambda engine: send(engine.store, engine.clock, engine.door, found, trial(found.language))
        )
    except TimeoutError:
        said = _("等得太久，没有等到回复。")
    return _form(Draft(found), tried=True, said=said)


@pages.post(f"/alerts/receivers/<{NUMBER}:ident>/removal")
def remove(ident: int) -> Answer:
    found = _named(ident)

    def work(connection: Any) -> None:
        receivers.remove(connection, ident)
        note(connection, "receiver.remove", found.title)

    web().store.write(work)
    return redirect(url_for("alerts.listed"), 303)


def _form(draft: Draft, tried: bool = False, said: str | None = None, status: int = 200) -> Response:
    who = here().person
    known = sorted(
        {team for team in web().read(schemes.teams) if who.sees(team)} | {draft.receiver.team} - {""}
    )
    reply = answer(
        "alerts/form.html",
        draft=draft,
        one=draft.receiver,
        wrong=forms.beside(draft.problems),
        teams=known,
        every=_sees(""),
        tried=tried,
        said=said,
    )
    reply.status_code = status
    return reply


def _detail(draft: Draft) -> str:
    """For the audit: what was typed, secrets as "changed"."""
    one = draft.receiver
    typed = " ".join(f"{name}=changed" for name in draft.secrets)
    return f"{one.kind} team={one.team or '-'} quiet={one.quiet or '-'} enabled={one.enabled} {typed}".strip()


def _mine() -> list[Receiver]:
    """The receivers that are this person's business."""
    return [one for one in web().read(lambda c: receivers.every(c, web().store.vault)) if _sees(one.team)]


def _named(ident: int) -> Receiver:
    found = web().read(lambda c: receivers.get(c, web().store.vault, ident))
    if found is None or not _sees(found.team):
        abort(404)
    return found


def _sees(team: str) -> bool:
    """Who hears of every scheme is the business of whoever sees every scheme."""
    who = here().person
    return who.sees(team) if team else who.role == "admin" or who.groups is None
