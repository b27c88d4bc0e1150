"""Alerts, who is told of them, and what is still to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

IDENT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("ended_at IS NULL")
WAITING = sa.text("state = 'waiting'")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "receiver",
        sa.Column("id", IDENT, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="dingtalk, wecom, feishu, webhook"),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False, comment="JSON of url and secret, sealed by the vault"),
        sa.Column("team", sa.Text(), nullable=False, comment="group of schemes; empty: every scheme"),
        sa.Column("quiet", sa.Text(), nullable=False, comment="22:00-08:00, empty: never"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("private", sa.Text(), nullable=False, comment="JSON: CIDRs that are open to it"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receiver")),
    )
    op.create_table(
        "alert",
        sa.Column("id", IDENT, nullable=False),
        sa.Column("scheme_id", IDENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="fault, late, unknown, refused, held"),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("sense", sa.Text(), nullable=False, comment="hash of the cause"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("newest", IDENT, nullable=False, comment="document, or run where kind is fault or late"),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_alert_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(
        "ix_alert_open",
        "alert",
        ["scheme_id", "kind", "sense"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "notice",
        sa.Column("id", IDENT, nullable=False),
        sa.Column("alert_id", IDENT, nullable=False),
        sa.Column("receiver_id", IDENT, nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="began or ended"),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, sent, failed"),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("says", sa.Text(), nullable=False, comment="why it was not sent"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_notice_alert_id")),
        sa.ForeignKeyConstraint(["receiver_id"], ["receiver.id"], name=op.f("fk_notice_receiver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("alert_id", "receiver_id", "what", name=op.f("uq_notice_alert_id_receiver_id_what")),
    )
    op.create_index("ix_notice_receiver_id", "notice", ["receiver_id", "id"])
    op.create_index(
        "ix_notice_due", "notice", ["due_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )
