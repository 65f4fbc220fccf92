"""A renderer that hangs: each run is ended, the ladder is walked, the last is a dead letter, and nothing is left behind."""

import asyncio
import time

import psutil
import pytest
from sqlalchemy import text

from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders

NAP = "31.4159"  # by which the sleepers are found


@pytest.fixture
def hanging(tmp_path, monkeypatch):
    """An FFmpeg that says nothing and never ends."""
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\nexec sleep {NAP}\n")
    program.chmod(0o755)
    monkeypatch.setenv("RUACH_FFMPEG_BIN", str(program))
    monkeypatch.setenv("RUACH_FFMPEG_STALL_S", "0.3")


def sleepers():
    told = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return [words for words in told if NAP in words]


async def test_it_is_ended_retried_and_buried_and_leaves_nothing(hanging, small, services, lock, wire, work):
    await lock(wire)
    await request_renders(services, "talk-1", ["clip_1_1"], actor="session:op")
    async with work():
        deadline = time.monotonic() + 60
        while (await list_jobs(services, "talk-1"))[0].job.state != "dead-letter":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    async with services.database.connection() as conn:
        letter = (await conn.execute(text("select error, attempts, triage from platform.dead_letter"))).one()
        moves = await conn.execute(text(
            "select from_state, to_state from platform.transition_audit where entity = 'render-job' order by seq"
        ))  # fmt: skip
        told = [tuple(row) for row in moves]
        said = (await conn.execute(text("select 1 from platform.outbox where event_type = 'render.failed'"))).all()
    assert [attempt["error"]["code"] for attempt in letter.attempts] == ["ffmpeg_stalled"] * 3, "two rungs in this test"
    assert (letter.triage["cause"], letter.triage["safeToRequeue"]) == (1, "yes")
    once = [("queued", "processing"), ("processing", "failed")]
    assert [move for move in told if move[0] not in (None, "")] == [*once * 3, ("failed", "dead-letter")]
    assert len(said) == 1
    assert sleepers() == []
    left = [path.name for path in (services.settings.data_dir / "render-work").rglob("*.part")]
    assert left == []
