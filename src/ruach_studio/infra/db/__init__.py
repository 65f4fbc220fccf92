"""Turn a database address into transactions and a migrated schema."""

from ruach_studio.infra.db.database import Database
from ruach_studio.infra.db.errors import mapped_errors
from ruach_studio.infra.db.migrate import migrate, upgrade

__all__ = ["Database", "mapped_errors", "migrate", "upgrade"]
