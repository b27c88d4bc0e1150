"""Every table, no logic. All times are UTC, all ids integers; `code` is what people see.

SQLite and PostgreSQL take the same tables; both know the partial indexes and RETURNING used here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class UTCTime(TypeDecorator[datetime]):
    """An aware UTC datetime, also where the database forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value.astimezone(UTC) if value is not None else None

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Written in one step where SQLAlchemy takes three: every row has a moment or four."""
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _written(moment: datetime | None) -> str | None:
    """As SQLAlchemy writes a moment into SQLite, which keeps texts and no zones."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26] if moment is not None else None


class Said(TypeDecorator[str]):
    """Words from outside. PostgreSQL takes no NUL, so the sign for one stands in its place."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _without_nul(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None] | None:
        return _without_nul


def _without_nul(words: str | None) -> str | None:
    return words.replace("\0", "␀") if words and "\0" in words else words


Id = BigInteger().with_variant(Integer, "sqlite")
NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
meta = MetaData(naming_convention=NAMES)


def _ident() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _ref(name: str, table: str, *, null: bool = False, primary: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=null, primary_key=primary)


installation = Table(
    "installation",
    meta,
    Column("code", Text, primary_key=True, comment="random, made by the first migration, kept by a restore"),
    Column("made_at", UTCTime, nullable=False),
)

connection = Table(
    "connection",
    meta,
    _ident(),
    Column("code", Text, nullable=False, unique=True),
    Column("connector", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("settings", Text, nullable=False, comment="JSON of what is not secret"),
    Column("sealed", Text, nullable=False, comment="JSON of the secrets, sealed by the vault"),
    Column("options", Text, nullable=False, comment="JSON: base, hosts, limits, private, settle, keys"),
    Column("changed_at", UTCTime, nullable=False),
)

token = Table(
    "token",
    meta,
    Column("connection", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("until", UTCTime, nullable=False),
)

scheme = Table(
    "scheme",
    meta,
    _ident(),
    Column("code", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("published", Integer, nullable=False, default=0, comment="number of the version in force"),
    Column("numbering", Text, nullable=False, default="unproven", comment="unproven, ours, theirs"),
    Column(
        "team",
        Text,
        nullable=False,
        default="",
        server_default="",
        comment="group of schemes, for who sees it",
    ),
    Column("made_at", UTCTime, nullable=False),
    Column(
        "paused", Text, nullable=False, default="", server_default="", comment="why it is paused, if it is told"
    ),
    Column("doubted_at", UTCTime, comment="restored then: what it sends first may have been sent before"),
)

scheme_version = Table(
    "scheme_version",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("published_by", Text, nullable=False, default=""),
    Column("published_at", UTCTime, nullable=False),
    UniqueConstraint("scheme_id", "number"),
)

lookup = Table(
    "lookup",
    meta,
    _ident(),
    Column("code", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False, default=""),
    Column("revision", Integer, nullable=False, default=0),
    Column("changed_at", UTCTime, nullable=False),
    Column("kind", Text, nullable=False, default="codes", server_default="codes", comment="codes or rules"),
    Column(
        "columns",
        Text,
        nullable=False,
        default="{}",
        server_default="{}",
        comment="JSON: the names of its columns; of rules also match and miss",
    ),
)

lookup_row = Table(
    "lookup_row",
    meta,
    _ref("lookup_id", "lookup", primary=True),
    Column("left", Text, primary_key=True),
    Column("right", Text, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column(
        "since",
        Text,
        primary_key=True,
        default="",
        server_default="",
        comment="the first day on which the row holds; empty: always did",
    ),
    Column(
        "until",
        Text,
        nullable=False,
        default="",
        server_default="",
        comment="the last day; empty: for ever",
    ),
)

schedule = Table(
    "schedule",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("name", Text, nullable=False),
    UniqueConstraint("scheme_id", "name"),
)

run = Table(
    "run",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("version", Integer, nullable=False),
    _ref("schedule_id", "schedule", null=True),
    Column("slot", Text, comment="the planned time: local wall time and zone, or a UTC instant"),
    Column("asked_by", Text, nullable=False),
    Column("asked", Text, nullable=False, default="{}", comment="JSON of RunAsked"),
    Column("state", Text, nullable=False, default="reading", comment="reading, writing, closed, failed"),
    Column("began_at", UTCTime, nullable=False),
    Column("ended_at", UTCTime),
    *(Column(name, Integer, nullable=False, default=0) for name in ("read", "new", "changed", "unchanged")),
    Column("expected", Integer, comment="records the source says there are, for the progress bar"),
    Column("counts", Text, comment="JSON of Counts, taken when the run closed"),
    Column("fault_kind", Text),
    Column("fault_in", Text, comment="reading, writing or counts: what the fault stopped"),
    Column("fault", Said),
    Column("warning", Said),
    UniqueConstraint("schedule_id", "slot"),
    Index(None, "scheme_id", "id"),
)

cursor = Table(
    "cursor",
    meta,
    _ref("scheme_id", "scheme", primary=True),
    Column("value", UTCTime, nullable=False),
    Column("moved_at", UTCTime, nullable=False),
    _ref("run_id", "run", null=True),
)

record = Table(
    "record",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("key", Text, nullable=False),
    Column("number", Said, nullable=False),
    Column("hash", Text, nullable=False),
    Column("planned_hash", Text, nullable=False, default=""),
    Column("seen_run", Id, nullable=False),
    Column("first_at", UTCTime, nullable=False),
    Column("changed_at", UTCTime, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("scheme_id", "key"),
    Index("ix_record_number", "scheme_id", "number"),
    Index(
        "ix_record_unplanned",
        "scheme_id",
        "id",
        sqlite_where=text("hash <> planned_hash"),
        postgresql_where=text("hash <> planned_hash"),
    ),
)

run_record = Table(
    "run_record",
    meta,
    _ref("run_id", "run", primary=True),
    _ref("record_id", "record", primary=True),
    Column("found", Text, nullable=False, comment="new or changed"),
)

document = Table(
    "document",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("key", Text, nullable=False),
    Column("number", Said, nullable=False, comment="the source's number, for people"),
    Column("generation", Integer, nullable=False, default=1),
    Column("action", Text, nullable=False, default="create"),
    Column("step", Integer, nullable=False, default=0, comment="of the chain of follow-up calls"),
    Column("stored_key", Text, nullable=False),
    Column("sent_number", Said, nullable=False, default="", comment="what a look-up asks for"),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False, default="", comment="new, again, held while waiting"),
    Column("due_at", UTCTime),
    Column("sends", Integer, nullable=False, default=0, comment="that may have been executed"),
    Column("first_sent_at", UTCTime, comment="from then on its bytes stand, executed or not"),
    Column("looks", Integer, nullable=False, default=0),
    Column("looked_at", UTCTime),
    Column("target_id", Said),
    Column("target_number", Said),
    Column("reason", Said, nullable=False, default=""),
    Column("problems", Text, nullable=False, default="[]"),
    Column("tables", Text, nullable=False, default="[]", comment="pairs (table, code) a held one waits for"),
    Column("flagged", Boolean, nullable=False, default=False),
    Column("proposed", Said, comment="what the changed record would have become"),
    Column("version", Integer, nullable=False, default=0),
    Column("changed_at", UTCTime, nullable=False),
    Column("settled_at", UTCTime),
    Column("body", Text, nullable=False, default=""),
    Column("family", Text, comment="what it belongs together with, where a record is not one document"),
    Column("whole_at", UTCTime, comment="when a gathering one is complete at the earliest"),
    Column("follow", Text, nullable=False, server_default="", comment="name of a follow-up call"),
    Column("parent_id", Id, comment="the document that a follow-up belongs to"),
    Column("reply", Said, comment="JSON of the target's reply, where a follow-up or a change may want it"),
    UniqueConstraint("scheme_id", "key"),
    Index(
        "ix_document_parent",
        "parent_id",
        sqlite_where=text("parent_id IS NOT NULL"),
        postgresql_where=text("parent_id IS NOT NULL"),
    ),
    Index(
        "ix_document_step",
        "scheme_id",
        "id",
        sqlite_where=text("step > 0 AND state = 'waiting' AND due_at IS NULL"),
        postgresql_where=text("step > 0 AND state = 'waiting' AND due_at IS NULL"),
    ),
    Index("ix_document_state", "scheme_id", "state", "id"),
    Index("ix_document_number", "number"),
    Index(
        "ix_document_target",
        "target_number",
        sqlite_where=text("target_number IS NOT NULL"),
        postgresql_where=text("target_number IS NOT NULL"),
    ),
    Index(
        "ix_document_settled",
        "scheme_id",
        "settled_at",
        "state",
        sqlite_where=text("settled_at IS NOT NULL"),
        postgresql_where=text("settled_at IS NOT NULL"),
    ),
    Index(
        "ix_document_due",
        "scheme_id",
        "due_at",
        "id",
        sqlite_where=text("state IN ('waiting', 'unknown')"),
        postgresql_where=text("state IN ('waiting', 'unknown')"),
    ),
    Index(
        "ix_document_family",
        "scheme_id",
        "family",
        "id",
        sqlite_where=text("family IS NOT NULL"),
        postgresql_where=text("family IS NOT NULL"),
    ),
    Index(
        "ix_document_family_number",
        "scheme_id",
        "sent_number",
        sqlite_where=text("family IS NOT NULL"),
        postgresql_where=text("family IS NOT NULL"),
    ),
    Index(
        "ix_document_gathering",
        "scheme_id",
        "whole_at",
        "id",
        sqlite_where=text("why = 'gathering'"),
        postgresql_where=text("why = 'gathering'"),
    ),
)

document_count = Table(
    "document_count",
    meta,
    _ref("scheme_id", "scheme", primary=True),
    Column("state", Text, primary_key=True),
    Column("held", Boolean, primary_key=True, comment="waits for a lookup"),
    Column("part", Integer, primary_key=True, comment="the database session that counted; 0: SQLite"),
    Column("number", Id, nullable=False, comment="may be below zero in one part, never in the sum"),
    info={"kept_by": "triggers on document, made by migration 0006: nothing else writes it"},
)

document_record = Table(
    "document_record",
    meta,
    _ref("document_id", "document", primary=True),
    _ref("record_id", "record", primary=True),
    Column("record_hash", Text, nullable=False),
    Column("lines", Text, comment="JSON of line keys where a document holds part of a record"),
    Index("ix_document_record_record", "record_id"),
)

pool = Table(
    "pool",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column(
        "lens", Text, nullable=False, comment="JSON: by which fields records are found, and what they give"
    ),
    Column("revision", Integer, nullable=False, default=0),
    Column("reached", Id, nullable=False, default=0),
    Column("whole", Boolean, nullable=False, default=False),
    UniqueConstraint("scheme_id", "lens"),
)

pool_row = Table(
    "pool_row",
    meta,
    _ref("pool_id", "pool", primary=True),
    _ref("record_id", "record", primary=True),
    Column("place", Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("value", Text, nullable=False),
    Index("ix_pool_row_code", "pool_id", "code"),
)

document_wait = Table(
    "document_wait",
    meta,
    _ref("document_id", "document", primary=True),
    Column("source", Text, primary_key=True, comment="table:name, pool:id or live:name"),
    Column("code", Text, primary_key=True),
    Column("label", Text, nullable=False, comment="the lookup's name in the scheme"),
    Column("again_at", UTCTime),
    Index("ix_document_wait_code", "source", "code"),
)

attempt = Table(
    "attempt",
    meta,
    _ident(),
    _ref("scheme_id", "scheme", null=True),
    _ref("run_id", "run", null=True),
    _ref("document_id", "document", null=True),
    Column("connection", Text, nullable=False),
    Column("purpose", Text, nullable=False, comment="read, save, lookup, token"),
    Column("operation", Text, nullable=False),
    Column("at", UTCTime, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("url", Said, nullable=False),
    Column("status", Integer),
    Column("verdict", Text, nullable=False),
    Column("code", Said),
    Column("says", Said, nullable=False),
    Column("request", Said, nullable=False),
    Column("reply", Said, nullable=False),
    Index("ix_attempt_document", "document_id"),
    Index("ix_attempt_run", "run_id", "id"),
)

job = Table(
    "job",
    meta,
    _ident(),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    _ref("scheme_id", "scheme"),
    _ref("run_id", "run", null=True),
    Column("state", Text, nullable=False, comment="waiting or leased"),
    Column("due_at", UTCTime, nullable=False),
    Column("token", Integer, nullable=False, default=0),
    Column("holder", Text),
    Column("lease_until", UTCTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("why", Said, nullable=False, default=""),
    Index(
        "uq_job_waiting",
        "key",
        unique=True,
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "uq_job_leased",
        "key",
        unique=True,
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index("ix_job_due", "state", "due_at"),
    sqlite_autoincrement=True,  # an id given again would give its lease again: (id, token) must be unique for ever
)

leader = Table(
    "leader",
    meta,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", UTCTime, nullable=False),
    Column("token", Integer, nullable=False),
)

draft = Table(
    "draft",
    meta,
    _ident(),
    Column("code", Text, nullable=False, unique=True, comment="of the scheme it is or will be"),
    Column("title", Text, nullable=False, default=""),
    Column("team", Text, nullable=False, default=""),
    Column("text", Text, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("based_on", Integer, nullable=False, default=0, comment="number of the version it was made from"),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", UTCTime, nullable=False),
    Column(
        "edits",
        Integer,
        nullable=False,
        default=0,
        server_default="0",
        comment="how many of its edits hold",
    ),
)

draft_edit = Table(
    "draft_edit",
    meta,
    _ref("draft_id", "draft", primary=True),
    Column("number", Integer, primary_key=True, comment="1, 2, 3: in the order they were made"),
    Column("start", Integer, nullable=False, comment="characters of the text before the change"),
    Column("removed", Text, nullable=False),
    Column("added", Text, nullable=False),
    Column("deed", Text, nullable=False, comment="what was done: fill, clear, text and the like"),
    Column("what", Text, nullable=False, comment="the target field it was done to"),
    Column("by", Text, nullable=False),
    Column("at", UTCTime, nullable=False),
)

person = Table(
    "person",
    meta,
    _ident(),
    Column("name", Text, nullable=False, unique=True, comment="to log in with, in small letters"),
    Column("title", Text, nullable=False, default=""),
    Column("role", Text, nullable=False, comment="admin, implementer, business, reader"),
    Column("teams", Text, comment="JSON list of groups of schemes; NULL: every scheme"),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("password", Text, nullable=False, default="", comment="Argon2id; empty until the first is set"),
    Column("made_at", UTCTime, nullable=False),
    Column("seen_at", UTCTime),
)

invitation = Table(
    "invitation",
    meta,
    Column("hash", Text, primary_key=True),
    _ref("person_id", "person", null=True),
    Column("until", UTCTime, nullable=False),
)

login = Table(
    "login",
    meta,
    _ident(),
    Column("hash", Text, nullable=False, unique=True, comment="of the secret in the cookie"),
    _ref("person_id", "person"),
    Column("made_at", UTCTime, nullable=False),
    Column("seen_at", UTCTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("browser", Said, nullable=False),
    Index(None, "person_id"),
)

api_token = Table(
    "api_token",
    meta,
    _ident(),
    Column("hash", Text, nullable=False, unique=True),
    _ref("person_id", "person"),
    Column("title", Said, nullable=False),
    Column("made_at", UTCTime, nullable=False),
    Column("until", UTCTime, nullable=False),
    Column("seen_at", UTCTime),
    Index(None, "person_id"),
)

throttle = Table(
    "throttle",
    meta,
    Column("what", Text, primary_key=True, comment="name:… or address:…"),
    Column("tried", Integer, nullable=False),
    Column("since", UTCTime, nullable=False),
    Column("until", UTCTime, nullable=False),
)

audit = Table(
    "audit",
    meta,
    _ident(),
    Column("at", UTCTime, nullable=False),
    Column("who", Said, nullable=False),
    Column("deed", Text, nullable=False),
    Column("what", Said, nullable=False),
    Column("detail", Said, nullable=False),
    Column("address", Said, nullable=False),
    Column("hash", Text, nullable=False, unique=True, comment="of this line and the hash before it"),
)

receiver = Table(
    "receiver",
    meta,
    _ident(),
    Column("title", Said, nullable=False),
    Column("kind", Text, nullable=False, comment="dingtalk, wecom, feishu, webhook"),
    Column("host", Text, nullable=False),
    Column("sealed", Text, nullable=False, comment="JSON of url and secret, sealed by the vault"),
    Column("team", Text, nullable=False, comment="group of schemes; empty: every scheme"),
    Column("quiet", Text, nullable=False, comment="22:00-08:00, empty: never"),
    Column("language", Text, nullable=False),
    Column("private", Text, nullable=False, comment="JSON: CIDRs that are open to it"),
    Column("enabled", Boolean, nullable=False),
    Column("changed_at", UTCTime, nullable=False),
)

alert = Table(
    "alert",
    meta,
    _ident(),
    _ref("scheme_id", "scheme"),
    Column("kind", Text, nullable=False, comment="fault, late, unknown, refused, held"),
    Column("cause", Said, nullable=False),
    Column("sense", Text, nullable=False, comment="hash of the cause"),
    Column("count", Integer, nullable=False),
    Column("newest", Id, nullable=False, comment="document, or run where kind is fault or late"),
    Column("began_at", UTCTime, nullable=False),
    Column("seen_at", UTCTime, nullable=False),
    Column("ended_at", UTCTime),
    Index(
        "ix_alert_open",
        "scheme_id",
        "kind",
        "sense",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

notice = Table(
    "notice",
    meta,
    _ident(),
    _ref("alert_id", "alert"),
    _ref("receiver_id", "receiver"),
    Column("what", Text, nullable=False, comment="began or ended"),
    Column("state", Text, nullable=False, comment="waiting, sent, failed"),
    Column("due_at", UTCTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", UTCTime),
    Column("says", Said, nullable=False, comment="why it was not sent"),
    UniqueConstraint("alert_id", "receiver_id", "what"),
    Index("ix_notice_receiver_id", "receiver_id", "id"),
    Index(
        "ix_notice_due",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)
