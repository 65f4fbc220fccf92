"""Turn a database address into transactions and a migrated schema."""

from ruach_studio.infra.db.database import Database
from ruach_studio.infra.db.direct import DirectStatement
from ruach_studio.infra.db.errors import mapped_errors
from ruach_studio.infra.db.migrate import migrate, upgrade

__all__ = ["Database", "DirectStatement", "mapped_errors", "migrate", "upgrade"]
