"""How many documents of which state were settled hour by hour is told from the index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SETTLED = sa.text("settled_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_document_settled", "document")
    op.create_index(
        "ix_document_settled",
        "document",
        ["scheme_id", "settled_at", "state"],
        sqlite_where=SETTLED,
        postgresql_where=SETTLED,
    )
