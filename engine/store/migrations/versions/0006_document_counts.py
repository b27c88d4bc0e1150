"""How many documents of each scheme stand where, kept by triggers in the transaction that moves them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

IDENT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

HELD = "({0}.state = 'waiting' AND {0}.why = 'held' AND {0}.due_at IS NULL)"
NEW, OLD = HELD.format("NEW"), HELD.format("OLD")

SQLITE_ADD = (
    "INSERT INTO document_count (scheme_id, state, held, part, number) VALUES ({0}.scheme_id, {0}.state, {1}, 0, {2})"
    " ON CONFLICT (scheme_id, state, held, part) DO UPDATE SET number = number + ({2});"
)
SQLITE = (
    f"CREATE TRIGGER document_counted_in AFTER INSERT ON document BEGIN {SQLITE_ADD.format('NEW', NEW, 1)} END",
    f"CREATE TRIGGER document_counted_out AFTER DELETE ON document BEGIN {SQLITE_ADD.format('OLD', OLD, -1)} END",
    f"CREATE TRIGGER document_counted_on AFTER UPDATE OF state, why, due_at ON document"
    f" WHEN OLD.state <> NEW.state OR {OLD} <> {NEW}"
    f" BEGIN {SQLITE_ADD.format('OLD', OLD, -1)} {SQLITE_ADD.format('NEW', NEW, 1)} END",
)

POSTGRES_ADD = (
    "INSERT INTO document_count AS c (scheme_id, state, held, part, number)"
    " VALUES ({0}.scheme_id, {0}.state, {1}, pg_backend_pid(), {2})"
    " ON CONFLICT (scheme_id, state, held, part) DO UPDATE SET number = c.number + ({2});"
)
POSTGRES = (
    f"""CREATE FUNCTION document_counted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN {POSTGRES_ADD.format("OLD", OLD, -1)} END IF;
        IF TG_OP <> 'DELETE' THEN {POSTGRES_ADD.format("NEW", NEW, 1)} END IF;
        RETURN NULL;
    END $$""",
    "CREATE TRIGGER document_counted_in_out AFTER INSERT OR DELETE ON document"
    " FOR EACH ROW EXECUTE FUNCTION document_counted()",
    "CREATE TRIGGER document_counted_on AFTER UPDATE OF state, why, due_at ON document"
    f" FOR EACH ROW WHEN (OLD.state <> NEW.state OR {OLD} <> {NEW}) EXECUTE FUNCTION document_counted()",
)


def upgrade() -> None:
    op.create_table(
        "document_count",
        sa.Column("scheme_id", IDENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False, comment="waits for a lookup"),
        sa.Column(
            "part", sa.Integer(), nullable=False, comment="the database session that counted; 0: SQLite"
        ),
        sa.Column("number", IDENT, nullable=False, comment="may be below zero in one part, never in the sum"),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_document_count_scheme_id")),
        sa.PrimaryKeyConstraint("scheme_id", "state", "held", "part", name=op.f("pk_document_count")),
    )
    held = HELD.format("document")
    every = f"SELECT scheme_id, state, {held}, 0, count(*) FROM document GROUP BY 1, 2, 3"  # noqa: S608 (our own text)
    op.execute(f"INSERT INTO document_count (scheme_id, state, held, part, number) {every}")
    for trigger in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRES:
        op.execute(trigger)
