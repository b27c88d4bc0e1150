"""The ledger: records, documents, attempts, runs, jobs and what they stand on."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False, comment="JSON of what is not secret"),
        sa.Column("sealed", sa.Text(), nullable=False, comment="JSON of the secrets, sealed by the vault"),
        sa.Column(
            "options", sa.Text(), nullable=False, comment="JSON: base, hosts, limits, private, settle, keys"
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("code", name=op.f("uq_connection_code")),
    )
    op.create_table(
        "installation",
        sa.Column(
            "code",
            sa.Text(),
            nullable=False,
            comment="random, made by the first migration, kept by a restore",
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_installation")),
    )
    op.create_table(
        "leader",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leader")),
    )
    op.create_table(
        "lookup",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lookup")),
        sa.UniqueConstraint("code", name=op.f("uq_lookup_code")),
    )
    op.create_table(
        "scheme",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False, comment="number of the version in force"),
        sa.Column("numbering", sa.Text(), nullable=False, comment="unproven, ours, theirs"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme")),
        sa.UniqueConstraint("code", name=op.f("uq_scheme_code")),
    )
    op.create_table(
        "token",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "name", name=op.f("pk_token")),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="the source's number, for people"),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False, comment="of the chain of follow-up calls"),
        sa.Column("stored_key", sa.Text(), nullable=False),
        sa.Column("sent_number", sa.Text(), nullable=False, comment="what a look-up asks for"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False, comment="new, again, held while waiting"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sends", sa.Integer(), nullable=False, comment="that may have been executed"),
        sa.Column(
            "first_sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="from then on its bytes stand, executed or not",
        ),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("target_number", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False, comment="pairs (table, code) a held one waits for"),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=True, comment="what the changed record would have become"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_document_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("scheme_id", "key", name=op.f("uq_document_scheme_id_key")),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(
            "ix_document_due",
            ["scheme_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('waiting', 'unknown')"),
            postgresql_where=sa.text("state IN ('waiting', 'unknown')"),
        )
        batch_op.create_index(
            "ix_document_settled",
            ["scheme_id", "settled_at"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NOT NULL"),
            postgresql_where=sa.text("settled_at IS NOT NULL"),
        )
        batch_op.create_index("ix_document_state", ["scheme_id", "state", "id"], unique=False)

    op.create_table(
        "lookup_row",
        sa.Column("lookup_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("left", sa.Text(), nullable=False),
        sa.Column("right", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lookup_id"], ["lookup.id"], name=op.f("fk_lookup_row_lookup_id")),
        sa.PrimaryKeyConstraint("lookup_id", "left", name=op.f("pk_lookup_row")),
    )
    op.create_table(
        "record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("planned_hash", sa.Text(), nullable=False),
        sa.Column("seen_run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_record_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint("scheme_id", "key", name=op.f("uq_record_scheme_id_key")),
    )
    with op.batch_alter_table("record", schema=None) as batch_op:
        batch_op.create_index("ix_record_number", ["scheme_id", "number"], unique=False)
        batch_op.create_index(
            "ix_record_unplanned",
            ["scheme_id", "id"],
            unique=False,
            sqlite_where=sa.text("hash <> planned_hash"),
            postgresql_where=sa.text("hash <> planned_hash"),
        )

    op.create_table(
        "schedule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_schedule_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sa.UniqueConstraint("scheme_id", "name", name=op.f("uq_schedule_scheme_id_name")),
    )
    op.create_table(
        "scheme_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_scheme_version_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_version")),
        sa.UniqueConstraint("scheme_id", "number", name=op.f("uq_scheme_version_scheme_id_number")),
    )
    op.create_table(
        "document_record",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_hash", sa.Text(), nullable=False),
        sa.Column(
            "lines",
            sa.Text(),
            nullable=True,
            comment="JSON of line keys where a document holds part of a record",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_record_document_id")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_document_record_record_id")),
        sa.PrimaryKeyConstraint("document_id", "record_id", name=op.f("pk_document_record")),
    )
    with op.batch_alter_table("document_record", schema=None) as batch_op:
        batch_op.create_index("ix_document_record_record", ["record_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "slot",
            sa.Text(),
            nullable=True,
            comment="the planned time: local wall time and zone, or a UTC instant",
        ),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False, comment="JSON of RunAsked"),
        sa.Column("state", sa.Text(), nullable=False, comment="reading, writing, closed, failed"),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column(
            "expected",
            sa.Integer(),
            nullable=True,
            comment="records the source says there are, for the progress bar",
        ),
        sa.Column("counts", sa.Text(), nullable=True, comment="JSON of Counts, taken when the run closed"),
        sa.Column("fault_kind", sa.Text(), nullable=True),
        sa.Column(
            "fault_in", sa.Text(), nullable=True, comment="reading, writing or counts: what the fault stopped"
        ),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("warning", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_run_schedule_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_run_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("schedule_id", "slot", name=op.f("uq_run_schedule_id_slot")),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_scheme_id_run_id"), ["scheme_id", "id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="read, save, lookup, token"),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_attempt_document_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_attempt_run_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_attempt_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_document", ["document_id"], unique=False)
        batch_op.create_index("ix_attempt_run", ["run_id", "id"], unique=False)

    op.create_table(
        "cursor",
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_cursor_run_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_cursor_scheme_id")),
        sa.PrimaryKeyConstraint("scheme_id", name=op.f("pk_cursor")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting or leased"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_job_run_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_job_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_due", ["state", "due_at"], unique=False)
        batch_op.create_index(
            "uq_job_leased",
            ["key"],
            unique=True,
            sqlite_where=sa.text("state = 'leased'"),
            postgresql_where=sa.text("state = 'leased'"),
        )
        batch_op.create_index(
            "uq_job_waiting",
            ["key"],
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "run_record",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("found", sa.Text(), nullable=False, comment="new or changed"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_run_record_record_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_record_run_id")),
        sa.PrimaryKeyConstraint("run_id", "record_id", name=op.f("pk_run_record")),
    )
