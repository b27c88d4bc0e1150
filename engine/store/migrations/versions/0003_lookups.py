"""Lookups with columns and days, the pools of codes that kept records offer, and who waits for which code."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _text(name: str, default: str | None = None, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default, comment=comment)


def upgrade() -> None:
    op.add_column("lookup", _text("kind", "codes", "codes or rules"))
    op.add_column(
        "lookup", _text("columns", "{}", "JSON: the names of its columns; of rules also match and miss")
    )
    _days()
    op.create_table(
        "pool",
        _number("id"),
        _number("scheme_id"),
        _text("lens", None, "JSON: by which fields records are found, and what they give"),
        sa.Column("revision", sa.Integer(), nullable=False),
        _number("reached"),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_pool_scheme_id")),
        sa.UniqueConstraint("scheme_id", "lens", name=op.f("uq_pool_scheme_id_lens")),
    )
    op.create_table(
        "pool_row",
        _number("pool_id"),
        _number("record_id"),
        sa.Column("place", sa.Integer(), nullable=False),
        _text("code"),
        _text("value"),
        sa.PrimaryKeyConstraint("pool_id", "record_id", "place", name=op.f("pk_pool_row")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_pool_row_pool_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_pool_row_record_id")),
    )
    op.create_index("ix_pool_row_code", "pool_row", ["pool_id", "code"])
    op.create_table(
        "document_wait",
        _number("document_id"),
        _text("source", None, "table:name, pool:id or live:name"),
        _text("code"),
        _text("label", None, "the lookup's name in the scheme"),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("document_id", "source", "code", name=op.f("pk_document_wait")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_document_wait_document_id")),
    )
    op.create_index("ix_document_wait_code", "document_wait", ["source", "code"])
    _waits()


def _days() -> None:
    """A code may stand for one thing until a day and for another from then on: the day joins the key."""
    with op.batch_alter_table("lookup_row", recreate="always" if _sqlite() else "never") as table:
        table.add_column(_text("since", "", "the first day on which the row holds; empty: always did"))
        table.add_column(_text("until", "", "the last day; empty: for ever"))
        table.drop_constraint("pk_lookup_row", type_="primary")
        table.create_primary_key("pk_lookup_row", ["lookup_id", "left", "since"])


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _waits() -> None:
    """Who is held already is mapped again, and then says what it waits for in the new way."""
    op.execute(
        "UPDATE record SET planned_hash = '' WHERE id IN (SELECT record_id FROM document_record"
        " JOIN document ON document.id = document_id WHERE document.state = 'waiting' AND document.why = 'held')"
    )
