"""Every released schema, with a row in every table, comes forward to the newest: no row is lost or altered unsaid."""

import asyncio
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ruach_studio.infra.db import upgrade
from ruach_studio.infra.db.migrate import SCHEMAS, _revisions, bring_to, head_revision
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.one_row import fill, rows

REVISIONS = sorted(_revisions())
Rows = dict[str, list[dict]]


@pytest.fixture
def make_database(postgres: EmbeddedPostgres) -> Iterator:
    """Make databases, empty or as copies; all are dropped at the end."""
    dsn, made = postgres.ensure(), []

    def make(template: str = "template1") -> str:
        made.append(f"m_{uuid.uuid4().hex}")
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(f"create database {made[-1]} template {template} strategy file_copy")
        return make_conninfo(dsn, dbname=made[-1])

    yield make
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name in made:
            conn.execute(f"drop database {name} with (force)")


def lost(before: Rows, after: Rows) -> list[str]:
    """Name each row of `before` that `after` does not hold with the same values in the columns that both have."""
    found = []
    for table, old_rows in before.items():
        for old in old_rows:
            news = after.get(table, [])
            if not any(all(old[name] == new[name] for name in old.keys() & new.keys()) for new in news):
                found.append(f"{table}: {old} became {news}")
    return found


def assert_whole(url: str, before: Rows) -> None:
    with psycopg.connect(url) as conn:
        after = rows(conn, SCHEMAS)
        version = conn.execute("SELECT version_num FROM platform.alembic_version").fetchall()
        loose = conn.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
            " WHERE NOT convalidated AND nspname = ANY(%s)",
            (list(SCHEMAS),),
        ).fetchall()
    assert version == [(head_revision(),)]
    assert lost(before, after) == []
    assert loose == []


def assert_append_only(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        guarded = conn.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%append_only' ORDER BY 1"
        ).fetchall()
        for (table,) in guarded:
            with pytest.raises(psycopg.Error, match="append-only"):
                conn.execute(f"DELETE FROM {table}")  # noqa: S608
    assert ("formation.journal",) in guarded


async def test_one_pass_through_all_revisions_carries_a_row_of_every_table_forward(make_database) -> None:
    url, before = make_database(), {}
    for revision in REVISIONS:
        await asyncio.to_thread(bring_to, url, revision)
        with psycopg.connect(url, autocommit=True) as conn:
            refused = fill(conn, SCHEMAS)
            assert refused == [], f"at {revision}: say in testing/one_row.py what these tables take"
            found = rows(conn, SCHEMAS)
        assert lost(before, found) == [], f"by {revision}"
        before = found
    await asyncio.to_thread(upgrade, url)
    assert_whole(url, before)
    assert_append_only(url)
    assert len(before) > 50
    assert all(before.values()), "a row in every table"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_from_each_revision_straight_to_the_newest(make_database) -> None:
    url, copies = make_database(), {}
    for revision in REVISIONS:
        await asyncio.to_thread(bring_to, url, revision)
        with psycopg.connect(url, autocommit=True) as conn:
            assert fill(conn, SCHEMAS) == []
            copies[revision] = (conn.info.dbname, rows(conn, SCHEMAS))
            name = conn.info.dbname
        copies[revision] = (make_database(name), copies[revision][1])
    for copy, before in copies.values():
        await asyncio.to_thread(upgrade, copy)
        assert_whole(copy, before)
