"""`ruach backup` and `ruach restore`: what is held, what is told, and the journal's readers in another cluster."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from ruach_studio.app.backup import LOGS, told
from ruach_studio.app.cli.main import run_command
from ruach_studio.infra.backup.store import renumber
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

ENROLLMENT = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def at_home(monkeypatch, database_url, tmp_path):
    """The command line's environment: this test's database, this test's folders."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))
    energy = tmp_path / "data" / "energy" / "s" / "1-50ms-abc.npy"
    energy.parent.mkdir(parents=True)
    energy.write_bytes(b"levels")
    (tmp_path / "data" / "scratch").mkdir()
    (tmp_path / "data" / "scratch" / "big").write_bytes(b"made again")
    return tmp_path


def test_a_backup_is_told_in_json_and_holds_what_cannot_be_made_again(at_home: Path, capsys) -> None:
    assert run_command(["backup", "--to", str(at_home / "saved"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == 2
    names = {path.relative_to(at_home / "saved").as_posix() for path in (at_home / "saved").rglob("*") if path.is_file()}
    assert names == {"manifest.json", "database.dump", "energy/s/1-50ms-abc.npy"}
    assert run_command(["restore", "--from", str(at_home / "saved"), "--check"]) == 0
    assert "every file is as written" in capsys.readouterr().out
    assert run_command(["backup", "--to", str(at_home / "saved")]) == 2
    assert "a backup never overwrites" in capsys.readouterr().err
    assert run_command(["restore", "--from", str(at_home / "saved")]) == 2
    assert "database: it holds data already. Restore into a new data folder with --into" in capsys.readouterr().err


def test_a_new_data_folder_must_be_new(at_home: Path, capsys) -> None:
    assert run_command(["backup", "--to", str(at_home / "saved")]) == 0
    (at_home / "mine").mkdir()
    (at_home / "mine" / "letter.txt").write_text("dear")
    assert run_command(["restore", "--from", str(at_home / "saved"), "--into", str(at_home / "mine")]) == 2
    assert "Name a folder that does not exist" in capsys.readouterr().err
    assert run_command(["restore", "--from", str(at_home / "nothing")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert sorted(each.name for each in (at_home / "mine").iterdir()) == ["letter.txt"]


def test_what_is_stored_meanwhile_is_left_out_and_the_backup_is_whole(at_home: Path, capsys) -> None:
    """The half-written part was linked and hashed, and the writer went on in the same file: no such backup came back."""
    slow, store = at_home / "slow", LocalDiskStore(at_home / "data" / "store", "http://x")
    parts = store.root / "parts"
    film = at_home / "film.mp4"
    film.write_bytes(b"film")
    store._put("renders/s/whole.mp4", film, "video/mp4", "no-store")
    os.mkfifo(slow)
    storing = threading.Thread(target=store._put, args=("renders/s/late.mp4", slow, "video/mp4", "no-store"))
    storing.start()
    with slow.open("wb") as source:
        end = time.monotonic() + 20
        while not any(parts.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert run_command(["backup", "--to", str(at_home / "saved")]) == 0
        source.write(b"late")
    storing.join(20)
    assert store.path_of("renders/s/late.mp4").read_bytes() == b"late"
    capsys.readouterr()
    assert run_command(["restore", "--from", str(at_home / "saved"), "--check"]) == 0, capsys.readouterr().err
    held = at_home / "saved" / "store"
    names = {path.relative_to(held).as_posix() for path in held.rglob("*") if path.is_file()}
    assert names == {"objects/renders/s/whole.mp4", "meta/renders/s/whole.mp4~.json"}


def test_settings_are_told_without_secrets(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("RUACH_DATABASE_URL", "postgresql://ruach:hunter2@db/ruach")
    monkeypatch.setenv("RUACH_STRIPE_WEBHOOK_SECRET", "whsec_topsecret")
    settings = load_settings(data_dir=tmp_path)
    assert isinstance(settings.stripe_webhook_secret, SecretStr)
    found = told(settings)
    assert found["database_url"] == "postgresql://ruach:***@db/ruach"
    assert found["data_dir"] == str(tmp_path)
    assert not any(secret in json.dumps(found) for secret in ("hunter2", "topsecret"))
    assert "stripe_webhook_secret" not in found


async def test_the_journals_readers_find_their_place_in_another_cluster(database) -> None:
    enrolled = (
        "INSERT INTO formation.enrollment (enrollment_id, user_id, path_id, graph_version, covenant_type, enrolled_at)"
        " VALUES (:enrollment, 'u', 'p', 1, 'formation_journey', now())"
    )
    happened = (
        "INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id, occurred_at,"
        " correlation_id, data, xid) VALUES (gen_random_uuid(), :enrollment, :n, 'u', 'phase_started', CAST(:n AS text),"
        " now(), gen_random_uuid(), '{}', CAST(CAST(:xid AS text) AS xid8))"
    )
    moved = (
        "INSERT INTO formation.xapi_cursor (sink, xid, pos, moved_at) SELECT :sink, xid, pos, now() FROM formation.journal"
        " WHERE version = :n"
    )
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO formation.path VALUES ('p', 'P', '', null, now(), 'test')"))
        await tx.execute(text(enrolled), {"enrollment": ENROLLMENT})
        for number, xid in enumerate(("900", "950", "9000000000", "9000000001"), start=1):
            await tx.execute(text(happened), {"enrollment": ENROLLMENT, "n": number, "xid": xid})
        for number, sink in {2: "second", 3: "third"}.items():
            await tx.execute(text(moved), {"sink": sink, "n": number})
    async with database.transaction() as tx:
        await renumber(tx, LOGS)
    ahead = (
        "SELECT j.version FROM formation.journal j JOIN formation.xapi_cursor c ON (j.xid, j.pos) > (c.xid, c.pos)"
        " WHERE c.sink = :sink AND j.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY j.version"
    )
    async with database.connection() as conn:
        for sink, wanted in {"second": [3, 4], "third": [4]}.items():
            assert list((await conn.execute(text(ahead), {"sink": sink})).scalars()) == wanted
    with pytest.raises(Exception, match="append-only"):
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE formation.journal SET user_id = 'v'"))
