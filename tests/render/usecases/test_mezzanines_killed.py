"""kill -9 of a queue worker inside a mezzanine piece: the next worker goes on, nothing is made twice, nothing is left.

The worker is killed while FFmpeg encodes a piece, or at a later moment of making it. RUACH_MEZZANINE_KILLS says how many
kills; the seed is fixed.
"""

import os
import random
import signal
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import text

from ruach_studio.infra.children import ends_with_us
from ruach_studio.infra.queues import list_dead_letters
from ruach_studio.render.plan import plan_render
from ruach_studio.render.store import artifacts
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.services import mezzanine_folder

from .mezzanine_workers import Renders, Workers, encoders, is_over, until
from .reader import FfmpegReader

pytestmark = [pytest.mark.xdist_group("mezzanines-killed"), pytest.mark.slow, pytest.mark.timeout(600)]
FORMATS = ["clip_1_1", "full_16_9", "short_9_16"]
READER = FfmpegReader(Fraction(1))  # pieces of 30 frames, as in the child
PIECES = 5  # frames 0 to 34 and 50 to 69 of A are shown, 35 to 49 and 70 to 79 of B
MOMENTS = ("encoding", "noted", "named", "written")
NUMBER = int(os.environ.get("RUACH_MEZZANINE_KILLS", "3"))
DICE = random.Random(20261135)
ALONE, TAKEN, *QUICK = [DICE.randrange(PIECES) for _ in range(2 + NUMBER)]  # pieces that are kept before the kill
KILLS = [(MOMENTS[i % len(MOMENTS)], quick) for i, quick in enumerate(QUICK)]


@pytest.fixture(scope="module")
def parent():
    made = Workers()
    yield made
    made.close()


@pytest.fixture
def workers(parent, database_url, tapes, tmp_path):
    roots = [str(Path(tapes["A"][0]["path"]).parent)]
    parent.told = {"database": database_url, "folder": str(tmp_path), "mediaRoots": roots}
    yield parent
    parent.end_all()


@pytest.fixture
def asked(services, lock, make_edl, tapes, small):
    """Ask for formats and return their renders."""

    async def asking(*formats):
        cuts = [(35, "A"), (50, "B"), (70, "A"), (80, "B")]
        wire = make_edl(cuts, tapes, audio={"programme": "B", "fallback": []})
        await lock(wire)
        found = [each.job for each in await request_renders(services, wire["sessionId"], list(formats), actor="someone")]
        full = next(job for job in found if job.format == "full_16_9")
        async with services.database.connection() as conn:
            plan = plan_render(wire, await of_job(conn, full))
        pieces = await READER.mezzanines(plan, mezzanine_folder(services, full.automation_id))
        assert len(pieces) == PIECES
        return Renders(services, found, plan, pieces)

    return asking


async def killed_inside(workers, renders, worker, moment, quick):
    """Kill the worker once `quick` pieces are kept and it stands inside another; return the names of those it was at."""
    await until(lambda: len(renders.kept()) == quick and renders.stands(moment, worker), f"{moment} after {quick} pieces")
    assert any(piece.is_claimed() for piece in renders.pieces)
    children = encoders(worker)
    assert children or moment != "encoding"
    os.kill(worker, signal.SIGKILL)
    assert await workers.ended(worker) == -signal.SIGKILL
    if ends_with_us(["ffmpeg"]) != ["ffmpeg"]:  # on Linux
        await until(lambda: all(is_over(child) for child in children), "FFmpeg ends with its worker")
        if moment == "encoding":
            assert renders.whole_parts() == [], "FFmpeg was left to end by itself"
    assert not any(piece.is_claimed() for piece in renders.pieces)
    assert len(renders.kept()) == quick
    assert renders.lies(moment)
    at = {name for _, name in workers.begun()} - renders.kept()
    assert at
    return at


async def completed(services, renders, read_strips, tmp_path):
    """Wait until all renders have ended, and look at what they made: once each, the right frames, no dead letter."""
    over = {"completed", "dead-letter", "cancelled", "failed"}

    async def ended():
        return set(await renders.states()) <= over

    await until(ended, "the renders end")
    assert set(await renders.states()) == {"completed"}
    ids = {job.render_job_id: job.format for job in renders.found}
    announced = text("select payload from platform.outbox where event_type = 'render.completed'")
    async with services.database.connection() as conn:
        made = await artifacts.of_jobs(conn, list(ids))
        events = [row.payload["format"] for row in await conn.execute(announced)]
        assert await list_dead_letters(conn) == []
    assert {job_id: artifact.frames for job_id, artifact in made.items()} == dict.fromkeys(ids, 80)
    assert sorted(events) == sorted(ids.values())
    films = {path.stem: path for path in (tmp_path / "store" / "objects").rglob("*.mp4")}
    assert set(films) == set(ids)
    full = next(job_id for job_id, name in ids.items() if name == "full_16_9")
    assert read_strips(films[full]) == [renders.plan.shown(i) for i in range(80)]


async def nothing_left(workers, renders, tmp_path, *living):
    """Wait until no mezzanine job is open and no folder of the renders is left; then end the workers."""

    async def closed():
        return all(row["state"] in ("completed", "cancelled") for row in await renders.rows())

    await until(closed, "the mezzanine jobs end")
    await until(lambda: not any(renders.folder.parent.iterdir()), "the folders are cleared")
    (tmp_path / "stop").touch()
    assert [await workers.ended(worker) for worker in living] == [0] * len(living)
    assert [path for path in (tmp_path / "data" / "render-work").rglob("*") if path != renders.folder.parent] == []


@pytest.mark.parametrize(("moment", "quick"), KILLS)
async def test_the_next_worker_completes_what_a_killed_one_was_at(
    services, asked, workers, read_strips, tmp_path, moment, quick
):
    renders = await asked(*FORMATS)
    first = workers.start("both", stand=moment, quick=quick)
    twice = await killed_inside(workers, renders, first, moment, quick)
    second = workers.start("both")
    await completed(services, renders, read_strips, tmp_path)
    await nothing_left(workers, renders, tmp_path, second)
    names = [piece.path.stem for piece in renders.pieces]
    assert Counter(name for _, name in workers.begun()) == {name: 1 + (name in twice) for name in names}


async def test_a_render_whose_transcoder_was_killed_makes_the_rest_itself(services, asked, workers, read_strips, tmp_path):
    renders = await asked("full_16_9")
    transcoder, render = workers.start("transcode", stand="encoding", quick=ALONE), workers.start("render", graceS=1.0)
    await killed_inside(workers, renders, transcoder, "encoding", ALONE)
    await completed(services, renders, read_strips, tmp_path)
    by = Counter(worker for worker, _ in workers.begun())
    assert by[render] == PIECES - ALONE
    late = workers.start("transcode")  # finds the dead one's jobs, and nothing to do
    await nothing_left(workers, renders, tmp_path, render, late)
    assert len(await renders.rows()) == 2
    assert Counter(worker for worker, _ in workers.begun()) == by


async def test_the_next_transcoder_takes_the_job_of_a_killed_one(services, asked, workers, read_strips, tmp_path):
    renders = await asked("full_16_9")
    transcoder, render = workers.start("transcode", stand="encoding", quick=TAKEN), workers.start("render", graceS=300.0)
    await killed_inside(workers, renders, transcoder, "encoding", TAKEN)
    other = workers.start("transcode")
    await completed(services, renders, read_strips, tmp_path)
    await nothing_left(workers, renders, tmp_path, render, other)
    by = Counter(worker for worker, _ in workers.begun())
    assert (by[render], by[other]) == (0, PIECES - TAKEN)
    assert [row["state"] for row in await renders.rows()] == ["completed"] * 2
