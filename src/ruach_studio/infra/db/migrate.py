"""Turn an empty or older database into the present schema: extensions, our tables, then BullMQ's own.

Everything of ours happens in one transaction under an advisory lock, so that several processes may start at once and a
failed migration leaves nothing behind. BullMQ migrates its schema itself, under its own lock. Every command comes by here:
Alembic, which takes longer to load than to ask, is loaded only where there is something to migrate.
"""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from bullmq.backends.postgres_connection import run_migrations
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

import ruach_studio
from ruach_studio.infra.db.address import libpq_dsn, parameters
from ruach_studio.infra.db.errors import mapped_errors
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Conflict, RuachError

SCHEMAS = ("platform", "assembly", "render", "formation", "membership")
EXTENSIONS = ("vector", "btree_gist")
BULLMQ_SCHEMA = "bullmq"
VERSION_SCHEMA = "platform"
OLDEST_SERVER = 150000
_LOCK_KEY = 0x52554143  # "RUAC": one migration at a time per database
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps the running migration in module globals

if TYPE_CHECKING:
    from alembic.config import Config

log = get_logger(__name__)


class NewerDatabase(Conflict):
    """The database was migrated by a newer release than this one."""

    code = "database_newer"


class OldServer(RuachError):
    """The PostgreSQL server is too old."""

    code = "database_too_old"


def upgrade(database_url: str) -> None:
    """Bring the database to the newest revision; returns at once if it is there. Blocks; not for an event loop.

    Raises Unavailable (no server), NewerDatabase, OldServer (below PostgreSQL 15).
    """
    dsn = libpq_dsn(database_url)
    engine = create_engine("postgresql+psycopg://", connect_args=parameters(dsn))
    try:
        with mapped_errors(), _ONE_AT_A_TIME, engine.begin() as conn:
            conn.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            _prepare(conn)
            if _current_revision(conn) != head_revision():
                _run(conn)
    finally:
        engine.dispose()
    with mapped_errors():
        asyncio.run(_migrate_queues(dsn))
    log.info("database.migrated", revision=head_revision())


def make_schemas(database_url: str) -> None:
    """Make the empty schemas and the extensions, no table: what a restored dump goes into. Blocks.

    Raises Unavailable, OldServer.
    """
    engine = create_engine("postgresql+psycopg://", connect_args=parameters(libpq_dsn(database_url)))
    try:
        with mapped_errors(), engine.begin() as conn:
            _prepare(conn)
            conn.execute(text(f"create schema if not exists {BULLMQ_SCHEMA}"))
    finally:
        engine.dispose()


def bring_to(database_url: str, revision: str) -> None:
    """Make our schemas, not BullMQ's, as the release of `revision` made them, and no further. Blocks; for tests."""
    from alembic import command

    engine = create_engine("postgresql+psycopg://", connect_args=parameters(libpq_dsn(database_url)))
    try:
        with mapped_errors(), _ONE_AT_A_TIME, engine.begin() as conn:
            _prepare(conn)
            config = _config()
            config.attributes["connection"] = conn
            command.upgrade(config, revision)
    finally:
        engine.dispose()


async def migrate(database_url: str) -> None:
    """Bring the database to the newest revision, off the event loop."""
    await asyncio.to_thread(upgrade, database_url)


def head_revision() -> str:
    """Return the newest revision that this release brings: revisions are numbered, and files carry the number."""
    return max(_revisions())


async def current_revision(conn: AsyncConnection) -> str | None:
    """Return the revision that the database is at, None if it was never migrated."""
    return await conn.run_sync(_current_revision)


def _current_revision(conn: Connection) -> str | None:
    if conn.execute(text(f"select to_regclass('{VERSION_SCHEMA}.alembic_version')")).scalar_one() is None:
        return None
    found: str | None = conn.execute(text(f"select version_num from {VERSION_SCHEMA}.alembic_version")).scalar_one_or_none()  # noqa: S608
    return found


def _revisions() -> set[str]:
    return {path.name.partition("_")[0] for path in (_folder() / "versions").glob("[0-9]*_*.py")}


def _folder() -> Path:
    return Path(ruach_studio.__file__).parent / "migrations"


def _run(conn: Connection) -> None:
    """Let Alembic bring the database to the newest revision. Raises NewerDatabase."""
    from alembic import command

    revision = _current_revision(conn)
    if revision is not None and revision not in _revisions():
        raise NewerDatabase(
            f"it is at revision {revision}, this release knows up to {head_revision()}",
            subject="database",
            remedy="Start the newer release, or restore a backup from before it.",
        )
    config = _config()
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _prepare(conn: Connection) -> None:
    version = int(conn.execute(text("select current_setting('server_version_num')")).scalar_one())
    if version < OLDEST_SERVER:
        raise OldServer(f"it is PostgreSQL {version // 10000}", subject="database", remedy="Use PostgreSQL 15 or newer.")
    for schema in SCHEMAS:
        conn.execute(text(f"create schema if not exists {schema}"))
    offered = conn.execute(
        text("select name from pg_available_extensions where name = any(:names) and installed_version is null"),
        {"names": list(EXTENSIONS)},
    )
    for name in sorted(offered.scalars()):
        try:
            with conn.begin_nested():
                conn.execute(text(f"create extension {name}"))
        except ProgrammingError as error:  # a managed server that lets only its owner do this
            log.warning("database.extension.refused", extension=name, error=str(error.orig))


async def _migrate_queues(dsn: str) -> None:
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=False)
    async with conn:
        await run_migrations(conn, BULLMQ_SCHEMA)
