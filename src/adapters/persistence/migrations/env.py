"""Alembic's way in: ``adapters.persistence.migrate`` passes an open connection."""

from alembic import context

from adapters.persistence.migrations import VERSION_TABLE
from adapters.persistence.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
