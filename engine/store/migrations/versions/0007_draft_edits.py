"""What was done to a draft, edit by edit, so that each can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

IDENT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "draft",
        sa.Column(
            "edits", sa.Integer(), nullable=False, server_default="0", comment="how many of its edits hold"
        ),
    )
    op.create_table(
        "draft_edit",
        sa.Column("draft_id", IDENT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3: in the order they were made"),
        sa.Column("start", sa.Integer(), nullable=False, comment="characters of the text before the change"),
        sa.Column("removed", sa.Text(), nullable=False),
        sa.Column("added", sa.Text(), nullable=False),
        sa.Column("deed", sa.Text(), nullable=False, comment="what was done: fill, clear, text and the like"),
        sa.Column("what", sa.Text(), nullable=False, comment="the target field it was done to"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_edit_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "number", name=op.f("pk_draft_edit")),
    )
