"""What a render may meet on the way: each with its own code, the playbook's cause, and whether a requeue can help."""

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from ruach_studio.infra.settings import load_settings
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.testing.small_disk import small_disk


@pytest.fixture
def dies(small, services, lock, wire, work):
    """Render one format of `wire`; return (code, message, triage) of its dead letter."""

    async def dying(given=None, name="clip_1_1"):
        on = given or services
        await lock(wire)
        await request_renders(on, "talk-1", [name], actor="session:op")
        async with work():
            deadline = time.monotonic() + 90
            while (found := (await list_jobs(on, "talk-1"))[0].job).state != "dead-letter":
                assert found.state != "completed"
                assert time.monotonic() < deadline, (found.state, found.error)
                await asyncio.sleep(0.05)
        async with services.database.connection() as conn:
            row = (await conn.execute(text("select error, triage from platform.dead_letter"))).one()
            announced = await conn.execute(text("select 1 from platform.outbox where event_type = 'render.completed'"))
            assert announced.all() == []
        return row.error["code"], row.error["message"], row.triage

    return dying


def broken(wire, tmp_path, change):
    """Give camera B a copy of its file whose bytes `change` has altered; return the copy."""
    (clip,) = wire["sources"]["B"]["clips"]
    content = bytearray(Path(clip["path"]).read_bytes())
    change(content)
    copy = tmp_path / "broken.mp4"
    copy.write_bytes(content)
    wire["sources"]["B"]["clips"] = [{**clip, "path": str(copy)}]
    return copy


async def test_a_codec_that_nobody_knows(dies, wire, tmp_path):
    def rename(content):
        at = content.index(b"avc1", content.index(b"stsd"))
        content[at : at + 4] = b"zqzq"

    copy = broken(wire, tmp_path, rename)
    code, message, triage = await dies()
    assert (code, triage["cause"], triage["safeToRequeue"]) == ("bad_media", 3, "no")
    assert str(copy) in message
    assert "codec" in message


async def test_damage_in_the_middle_of_a_file(dies, wire, tmp_path):
    def wipe(content):
        start = content.index(b"mdat") + 4
        end = content.index(b"moov", start) if content.find(b"moov", start) > 0 else len(content)
        middle, half = (start + end) // 2, (end - start) // 4
        content[middle - half : middle + half] = b"\xff" * (2 * half)

    broken(wire, tmp_path, wipe)
    code, message, triage = await dies()
    assert (code, triage["cause"], triage["safeToRequeue"]) == ("media_failure", 3, "no")
    assert "broken.mp4" in message or "decod" in message.lower()


async def test_another_file_under_the_same_name(dies, wire, tmp_path, make_film):
    shorter = make_film(tmp_path / "other.mp4", "B", 60)
    broken(wire, tmp_path, lambda content: content.__setitem__(slice(None), shorter.read_bytes()))
    code, message, triage = await dies()
    assert (code, triage["cause"], triage["safeToRequeue"]) == ("media_changed", 3, "no")
    assert "broken.mp4" in message


async def test_no_room_is_tried_again_and_then_waits_for_somebody_to_make_some(dies, services, work, monkeypatch):
    with small_disk(8) as disk:
        if disk is None:
            pytest.skip("cannot mount a small tmpfs here (needs root), so there is no full disk to try")
        settings = load_settings(data_dir=disk, public_url="http://studio.test")
        object.__setattr__(services, "settings", settings)  # the worker of the fixture has these services
        code, message, triage = await dies(services)
        assert (code, triage["cause"], triage["safeToRequeue"]) == ("out_of_space", None, "after-repair")
        assert str(disk) in message
        async with services.database.connection() as conn:
            (letter,) = (await conn.execute(text("select attempts from platform.dead_letter"))).scalars()
        assert len(letter) == 3, "the ladder of this test has two rungs"
