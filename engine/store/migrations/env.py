"""Alembic's entry: runs inside the transaction that engine.store.migrate opened."""

from alembic import context

from engine.store.tables import meta

context.configure(
    connection=context.config.attributes["connection"], target_metadata=meta, transactional_ddl=True, render_as_batch=True
)
context.run_migrations()
