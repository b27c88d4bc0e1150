"""People: who may log in, with which role, to see which schemes; and the invitations that let them set a password."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import Wrong
from engine.exact import decode, encode
from engine.model.people import ROLES, Person, Role
from engine.model.values import Json, Problem
from engine.say import Say, Words
from engine.store import passwords
from engine.store.tables import api_token, invitation, login, person

SETUP = timedelta(minutes=30)
INVITED = timedelta(hours=24)
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_COLUMNS = (
    person.c.id,
    person.c.name,
    person.c.title,
    person.c.role,
    person.c.teams,
    person.c.enabled,
    (person.c.password != "").label("ready"),
    person.c.seen_at,
)


def printed(secret: str) -> str:
    """What is stored of a secret of 256 bits: so much chance needs no salt."""
    return sha256(secret.encode()).hexdigest()


def every(connection: Connection) -> list[Person]:
    return [_person(row) for row in connection.execute(select(*_COLUMNS).order_by(person.c.name))]


def get(connection: Connection, ident: int) -> Person | None:
    row = connection.execute(select(*_COLUMNS).where(person.c.id == ident)).one_or_none()
    return _person(row) if row else None


def by_name(connection: Connection, name: str) -> Person | None:
    row = connection.execute(select(*_COLUMNS).where(person.c.name == plain(name))).one_or_none()
    return _person(row) if row else None


def admins(connection: Connection) -> int:
    """How many administrators can log in. While there is none, nobody but the first may be made."""
    able = (person.c.role == "admin", person.c.enabled, person.c.password != "")
    return connection.scalar(select(func.count()).select_from(person).where(*able)) or 0


def plain(name: str) -> str:
    return name.strip().lower()[:80]


def add(
    connection: Connection, name: str, title: str, role: str, groups: Sequence[str] | None, now: datetime
) -> Person:
    """A new person, who cannot log in before a password is set. Raises Wrong."""
    wrong = [*_named(name), *_role(role)]
    if wrong:
        raise Wrong(wrong)
    values = {"name": plain(name), "title": title.strip()[:80], "role": role, "teams": _teams(groups)}
    try:
        with connection.begin_nested():
            made = (
                insert(person).values(**values, enabled=True, password="", made_at=now).returning(person.c.id)
            )
            ident = connection.execute(made).scalar_one()
    except IntegrityError:
        says = Say("已经有叫 {name} 的人。", name=plain(name))
        raise Wrong([Problem("name", "taken", says, Say("换一个登录名。"))]) from None
    return _certain(connection, ident)


def change(
    connection: Connection, ident: int, title: str, role: str, groups: Sequence[str] | None, enabled: bool
) -> Person:
    """What an administrator may change. Whoever loses rights or access is logged out. Raises Wrong."""
    before = _certain(connection, ident)
    wrong = _role(role)
    if before.role == "admin" and before.enabled and before.ready and (role != "admin" or not enabled):
        wrong += _last(connection)
    if wrong:
        raise Wrong(wrong)
    values = {"title": title.strip()[:80], "role": role, "teams": _teams(groups), "enabled": enabled}
    connection.execute(update(person).where(person.c.id == ident).values(**values))
    after = _certain(connection, ident)
    if (before.role, before.groups, before.enabled) != (after.role, after.groups, after.enabled):
        connection.execute(delete(login).where(login.c.person_id == ident))
    if not enabled:
        connection.execute(delete(api_token).where(api_token.c.person_id == ident))
        connection.execute(delete(invitation).where(invitation.c.person_id == ident))
    return after


def invite(connection: Connection, secret: str, ident: int | None, now: datetime) -> None:
    """Whoever brings `secret` may set this person's password once; with None, make the first administrator.

    Earlier invitations of the same person are void.
    """
    connection.execute(delete(invitation).where(invitation.c.until < now))
    connection.execute(delete(invitation).where(invitation.c.person_id.is_not_distinct_from(ident)))
    until = now + (SETUP if ident is None else INVITED)
    connection.execute(insert(invitation).values(hash=printed(secret), person_id=ident, until=until))


def invited(connection: Connection, secret: str, now: datetime) -> tuple[bool, Person | None]:
    """Whether the invitation holds, and whose it is: nobody's where it makes the first administrator."""
    holds = (invitation.c.hash == printed(secret), invitation.c.until > now)
    row = connection.execute(select(invitation.c.person_id).where(*holds)).one_or_none()
    if row is None:
        return False, None
    if row.person_id is None:
        return admins(connection) == 0, None
    found = get(connection, row.person_id)
    return found is not None and found.enabled, found


def accept(
    connection: Connection, secret: str, name: str, title: str, password: str, now: datetime
) -> Person:
    """Use an invitation up: the person it was for has this password now, and all sessions end. Raises Wrong."""
    holds, found = invited(connection, secret, now)
    if not holds:
        says = Say("这个链接已经用过，或过期了。")
        raise Wrong(
            [
                Problem(
                    "invitation", "void", says, Say("请管理员再给一个；管理员自己用 duijie person invite。")
                )
            ]
        )
    wrong = passwords.problems(password, found.name if found else plain(name))
    if found is None:
        wrong = [*_named(name), *wrong]
    if wrong:
        raise Wrong(wrong)
    if found is None:
        found = by_name(connection, name) or add(connection, name, title, "admin", None, now)
        connection.execute(
            update(person).where(person.c.id == found.id).values(role="admin", enabled=True, teams=None)
        )
    connection.execute(delete(invitation).where(invitation.c.hash == printed(secret)))
    _set(connection, found.id, password)
    return _certain(connection, found.id)


def set_password(connection: Connection, ident: int, old: str, new: str) -> Person:
    """A person's own change; every session ends. Raises Wrong."""
    found = _certain(connection, ident)
    stored = connection.scalar(select(person.c.password).where(person.c.id == ident)) or ""
    wrong = passwords.problems(new, found.name)
    if not passwords.fits(stored, old):
        wrong = [Problem("old", "wrong", Say("现在的密码不对。"))]
    if wrong:
        raise Wrong(wrong)
    _set(connection, ident, new)
    return found


def _set(connection: Connection, ident: int, password: str) -> None:
    connection.execute(update(person).where(person.c.id == ident).values(password=passwords.hashed(password)))
    connection.execute(delete(login).where(login.c.person_id == ident))


def _person(row: Any) -> Person:
    groups = tuple(cast("list[str]", decode(row.teams))) if row.teams is not None else None
    role = cast("Role", row.role)
    return Person(row.id, row.name, row.title, role, groups, bool(row.enabled), bool(row.ready), row.seen_at)


def _certain(connection: Connection, ident: int) -> Person:
    found = get(connection, ident)
    if found is None:
        raise Wrong([Problem("person", "nobody", Say("没有这个人。"))])
    return found


def _teams(groups: Sequence[str] | None) -> str | None:
    if groups is None:
        return None
    named: list[Json] = [*sorted({name.strip() for name in groups} - {""})]
    return encode(named).decode()


def _named(name: str) -> list[Problem]:
    if _NAME.fullmatch(plain(name)):
        return []
    says = Say("登录名要用 2 到 64 个小写字母、数字和 . _ @ -，以字母或数字开头。")
    return [Problem("name", "name", says)]


def _role(role: str) -> list[Problem]:
    known = Words(ROLES)
    return [] if role in ROLES else [Problem("role", "role", Say("角色可以是：{known}。", known=known))]


def _last(connection: Connection) -> list[Problem]:
    if admins(connection) > 1:
        return []
    says = Say("这是最后一位能登录的管理员。")
    return [Problem("role", "last_admin", says, Say("先让另一个人成为管理员。"))]
