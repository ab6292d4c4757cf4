"""How Alembic runs our migrations: on the connection that `data.store.migrate` gives, in its transaction."""

from alembic import context

from data.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
