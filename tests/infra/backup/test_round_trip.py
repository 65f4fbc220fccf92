"""What a backup took is there again: rows, files, who had heard what; and the restored database is a working one."""

import asyncio
import json

import psycopg
import pytest
from sqlalchemy import text

from ruach_studio.infra import audit, backup
from ruach_studio.infra.backup import manifest as manifests
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db.migrate import SCHEMAS, bring_to, current_revision, head_revision
from ruach_studio.infra.outbox import Consumer, Relay, publish
from ruach_studio.infra.storage.local_disk import LocalDiskStore

KEY = "renders/s/full_16_9/j.mp4"


class Bell:
    event_type, version = "bell.rang", 1

    def __init__(self, number: int) -> None:
        self.number = number

    def payload(self):
        return {"number": self.number}


def hearing(name, into):
    async def handle(_tx, envelope):
        into.append(envelope.payload["number"])

    return Consumer(name, ("bell.rang",), handle)


async def ring(database, *numbers):
    async with database.transaction() as tx:
        for number in numbers:
            await publish(tx, Bell(number))


async def move(database, entity_id):
    async with database.transaction() as tx:
        await audit.record_transition(
            tx, entity="edl", entity_id=entity_id, from_state=None, to_state="draft", actor="ana", reason="made"
        )


async def test_rows_files_and_audit_are_there_again_and_go_on(database, empty, take, put_back, store, tmp_path, request_ids):
    await move(database, "a")
    made = await take()
    restored = await put_back()
    assert restored.manifest == made
    assert (restored.files, restored.began_again) == (2, False)  # the film and what the store says of it
    async with empty.connection() as conn:
        assert await current_revision(conn) == head_revision()
        assert await audit.verify_chain(conn) == []
        versions = await conn.scalar(text("SELECT count(*) FROM platform.alembic_version"))
    assert versions == 1
    film = await LocalDiskStore(tmp_path / "store2", "http://x").stat(KEY)
    assert film == await store.stat(KEY)
    await move(empty, "b")  # the chain goes on, its triggers are there
    async with empty.connection() as conn:
        assert await audit.verify_chain(conn) == []
        assert await conn.scalar(text("SELECT max(seq) FROM platform.transition_audit")) == 2
    with pytest.raises(Exception, match="append-only"):
        async with empty.transaction() as tx:
            await tx.execute(text("DELETE FROM platform.transition_audit"))


async def test_in_another_cluster_each_consumer_hears_what_it_had_not_and_nothing_twice(
    database, empty, take, put_back, request_ids
):
    """Transaction ids begin anew there: once the old rows stood in the future, and new ones lay behind every cursor."""
    heard = {"early": [], "late": []}
    await ring(database, 1, 2)
    await Relay(database, [hearing("early", heard["early"])]).drain()
    await ring(database, 3)
    await Relay(database, [hearing("late", heard["late"])]).drain()
    await ring(database, 4)
    async with database.transaction() as tx:  # a cluster that has run for long
        for table in ("outbox", "consumer"):
            ahead = "CAST(CAST(CAST(CAST(xid AS text) AS bigint) + 900000000 AS text) AS xid8)"
            await tx.execute(text(f"UPDATE platform.{table} SET xid = {ahead}"))  # noqa: S608
    await take()
    await put_back()
    await ring(empty, 5)
    new = []
    await Relay(empty, [hearing("early", heard["early"]), hearing("late", heard["late"]), hearing("new", new)]).drain()
    assert heard == {"early": [1, 2, 3, 4, 5], "late": [1, 2, 3, 4, 5]}
    assert new == [1, 2, 3, 4, 5]


@pytest.mark.slow
async def test_a_backup_of_an_earlier_release_comes_forward(database, empty, store, put_back, tmp_path):
    async with database.transaction() as tx:
        for schema in (*SCHEMAS, "bullmq"):
            await tx.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    await asyncio.to_thread(bring_to, database.dsn, "0015")
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO platform.idempotency (key, response) VALUES ('kept', '{}')"))
    made = await backup.take(database, tmp_path / "saved", {"store": store.root}, clock=SystemClock(), settings={})
    assert made.revision == "0015"
    assert (await put_back()).manifest.revision == "0015"
    async with empty.connection() as conn:
        assert await current_revision(conn) == head_revision()
        assert await conn.scalar(text("SELECT key FROM platform.idempotency")) == "kept"


@pytest.mark.slow
async def test_a_backup_reads_one_moment_however_much_is_written_meanwhile(
    database, empty, take, put_back, request_ids, monkeypatch
):
    dump = backup.take.__globals__["programs"].dump

    def late(dsn, *rest):
        with psycopg.connect(dsn) as conn:  # after the snapshot, before pg_dump looks
            conn.execute("INSERT INTO platform.idempotency (key) VALUES ('later')")
        dump(dsn, *rest)

    monkeypatch.setattr(backup.take.__globals__["programs"], "dump", late)
    await take()
    await put_back()
    async with empty.connection() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM platform.idempotency")) == 0


async def test_the_manifest_tells_what_is_in_it(take, tmp_path):
    made = await take()
    wire = json.loads((tmp_path / "saved" / manifests.NAME).read_text())
    paths = [each["path"] for each in wire["files"]]
    assert paths == ["database.dump", f"store/meta/{KEY}~.json", f"store/objects/{KEY}"]
    assert wire["settings"] == {"port": 1}
    assert wire["revision"] == head_revision() == made.revision


@pytest.mark.slow
async def test_where_a_link_will_do_no_room_is_taken(take, store, tmp_path):
    await take("linked")
    await take("copied", link=False)
    film = store.path_of(KEY)
    assert (tmp_path / "linked" / "store" / "objects" / KEY).samefile(film)
    assert not (tmp_path / "copied" / "store" / "objects" / KEY).samefile(film)
