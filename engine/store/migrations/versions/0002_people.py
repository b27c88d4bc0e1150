"""People, drafts, the audit; and indexes that find a document by its number in any scheme."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEALED = ("UPDATE", "DELETE")


def _ident() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _time(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str, comment: str | None = None, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null, comment=comment)


def _person(table: str, *, null: bool = False) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    key = sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id"))
    return sa.Column("person_id", kind, nullable=null), key


def upgrade() -> None:
    team = sa.Column(
        "team", sa.Text(), nullable=False, server_default="", comment="group of schemes, for who sees it"
    )
    op.add_column("scheme", team)
    op.create_index("ix_document_number", "document", ["number"])
    named = sa.text("target_number IS NOT NULL")
    op.create_index(
        "ix_document_target", "document", ["target_number"], sqlite_where=named, postgresql_where=named
    )
    op.create_table(
        "draft",
        _ident(),
        _text("code", "of the scheme it is or will be"),
        _text("title"),
        _text("team"),
        _text("text"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False, comment="number of the version it was made from"),
        _text("changed_by"),
        _time("changed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("code", name=op.f("uq_draft_code")),
    )
    op.create_table(
        "person",
        _ident(),
        _text("name", "to log in with, in small letters"),
        _text("title"),
        _text("role", "admin, implementer, business, reader"),
        _text("teams", "JSON list of groups of schemes; NULL: every scheme", null=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        _text("password", "Argon2id; empty until the first is set"),
        _time("made_at"),
        _time("seen_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
    )
    _doors()
    op.create_table(
        "throttle",
        _text("what", "name:… or address:…"),
        sa.Column("tried", sa.Integer(), nullable=False),
        _time("since"),
        _time("until"),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_throttle")),
    )
    op.create_table(
        "audit",
        _ident(),
        _time("at"),
        _text("who"),
        _text("deed"),
        _text("what"),
        _text("detail"),
        _text("address"),
        _text("hash", "of this line and the hash before it"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    _append_only()


def _doors() -> None:
    """What lets people in: an invitation, a login, a token."""
    op.create_table(
        "invitation",
        _text("hash"),
        *_person("invitation", null=True),
        _time("until"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_invitation")),
    )
    op.create_table(
        "login",
        _ident(),
        _text("hash", "of the secret in the cookie"),
        *_person("login"),
        _time("made_at"),
        _time("seen_at"),
        _text("address"),
        _text("browser"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("hash", name=op.f("uq_login_hash")),
    )
    op.create_index("ix_login_person_id", "login", ["person_id"])
    op.create_table(
        "api_token",
        _ident(),
        _text("hash"),
        *_person("api_token"),
        _text("title"),
        _time("made_at"),
        _time("until"),
        _time("seen_at", null=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_token_hash")),
    )
    op.create_index("ix_api_token_person_id", "api_token", ["person_id"])


def _append_only() -> None:
    """The database itself refuses to change or delete a line of the audit."""
    if op.get_bind().dialect.name == "sqlite":
        for deed in SEALED:
            op.execute(
                f"CREATE TRIGGER audit_no_{deed.lower()} BEFORE {deed} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
    )
