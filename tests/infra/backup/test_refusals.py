"""Nothing is overwritten, nothing half is taken for whole, and what is refused has changed nothing."""

import json
import os

import pytest
from sqlalchemy import text

from ruach_studio.infra import backup
from ruach_studio.infra.backup import manifest as manifests
from ruach_studio.infra.backup import programs
from ruach_studio.infra.backup.errors import DatabaseToolFailed
from ruach_studio.infra.db.migrate import SCHEMAS, head_revision

KEY = "renders/s/full_16_9/j.mp4"


async def tables(database) -> int:
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = ANY(:schemas)"
    async with database.connection() as conn:
        return await conn.scalar(text(query), {"schemas": list(SCHEMAS)})


async def test_a_backup_never_overwrites(take, tmp_path):
    await take()
    before = (tmp_path / "saved" / manifests.NAME).read_bytes()
    with pytest.raises(backup.BackupExists):
        await take()
    assert (tmp_path / "saved" / manifests.NAME).read_bytes() == before


async def test_a_failed_backup_leaves_nothing(take, tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "dump", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        await take()
    assert [each.name for each in tmp_path.iterdir() if "saved" in each.name] == []


async def test_what_a_killed_backup_left_is_no_backup_and_is_cleared_away(take, tmp_path):
    left = tmp_path / ".saved.draft-0"
    left.mkdir()
    (left / "database.dump").write_bytes(b"half")
    with pytest.raises(backup.NotABackup, match=r"manifest.json, which is written last"):
        backup.check(left)
    await take()
    assert not left.exists()


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "name", ["database.dump", pytest.param(f"store/objects/{KEY}", marks=SLOW), pytest.param(manifests.NAME, marks=SLOW)]
)
async def test_an_altered_or_missing_file_is_named_and_nothing_is_restored(take, put_back, empty, tmp_path, name):
    await take(link=False)
    path = tmp_path / "saved" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(backup.BackupDamaged, match=name.rsplit("/", 1)[-1]):
        await put_back()
    path.unlink()
    with pytest.raises(backup.NotABackup if name == manifests.NAME else backup.BackupDamaged):
        await put_back()
    assert await tables(empty) == 0
    assert not (tmp_path / "store2").exists()


async def test_a_backup_of_a_later_release_is_refused_by_name(take, put_back, empty, tmp_path):
    made = await take()
    path = tmp_path / "saved" / manifests.NAME
    wire = manifests.Manifest("7.1.0", "9000", made.server_version, made.made_at, {}, made.files).to_wire()
    path.write_text(json.dumps(wire))
    with pytest.raises(backup.BackupNewer, match=f"release 7.1.0 at revision 9000; this is .* up to {head_revision()}"):
        await put_back()
    assert await tables(empty) == 0


@SLOW
async def test_a_server_older_than_the_backups_is_refused(take, put_back, empty, tmp_path):
    made = await take()
    wire = manifests.Manifest(made.release, made.revision, 990000, made.made_at, {}, made.files).to_wire()
    (tmp_path / "saved" / manifests.NAME).write_text(json.dumps(wire))
    with pytest.raises(backup.BackupNewer, match="PostgreSQL 99, this server is 18"):
        await put_back()
    assert await tables(empty) == 0


async def test_data_that_is_there_is_never_touched(take, put_back, empty, tmp_path):
    await take()
    other = tmp_path / "store2" / "objects" / "mine.mp4"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"mine")
    with pytest.raises(backup.NotEmpty, match=r"mine.mp4"):
        await put_back()
    assert await tables(empty) == 0
    other.unlink()
    await put_back()
    async with empty.transaction() as tx:
        await tx.execute(text("INSERT INTO platform.idempotency (key) VALUES ('since')"))
    with pytest.raises(backup.NotEmpty, match="--into"):
        await put_back()
    async with empty.connection() as conn:
        assert await conn.scalar(text("SELECT key FROM platform.idempotency")) == "since"


@pytest.mark.parametrize("broken", [pytest.param("restore", marks=SLOW), "after"])
async def test_a_restore_that_broke_off_is_begun_again(take, put_back, empty, monkeypatch, broken):
    await take()
    real = programs.restore

    def breaking(*given):
        if broken == "after":
            real(*given)
        raise DatabaseToolFailed("killed", subject="pg_restore")

    monkeypatch.setattr(programs, "restore", breaking)
    with pytest.raises(DatabaseToolFailed):
        await put_back()
    monkeypatch.setattr(programs, "restore", real)
    again = await put_back()
    assert (again.files, again.began_again) == (0, broken == "after")
    assert await tables(empty) > 20


async def test_a_stored_film_that_rotted_is_told(take, store, tmp_path):
    film = store.path_of(KEY)
    times = film.stat()
    content = bytearray(film.read_bytes())
    content[100] ^= 1
    film.write_bytes(content)
    os.utime(film, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (await take()).damaged == (KEY,)
