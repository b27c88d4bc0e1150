"""Calls that follow a done document: whose they are, which they are, and what the target replied."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

IDENT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CHILD = sa.text("parent_id IS NOT NULL")
DUE = sa.text("step > 0 AND state = 'waiting' AND due_at IS NULL")


def upgrade() -> None:
    op.add_column(
        "document",
        sa.Column("follow", sa.Text(), nullable=False, server_default="", comment="name of a follow-up call"),
    )
    op.add_column(
        "document",
        sa.Column("parent_id", IDENT, comment="the document that a follow-up belongs to"),
    )
    op.add_column(
        "document",
        sa.Column(
            "reply",
            sa.Text(),
            comment="JSON of the target's reply, where a follow-up or a change may want it",
        ),
    )
    op.create_index(
        "ix_document_parent", "document", ["parent_id"], sqlite_where=CHILD, postgresql_where=CHILD
    )
    op.create_index(
        "ix_document_step", "document", ["scheme_id", "id"], sqlite_where=DUE, postgresql_where=DUE
    )
