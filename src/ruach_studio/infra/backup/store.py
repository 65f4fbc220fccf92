"""The SQL of backup and restore: one snapshot to read from, is there anything, and cursors that fit another cluster.

Logs are followed by (transaction id, id). Transaction ids are the cluster's own and begin anew in another one, where the old
rows would stand in the future and new ones behind the cursors. So the restore numbers them again, from 0: a row gets the
number of cursors that lie before it, a cursor the number of cursors before it and the end of that number's rows. Who had
taken a row has taken it still, who had not, has not; a new cluster's own transactions begin at several hundred.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.migrate import VERSION_SCHEMA, current_revision

_TABLES = text(
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')"
)
_SNAPSHOT = text("SELECT pg_export_snapshot() AS id, CAST(current_setting('server_version_num') AS int) AS version")
_BEFORE = "(SELECT CAST(CAST(count(*) AS text) AS xid8) FROM {cursors} c WHERE (c.xid, c.{cursor_position}) < (r.xid, r.%s))"
_RENUMBER_LOG = "UPDATE {log} r SET xid = " + _BEFORE % "{position}"  # noqa: S608
_RENUMBER_CURSORS = (
    "UPDATE {cursors} r SET {cursor_position} = 9223372036854775807, xid = " + _BEFORE % "{cursor_position}"  # noqa: S608
)
_REVISION = text(f"INSERT INTO {VERSION_SCHEMA}.alembic_version (version_num) VALUES (:revision)")  # noqa: S608


@dataclass(frozen=True, slots=True)
class CursorLog:
    """A table followed by (`xid`, `position`), and the table whose rows say how far each reader has come."""

    log: str
    position: str
    cursors: str
    cursor_position: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the database that pg_dump can be told to read; `revision` is None before any migration."""

    name: str
    server_version: int
    revision: str | None


class Standing(Enum):
    """What lies in a database that a backup should go to."""

    EMPTY = "empty"
    BROKEN_OFF = "broken-off"
    TAKEN = "taken"


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Snapshot]:
    """Hold one moment of the database open inside the block."""
    async with database.engine.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        row = (await conn.execute(_SNAPSHOT)).one()
        yield Snapshot(row.id, row.version, await current_revision(conn))


async def server_version(conn: AsyncConnection) -> int:
    """Return the server's version as PostgreSQL numbers it: 180003."""
    found: int = (await conn.execute(text("SELECT CAST(current_setting('server_version_num') AS int)"))).scalar_one()
    return found


async def standing(conn: AsyncConnection, schemas: Sequence[str]) -> Standing:
    """Say whether the schemas hold nothing, a restore that broke off (tables, no revision), or somebody's data."""
    if (await conn.execute(_TABLES, {"schemas": list(schemas)})).scalar_one() == 0:
        return Standing.EMPTY
    known = (await conn.execute(text(f"SELECT to_regclass('{VERSION_SCHEMA}.alembic_version')"))).scalar_one()
    return Standing.BROKEN_OFF if known is not None and await current_revision(conn) is None else Standing.TAKEN


async def drop(tx: AsyncConnection, schemas: Sequence[str]) -> None:
    """Remove the schemas with all that is in them."""
    for schema in schemas:
        await tx.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))


async def renumber(tx: AsyncConnection, logs: Sequence[CursorLog]) -> None:
    """Make every log and its cursors fit a cluster whose transactions begin anew; see above."""
    for each in logs:
        if (await tx.execute(text(f"SELECT to_regclass('{each.cursors}')"))).scalar_one() is None:
            continue  # the backup is of a release that had no readers of it
        names = {
            "log": each.log,
            "position": each.position,
            "cursors": each.cursors,
            "cursor_position": each.cursor_position,
        }
        await tx.execute(text(f"ALTER TABLE {each.log} DISABLE TRIGGER USER"))  # a journal refuses any change
        for statement in (_RENUMBER_LOG, _RENUMBER_CURSORS):  # in this order: the rows are held against the old cursors
            await tx.execute(text(statement.format_map(names)))
        await tx.execute(text(f"ALTER TABLE {each.log} ENABLE TRIGGER USER"))


async def write_revision(tx: AsyncConnection, revision: str) -> None:
    """Say which revision the schema is at: from now on the database counts as whole."""
    await tx.execute(_REVISION, {"revision": revision})
