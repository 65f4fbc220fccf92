"""Turn a folder into a running PostgreSQL, with no service to install: see postgres.py."""

from ruach_studio.infra.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
