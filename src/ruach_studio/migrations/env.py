"""Turn the connection that infra.db.migrate hands over into a run of the migrations. There is no offline mode."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="platform", target_metadata=None)
context.run_migrations()
