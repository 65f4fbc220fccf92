"""Any number of processes may migrate at once; a newer database and a failed migration change nothing."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from ruach_studio.infra.db import Database, migrate, upgrade
from ruach_studio.infra.db.migrate import (
    BULLMQ_SCHEMA,
    SCHEMAS,
    NewerDatabase,
    OldServer,
    _config,
    _prepare,
    bring_to,
    current_revision,
    head_revision,
)
from ruach_studio.infra.embedded import EmbeddedPostgres

ENROLLMENT = "11111111-1111-4111-8111-111111111111"
APPEND = (
    "select formation.append_event('00000000-0000-4000-8000-0000000000e1',"
    f" '{ENROLLMENT}', 'u', 'phase_started', '', '2026-03-01 12\\:00Z', '{{}}', null, null)"
)
APPEND_OF_0013 = (
    "select formation.append_events(jsonb_build_array(jsonb_build_object('id', '00000000-0000-4000-8000-0000000000e1',"
    f" 'n', '{ENROLLMENT}', 'u', 'u', 't', 'phase_started', 'c', '',"
    " 'at', '2026-03-01 12\\:00Z', 'd', cast('{}' as jsonb))), null, null)"
)
OURS_AND_BULLMQS = (*SCHEMAS, BULLMQ_SCHEMA)


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a database that was never migrated."""
    dsn = postgres.ensure()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("create database never_migrated")
    yield make_conninfo(dsn, dbname="never_migrated")
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("drop database never_migrated with (force)")


def schemas(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        found = conn.execute("select nspname from pg_namespace where nspname = any(%s)", (list(OURS_AND_BULLMQS),))
        return {row[0] for row in found}


async def test_four_at_once_bring_an_empty_database_to_the_head(empty_url: str) -> None:
    async with Database(empty_url) as database:
        async with database.connection() as conn:
            assert await current_revision(conn) is None
        await asyncio.gather(*(migrate(empty_url) for _ in range(4)))
        async with database.connection() as conn:
            assert await current_revision(conn) == head_revision() >= "0005"
            extensions = set((await conn.execute(text("select extname from pg_extension"))).scalars())
            versions = (await conn.execute(text("select count(*) from platform.alembic_version"))).scalar_one()
    assert schemas(empty_url) == set(OURS_AND_BULLMQS)
    assert {"vector", "btree_gist"} <= extensions
    assert versions == 1


async def test_processes_at_once_too(empty_url: str) -> None:
    code = "import sys; from ruach_studio.infra.db import upgrade; upgrade(sys.argv[1])"
    children = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, empty_url) for _ in range(2)]
    assert [await child.wait() for child in children] == [0, 0]
    assert schemas(empty_url) == set(OURS_AND_BULLMQS)


async def test_migrating_again_keeps_what_is_there(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("create table render.kept as select 1 as n"))
    await migrate(database.dsn)
    async with database.connection() as conn:
        assert (await conn.execute(text("select n from render.kept"))).scalar_one() == 1


async def test_a_failed_migration_leaves_nothing_behind(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("create schema platform")
        conn.execute("create table platform.alembic_version (wrong int)")
    with pytest.raises(Exception, match="version_num"):
        await migrate(empty_url)
    assert schemas(empty_url) == {"platform"}


async def test_a_database_of_a_newer_release_is_refused_in_plain_words(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("update platform.alembic_version set version_num = '9999'"))
    with pytest.raises(NewerDatabase, match="at revision 9999, this release knows up to 00") as caught:
        await migrate(database.dsn)
    assert caught.value.status == 409


async def test_an_older_server_is_refused(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upgrade.__globals__, "OLDEST_SERVER", 990000)
    with pytest.raises(OldServer, match="it is PostgreSQL 18"):
        await migrate(empty_url)
    assert schemas(empty_url) == set()


async def test_an_extension_that_only_the_owner_may_make_is_said_not_fatal_here(empty_url: str, caplog) -> None:
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("drop role if exists modest")
        conn.execute("create role modest login")
        conn.execute("grant create on database never_migrated to modest")
    async with Database(make_conninfo(empty_url, user="modest")) as database, database.transaction() as tx:
        await tx.run_sync(_prepare)
    assert "database.extension.refused" in caplog.text
    assert "'extension': 'vector'" in caplog.text
    assert set(SCHEMAS) <= schemas(empty_url)


def test_every_revision_has_its_own_number_in_one_chain() -> None:
    folder = Path(__file__).parents[3] / "src" / "ruach_studio" / "migrations" / "versions"
    numbers = sorted(path.name[:4] for path in folder.glob("*.py"))
    assert numbers == [f"{index:04d}" for index in range(1, len(numbers) + 1)]
    assert head_revision() == numbers[-1] == ScriptDirectory.from_config(_config()).get_current_head()


async def test_alembic_is_asked_only_where_there_is_something_to_migrate(database: Database) -> None:
    code = "import sys; from ruach_studio.infra.db import upgrade; upgrade(sys.argv[1]); sys.exit('alembic' in sys.modules)"
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, database.dsn)
    assert await child.wait() == 0


async def test_a_database_of_an_older_release_comes_forward_with_what_is_in_it(empty_url: str) -> None:
    await asyncio.to_thread(bring_to, empty_url, "0013")
    async with Database(empty_url) as database:
        async with database.transaction() as tx:
            await tx.execute(text("insert into formation.path values ('p', 'P', '', null, now(), 'test')"))
            columns = "enrollment_id, user_id, path_id, graph_version, covenant_type, enrolled_at"
            values = f"'{ENROLLMENT}', 'u', 'p', 1, 'formation_journey', now()"
            await tx.execute(text(f"insert into formation.enrollment ({columns}) values ({values})"))  # noqa: S608
            await tx.execute(text(APPEND_OF_0013))
        await migrate(empty_url)
        async with database.connection() as conn:
            assert await current_revision(conn) == head_revision()
            stands = await conn.execute(text("select user_id, covenant_type, journal_version from formation.enrollment"))
            assert stands.all() == [("u", "formation_journey", 1)]
            assert (await conn.execute(text("select version, event_type from formation.journal"))).all() == [
                (1, "phase_started")
            ]
        async with database.transaction() as tx:
            assert await tx.scalar(text(APPEND.replace(":00Z", ":01Z").replace("00e1", "00e2"))) == "written 2"


def test_upgrade_works_from_plain_code(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url.replace("postgresql://", "postgresql+psycopg://"))
