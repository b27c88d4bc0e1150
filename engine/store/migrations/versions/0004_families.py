"""Documents that belong together: the family they are of, and when a group is complete."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    belongs = "what it belongs together with, where a record is not one document"
    complete = "when a gathering one is complete at the earliest"
    op.add_column("document", sa.Column("family", sa.Text(), comment=belongs))
    op.add_column("document", sa.Column("whole_at", sa.DateTime(timezone=True), comment=complete))
    family, gathering = sa.text("family IS NOT NULL"), sa.text("why = 'gathering'")
    op.create_index(
        "ix_document_family",
        "document",
        ["scheme_id", "family", "id"],
        sqlite_where=family,
        postgresql_where=family,
    )
    op.create_index(
        "ix_document_family_number",
        "document",
        ["scheme_id", "sent_number"],
        sqlite_where=family,
        postgresql_where=family,
    )
    op.create_index(
        "ix_document_gathering",
        "document",
        ["scheme_id", "whole_at", "id"],
        sqlite_where=gathering,
        postgresql_where=gathering,
    )
