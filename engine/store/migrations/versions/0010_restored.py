"""Why a scheme is paused, and since when it is in doubt what of it was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "scheme",
        sa.Column(
            "paused", sa.Text(), nullable=False, server_default="", comment="why it is paused, if it is told"
        ),
    )
    op.add_column(
        "scheme",
        sa.Column(
            "doubted_at",
            sa.DateTime(timezone=True),
            comment="restored then: what it sends first may have been sent before",
        ),
    )
