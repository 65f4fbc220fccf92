"""Mezzanines in pieces: the same for every format, each made once, joined frame for frame, nothing left of the dead."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import plan_render
from ruach_studio.render.ports import MediaChanged
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners import mezzanine
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.mezzanine import joined, touched
from ruach_studio.render.runners.remotion_source import MezzanineReader
from ruach_studio.render.runners.splice import splice

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
TALL = replace(PRESETS["short_9_16"], width=180, height=320)
READER = MezzanineReader(Fraction(1, 2))  # 15 frames

CHILD = """
import asyncio, pickle, sys
from ruach_studio.infra.media import run
from ruach_studio.render.runners import mezzanine

async def slow(arguments, **more):
    await run(arguments, **more)
    print("half", flush=True)
    await asyncio.Event().wait()

piece = pickle.loads(sys.stdin.buffer.read())
mezzanine.run = slow
asyncio.run(piece.make(asyncio.Event()))
"""


@pytest.fixture(scope="module")
def tape(make_film, tmp_path_factory):
    """MPEG-2 in a transport stream, 100 frames of A."""
    folder = tmp_path_factory.mktemp("tape")
    film, tape = make_film(folder / "a.mp4", "A", 100), folder / "a.ts"
    old = ["-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-bf", "2", "-f", "mpegts"]
    asyncio.run(run(["-i", str(film), *old, str(tape)]))
    return tape


@pytest.fixture
def planned(tape, make_edl, make_clip, make_film, tmp_path):
    """Return what plans a format: the tape from frame 20 to 40 and from 75 to 80, another camera else."""
    other = make_film(tmp_path / "b.mp4", "B", 100)
    cameras = {"A": [make_clip(tape, frames=100)], "B": [make_clip(other, frames=100)]}
    wire = make_edl([(20, "B"), (40, "A"), (75, "B"), (80, "A")], cameras)
    return lambda preset: plan_render(wire, preset)


@pytest.fixture
def pieces_of(planned, tape, tmp_path):
    """Return what gives the tape's pieces of a format, in the folder m."""

    async def found(preset=WIDE):
        return [piece for piece in await READER.mezzanines(planned(preset), tmp_path / "m") if piece.source == str(tape)]

    return found


def half_made(piece):
    """Return a process that has written the piece and waits before it finishes it."""
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(pickle.dumps(piece))
    child.stdin.close()
    assert child.stdout.readline() == b"half\n"
    return child


def files_of(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".claim")


def test_a_plan_touches_the_pieces_that_it_shows(planned, tape):
    plan = planned(WIDE)
    assert touched(plan, str(tape), 15) == (1, 2, 5)
    assert touched(plan, str(tape), 1) == (*range(20, 40), *range(75, 80))
    assert touched(plan, str(tape), 100) == (0,)
    assert touched(plan, "another", 15) == ()


async def test_formats_name_the_same_pieces_and_only_another_file_changes_the_name(pieces_of, tape):
    wide, tall = [await pieces_of(preset) for preset in (WIDE, TALL)]
    assert [piece.path for piece in wide] == [piece.path for piece in tall]
    assert [(p.segment.start_frame, p.frames) for p in wide] == [(15, 15), (30, 15), (75, 15)]
    os.utime(tape, ns=(0, tape.stat().st_mtime_ns + 1))
    again = await pieces_of()
    assert {piece.path for piece in again}.isdisjoint(piece.path for piece in wide)


async def test_pieces_are_joined_frame_for_frame_with_a_hole_where_nothing_is_shown(pieces_of, read_strips, tmp_path):
    pieces = await pieces_of()
    made = await joined(pieces, tmp_path / "own", asyncio.Event())
    frames = [*range(15, 45), *range(75, 90)]
    assert read_strips(made) == [("A", frame) for frame in frames]
    with av.open(str(made)) as film:
        stamps = [frame.pts * frame.time_base for frame in film.decode(video=0)]
    assert stamps == [Fraction(frame - 15, 30) for frame in frames]
    assert files_of(tmp_path / "m") == sorted(p.path.with_suffix(s).name for p in pieces for s in (".mp4", ".json"))
    born = made.stat().st_mtime_ns
    assert (await joined(pieces, tmp_path / "own", asyncio.Event())).stat().st_mtime_ns == born
    alone = await joined(pieces[2:], tmp_path / "own", asyncio.Event())
    assert alone == pieces[2].path
    assert read_strips(alone) == [("A", frame) for frame in range(75, 90)]


@pytest.mark.parametrize("by_task", [False, True])
async def test_a_join_that_is_stopped_leaves_nothing(pieces_of, tmp_path, monkeypatch, by_task):
    pieces, cancelled, begun = await pieces_of(), asyncio.Event(), threading.Event()
    for piece in pieces:
        await piece.make(cancelled)

    def endless(spliced, *more, **options):
        begun.set()
        return splice([*spliced, *spliced[-1:] * 1_000_000], *more, **options)

    monkeypatch.setattr(mezzanine, "splice", endless)
    joining = asyncio.create_task(joined(pieces, tmp_path / "own", cancelled))
    await asyncio.to_thread(begun.wait)
    if by_task:
        joining.cancel()
    else:
        cancelled.set()
    with pytest.raises(asyncio.CancelledError if by_task else Cancelled):
        await joining
    assert files_of(tmp_path / "own") == []


async def test_the_last_piece_ends_with_the_file(tape, make_edl, make_clip, read_strips, tmp_path):
    plan = plan_render(make_edl([(100, "A")], {"A": [make_clip(tape, frames=100)]}), WIDE)
    pieces = await READER.mezzanines(plan, tmp_path / "m")
    assert [piece.frames for piece in pieces] == [15] * 6 + [10]
    made = await joined(pieces, tmp_path / "own", asyncio.Event())
    assert read_strips(made) == [("A", frame) for frame in range(100)]


async def test_two_never_make_one_piece_and_what_is_cancelled_leaves_nothing(pieces_of, tmp_path):
    piece, *_ = await pieces_of()
    assert not piece.is_claimed()
    with claimed(piece.path) as mine:
        assert mine
        assert piece.is_claimed()
        assert await piece.make(asyncio.Event()) == "elsewhere"
        stop = asyncio.Event()
        stop.set()
        with pytest.raises(Cancelled):
            await piece.ensure(stop)
    with pytest.raises(Cancelled):
        await piece.make(stop)
    assert files_of(tmp_path / "m") == []
    assert not piece.is_claimed()


async def test_a_file_that_was_replaced_meanwhile_is_refused(pieces_of, tape, tmp_path):
    piece, *_ = await pieces_of()
    os.utime(tape, ns=(0, tape.stat().st_mtime_ns + 1))
    with pytest.raises(MediaChanged):
        await piece.make(asyncio.Event())
    assert files_of(tmp_path / "m") == []


async def test_what_a_killed_maker_left_goes_and_what_it_finished_stays(pieces_of, tmp_path):
    first, second, _ = await pieces_of()
    assert await first.make(asyncio.Event()) == "made"
    born = first.path.stat().st_mtime_ns
    child = half_made(second)
    left = [name for name in files_of(tmp_path / "m") if name.endswith(".part")]
    assert len(left) == 1
    assert second.is_claimed()
    assert await second.make(asyncio.Event()) == "elsewhere"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not second.is_there()
    assert not second.is_claimed()
    assert await second.make(asyncio.Event()) == "made"
    assert await first.make(asyncio.Event()) == "there"
    assert first.path.stat().st_mtime_ns == born
    assert files_of(tmp_path / "m") == sorted(p.path.with_suffix(s).name for p in (first, second) for s in (".mp4", ".json"))
