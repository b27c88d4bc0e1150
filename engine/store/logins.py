"""Logging in and staying so: throttled tries, sessions kept by their hash only, tokens for programs (S3, S4).

A session ends 30 minutes after its person last did something, 12 hours after the login, at logout, at a new
password and at a change of rights. Wrong tries slow a name down, never for ever, and an address to 20 a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from engine.model.people import Person
from engine.store import passwords
from engine.store.people import by_name, get, plain, printed
from engine.store.session import upsert
from engine.store.tables import api_token, login, person, throttle

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)
FREE = 5
LONGEST = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
PER_MINUTE = 20
TOUCH = timedelta(seconds=30)
"""How exactly "last seen" is kept: a session is not written at every page."""
TOKEN_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Login:
    """One session, as its person sees it in the list."""

    id: int
    made_at: datetime
    seen_at: datetime
    address: str
    browser: str


@dataclass(frozen=True, slots=True)
class Token:
    id: int
    title: str
    made_at: datetime
    until: datetime
    seen_at: datetime | None


def tries(connection: Connection, name: str, address: str, now: datetime) -> timedelta | None:
    """Count a try by address; how long this name or address must wait, None where it may try now."""
    waits = [_wait(connection, _by_name(name), now)]
    key = f"address:{address}"
    row = connection.execute(select(throttle).where(throttle.c.what == key)).one_or_none()
    fresh = row is None or row.since + MINUTE <= now
    count, since = (1, now) if fresh or row is None else (row.tried + 1, row.since)
    _keep(connection, key, count, since, since + MINUTE if count > PER_MINUTE else now)
    if count > PER_MINUTE:
        waits.append(since + MINUTE - now)
    longest = max((wait for wait in waits if wait is not None), default=timedelta(0))
    return longest if longest > timedelta(0) else None


def _wait(connection: Connection, key: str, now: datetime) -> timedelta | None:
    until = connection.scalar(select(throttle.c.until).where(throttle.c.what == key))
    return until - now if until is not None and until > now else None


def password_of(connection: Connection, name: str) -> str:
    """The stored hash of who may log in by this name; "" for whoever may not."""
    able = (person.c.name == plain(name), person.c.enabled)
    return connection.scalar(select(person.c.password).where(*able)) or ""


def failed(connection: Connection, name: str, now: datetime) -> int:
    """A wrong try: after five the name waits 1, 2, 4 … seconds, at most 15 minutes; a day later all is forgotten.

    Gives how many wrong tries in a row there were.
    """
    key = _by_name(name)
    row = connection.execute(select(throttle).where(throttle.c.what == key)).one_or_none()
    old = row is None or row.since + timedelta(days=1) < now
    count = 1 if old or row is None else row.tried + 1
    over = count - FREE
    pause = min(timedelta(seconds=2 ** min(over, 20)), LONGEST) if over >= 0 else timedelta(0)
    _keep(connection, key, count, now, now + pause)
    connection.execute(delete(throttle).where(throttle.c.since < now - timedelta(days=2)))
    return int(count)


def begin(
    connection: Connection, name: str, password: str, secret: str, address: str, browser: str, now: datetime
) -> Person | None:
    """A session for whoever has just shown the right password; its secret is new, whatever the browser brought."""
    found = by_name(connection, name)
    stored = password_of(connection, name)
    if found is None or not stored:
        return None
    connection.execute(delete(throttle).where(throttle.c.what == _by_name(name)))
    if passwords.stale(stored):
        connection.execute(
            update(person).where(person.c.id == found.id).values(password=passwords.hashed(password))
        )
    enter(connection, found, secret, address, browser, now)
    return found


def enter(
    connection: Connection, who: Person, secret: str, address: str, browser: str, now: datetime
) -> None:
    """A session for this person, and the end of all that are over."""
    connection.execute(delete(login).where((login.c.seen_at < now - IDLE) | (login.c.made_at < now - WHOLE)))
    values = {"hash": printed(secret), "person_id": who.id, "address": address, "browser": browser[:200]}
    connection.execute(insert(login).values(**values, made_at=now, seen_at=now))
    connection.execute(update(person).where(person.c.id == who.id).values(seen_at=now))


def found(connection: Connection, secret: str, now: datetime) -> tuple[Login, Person] | None:
    """The session of this secret and its person; None where it is over or the person may not be here."""
    columns = (login.c.id, login.c.made_at, login.c.seen_at, login.c.address, login.c.browser)
    mine = select(*columns, login.c.person_id).where(login.c.hash == printed(secret))
    row = connection.execute(mine).one_or_none()
    if row is None or row.seen_at + IDLE <= now or row.made_at + WHOLE <= now:
        return None
    who = get(connection, row.person_id)
    return (Login(*row[:5]), who) if who is not None and who.enabled else None


def touch(connection: Connection, ident: int, now: datetime) -> None:
    connection.execute(update(login).where(login.c.id == ident).values(seen_at=now))


def of(connection: Connection, person_id: int, now: datetime) -> list[Login]:
    """A person's sessions that are not over, newest first."""
    columns = (login.c.id, login.c.made_at, login.c.seen_at, login.c.address, login.c.browser)
    live = (login.c.person_id == person_id, login.c.seen_at > now - IDLE, login.c.made_at > now - WHOLE)
    return [
        Login(*row)
        for row in connection.execute(select(*columns).where(*live).order_by(login.c.seen_at.desc()))
    ]


def end(connection: Connection, person_id: int, ident: int | None = None) -> int:
    """End one session of a person, or all; gives how many."""
    mine = delete(login).where(login.c.person_id == person_id)
    return connection.execute(mine.where(login.c.id == ident) if ident is not None else mine).rowcount


# -- tokens ----------------------------------------------------------------------------------------


def grant(connection: Connection, person_id: int, title: str, secret: str, days: int, now: datetime) -> None:
    """A token with which a program does what its person may do; only its hash is kept."""
    until = now + min(timedelta(days=days), TOKEN_LONGEST)
    values = {"hash": printed(secret), "person_id": person_id, "title": title[:80]}
    connection.execute(insert(api_token).values(**values, made_at=now, until=until))


def granted(connection: Connection, secret: str, now: datetime) -> tuple[Token, Person] | None:
    """The token of this secret and whose it is; None where it is over or the person may not be here."""
    mine = (api_token.c.hash == printed(secret), api_token.c.until > now)
    row = connection.execute(select(*_TOKEN, api_token.c.person_id).where(*mine)).one_or_none()
    who = get(connection, row.person_id) if row else None
    return (Token(*row[:5]), who) if row is not None and who is not None and who.enabled else None


def used(connection: Connection, ident: int, now: datetime) -> None:
    connection.execute(update(api_token).where(api_token.c.id == ident).values(seen_at=now))


def tokens(connection: Connection, person_id: int) -> list[Token]:
    mine = select(*_TOKEN).where(api_token.c.person_id == person_id)
    return [Token(*row) for row in connection.execute(mine.order_by(api_token.c.id.desc()))]


def revoke(connection: Connection, person_id: int, ident: int) -> bool:
    mine = (api_token.c.person_id == person_id, api_token.c.id == ident)
    return bool(connection.execute(delete(api_token).where(*mine)).rowcount)


_TOKEN = (api_token.c.id, api_token.c.title, api_token.c.made_at, api_token.c.until, api_token.c.seen_at)


def _by_name(name: str) -> str:
    return f"name:{plain(name)}"


def _keep(connection: Connection, key: str, count: int, since: datetime, until: datetime) -> None:
    values = {"tried": count, "since": since, "until": until}
    row = upsert(connection, throttle).values(what=key, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["what"], set_=values))
