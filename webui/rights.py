"""Which right each route asks for: one table, without which nothing is answered (S6).

A route that is missing here, or a line without its route, stops the program at its start. `OPEN` is answered
to anybody, `OWN` to whoever is logged in, the others to roles that hold the right. Which schemes a person sees
is asked in `sight.py`, by every view that shows one.
"""

from __future__ import annotations

from typing import Literal

from flask import Flask

from engine.model.people import Right
from webui.language import mark

OPEN: Literal["open"] = "open"
OWN: Literal["own"] = "own"

ROUTES: dict[str, Right | Literal["open", "own"]] = {
    "static": OPEN,
    "health.alive": OPEN,
    "health.ready": OPEN,
    "look.choose": OPEN,
    "logins.show": OPEN,
    "logins.begin": OPEN,
    "invitations.show": OPEN,
    "invitations.accept": OPEN,
    "logins.end": OWN,
    "account.show": OWN,
    "account.password": OWN,
    "account.end_login": OWN,
    "account.grant": OWN,
    "account.revoke": OWN,
    "home.show": "see",
    "metrics.show": "see",
    "schemes.show": "see",
    "schemes.version": "see",
    "schemes.listed": "see",
    "schemes.text": "see",
    "schemes.compare": "see",
    "schemes.run": "run",
    "trials.ask": "try",
    "trials.look": "try",
    "trials.send": "try",
    "schemes.pause": "run",
    "schemes.resume": "run",
    "schemes.roll_back": "edit",
    "schemes.assign": "people",
    "drafts.new": "edit",
    "drafts.begin": "edit",
    "drafts.show": "edit",
    "drafts.save": "edit",
    "drafts.checked": "edit",
    "drafts.publication": "edit",
    "drafts.remove": "edit",
    "drafts.edit": "edit",
    "drafts.clone": "edit",
    "fillings.listed": "edit",
    "fillings.fill": "edit",
    "edits.listed": "edit",
    "edits.step": "edit",
    "mapper.show": "edit",
    "mapper.edit": "edit",
    "runs.listed": "see",
    "runs.show": "see",
    "live.follow": "see",
    "documents.listed": "see",
    "documents.show": "see",
    "export.documents": "see",
    "attempts.show": "see",
    "search.show": "see",
    "deeds.ask": "settle",
    "deeds.heap": "settle",
    "deeds.one": "settle",
    "deeds.decide": "settle",
    "deeds.unmask": "unmask",
    "lookups.listed": "see",
    "lookups.show": "see",
    "lookups.file": "see",
    "lookups.bring": "pair",
    "lookups.change": "pair",
    "connectors.listed": "see",
    "connectors.show": "see",
    "connections.listed": "connect",
    "connecting.new": "connect",
    "connecting.add": "connect",
    "connecting.show": "connect",
    "connecting.change": "connect",
    "connecting.test": "connect",
    "alerts.listed": "connect",
    "alerts.new": "connect",
    "alerts.add": "connect",
    "alerts.show": "connect",
    "alerts.change": "connect",
    "alerts.test": "connect",
    "alerts.remove": "connect",
    "people.listed": "people",
    "people.add": "people",
    "people.show": "people",
    "people.change": "people",
    "people.invite": "people",
    "audit.listed": "people",
}

GUEST: frozenset[Right] = frozenset({"see", "connect"})
"""What a page without login shows, in the demo and nowhere else; and it only answers GET."""

ROLE_NAMES = {
    "admin": mark("管理"),
    "implementer": mark("实施"),
    "business": mark("业务"),
    "reader": mark("只读"),
}
ROLE_SAYS = {
    "admin": mark("一切，包括人员和审计"),
    "implementer": mark("改方案和映射、建连接、运行；看得到个人信息，每次都有记录"),
    "business": mark("试运行、重试、人工定案、改对照表"),
    "reader": mark("只看"),
}


def complete(app: Flask) -> None:
    """Raises RuntimeError where the table and the app's routes are not the same."""
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    missing, left = sorted(known - ROUTES.keys()), sorted(ROUTES.keys() - known)
    if missing or left:
        raise RuntimeError(f"routes without a right: {missing}; rights without a route: {left}")
