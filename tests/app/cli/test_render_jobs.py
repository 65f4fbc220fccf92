"""`ruach render-jobs` at a terminal: what waits, what moves, what died and why."""

import asyncio
import io
import json
import threading

import pytest

from ruach_studio.app.cli.main import run_command
from ruach_studio.app.wiring import open_services
from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import Relay, publish
from ruach_studio.infra.queues import Worker
from ruach_studio.infra.settings import load_settings
from ruach_studio.render.entrypoints.events import consumers
from ruach_studio.render.entrypoints.jobs import handlers, hooks
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.request_renders import request_renders


def locked(path):
    clip = {"path": path, "offsetMs": 0.0, "driftPpm": 0.0, "durationMs": 4000.0, "fps": "30/1", "hasAudio": True}
    cut = {"startFrame": 0, "endFrameExclusive": 120, "camera": "A", "reason": "speaker", "confidence": 0.9}
    return {
        "schemaVersion": "1.0", "sessionId": "talk-1", "masterCamera": "A", "durationFrames": 120, "fps": "30/1",
        "version": 1, "status": "locked", "tracks": {"program": [cut]}, "sources": {"A": {"clips": [clip]}},
        "audio": {"programme": "A"},
    }  # fmt: skip


async def with_services(work):
    with bind(correlation_id=new_id()):
        async with open_services(load_settings()) as services:
            return await work(services)


@pytest.fixture
def asked(database_url, tmp_path, monkeypatch):
    """A session with two queued renders of a file that is gone."""
    monkeypatch.setenv("RUACH_DATABASE_URL", database_url)
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "data"))

    async def ask(services):
        async with services.database.transaction() as tx:
            await publish(tx, EdlLocked("talk-1", 1, "session:op", locked(str(tmp_path / "gone.mp4"))))
        await Relay(services.database, consumers(services)).drain()
        await request_renders(services, "talk-1", ["full_16_9", "thumbnail"], actor="session:op")

    asyncio.run(with_services(ask))


@pytest.fixture
def worker(asked):
    """Start a worker that ends with the test."""
    stops, loops = [], []

    async def work(services):
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(stop)
        loops.append(loop)
        parts = handlers(services, FfmpegRunner()), hooks(services)
        await Worker(services.database, services.queue, parts[0], hooks=parts[1], grace_s=1.0).run(stop)

    thread = threading.Thread(target=lambda: asyncio.run(with_services(work)))
    yield thread.start
    if stops:
        loops[0].call_soon_threadsafe(stops[0].set)
    thread.join(30)


@pytest.fixture
def ruach(capsys, monkeypatch):
    def run(*words):
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        capsys.readouterr()
        code = run_command(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_what_waits_is_listed(asked, ruach):
    code, out, _ = ruach("render-jobs", "talk-1", "--json")
    assert code == 0
    assert sorted((job["format"], job["status"]) for job in json.loads(out)) == [
        ("full_16_9", "queued"), ("thumbnail", "queued"),
    ]  # fmt: skip
    code, out, _ = ruach("render-jobs", "talk-1")
    assert (code, out.count("queued")) == (0, 2)


def test_following_ends_with_the_last_job_and_says_what_died(worker, ruach):
    worker()
    code, out, err = ruach("render-jobs", "talk-1", "--follow")
    assert code == 1
    assert out.count("dead-letter") == 2
    assert "gone.mp4" in "".join(out.split())
    assert "full_16_9" in err


def test_a_session_without_renders_is_named(asked, ruach):
    code, _, err = ruach("render-jobs", "talk-2")
    assert code == 2
    assert "talk-2" in err
    assert "Lock its EDL" in err
