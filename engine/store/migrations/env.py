"""Alembic's entry: runs inside the transaction that engine.store.migrate opened."""

from typing import Any, Literal

from alembic import context

from engine.store.tables import UTCTime, meta


def plain(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations name SQLAlchemy's types only: they must still run when ours have changed."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=meta,
    transactional_ddl=True,
    render_as_batch=True,
    render_item=plain,
)
context.run_migrations()
