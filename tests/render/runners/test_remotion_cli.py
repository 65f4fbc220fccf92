"""The picture that Remotion draws on this machine: the plan's frame on every frame, and nothing left behind."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.render.plan import plan_render
from ruach_studio.render.plan.lettering import Caption, CaptionWord, Lettering
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.remotion_cli import RemotionCliRunner
from ruach_studio.render.runners.remotion_tools import RemotionMissing

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
TALL = replace(PRESETS["short_9_16"], width=180, height=320)
PYTHON = Path(sys.executable)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("remotion")]


async def draw(tools, plan, folder, **more):
    reports = []
    picture = await RemotionCliRunner(tools, **more).render(plan, folder, reports.append, asyncio.Event())
    return picture, reports


def wrong(found, plan):
    planned = [plan.shown(i) for i in range(plan.frames)]
    pairs = enumerate(zip(found, planned, strict=True))
    return [(i, seen, want) for i, (seen, want) in pairs if (seen or (None, None)) != want]


def started_by(pid):
    """Return what the studio of that process number started and lives: its family, and what had its temporary folder."""
    family = psutil.Process(pid).children(recursive=True) if psutil.pid_exists(pid) else []
    return {*family, *(process for process in psutil.process_iter() if f"/proc/{pid}/" in told(process))}


def told(process):
    with suppress(psutil.Error):
        return process.environ().get("TMPDIR", "")
    return ""


def alive(seen, pid, patience_s=0.0):
    """Return those of `seen`, and whatever else is of that process, that live, once none does or the patience is over."""
    deadline = time.monotonic() + patience_s
    while (left := {p for p in seen if lives(p)} | started_by(pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def lives(process):
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def killed_in_mid_render(plan, tools, folder):
    """Render in another process and kill it as soon as one chunk is whole and the next has begun; return what it left."""
    job = folder.with_suffix(".job")
    job.write_bytes(pickle.dumps((plan, tools)))
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(job), str(folder)], stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if list((folder / "chunks").glob("*.json")) and int(line) > 0:
            break
    seen = started_by(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return seen, child.pid


async def test_every_frame_is_the_planned_one_and_a_second_run_draws_nothing(
    remotion, odd_cameras, make_edl, read_strips, tmp_path
):
    cuts = [(20, "A"), (45, "B"), (52, "W"), (70, "A"), (150, "B"), (168, "W")]
    jumping = {**odd_cameras["A"][0], "pieces": [{"fromMs": 0, "offsetMs": 0}, {"fromMs": 2000, "offsetMs": 200}]}
    wire = make_edl(cuts, {**odd_cameras, "A": [jumping]}, fps="30000/1001")
    wire["tracks"]["omitted"] = [{"startFrame": low, "endFrameExclusive": high} for low, high in ((10, 25), (160, 163))]
    plan = plan_render(wire, WIDE)
    picture, reports = await draw(remotion, plan, tmp_path)
    found = read_strips(picture.path)
    assert len(found) == picture.frames == plan.frames == 150
    assert wrong(found, plan) == []
    counts = [r.frames for r in reports]
    assert counts == sorted(counts)
    assert counts[-1] == 150
    assert len(set(counts)) > 20  # it moves with the frames, not with the chunks
    with av.open(str(picture.path)) as film:
        stream = film.streams.video[0]
        stamps = [frame.pts * frame.time_base for frame in film.decode(stream)]
        assert (stream.width, stream.height, stream.pix_fmt) == (320, 180, "yuv420p")
    assert stamps == [i * Fraction(1001, 30000) for i in range(150)]
    began = time.monotonic()
    again, reports = await draw(replace(remotion, browser=PYTHON), plan, tmp_path)  # none is needed
    assert (again.sha256, [r.frames for r in reports]) == (picture.sha256, [150])
    assert time.monotonic() - began < 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["chunks", "mezzanines", "picture.mp4", "picture.txt"]


async def test_a_file_that_the_browser_cannot_read_and_a_hole_and_a_crop(
    remotion, odd_cameras, make_edl, make_clip, read_strips, tmp_path
):
    """MPEG-2 in a transport stream: FFmpeg makes it readable first, in pieces of 5 frames, with a hole at 30."""
    old = tmp_path / "old.mpg"
    source = odd_cameras["A"][0]["path"]
    await run(["-i", source, "-frames:v", "60", "-c:v", "mpeg2video", "-q:v", "2", "-g", "12", "-f", "mpegts", str(old)])
    cameras = {"A": [make_clip(source, frames=40)], "O": [make_clip(old, frames=60)]}
    plan = plan_render(make_edl([(20, "A"), (30, "O"), (38, "A"), (50, "O"), (75, "A")], cameras), TALL)
    picture, _ = await draw(remotion, plan, tmp_path / "work", piece_s=Fraction(1, 6))
    assert len(list((tmp_path / "work" / "mezzanines").glob("*.mp4"))) == 13  # 6 of A, 7 of O
    found = read_strips(picture.path)
    want = [plan.shown(i)[1] for i in range(75)]
    assert [seen and seen[1] for seen in found] == want  # both files carry the letter A
    assert found[60:] == [None] * 15


async def test_the_word_that_is_said_is_lit_and_the_subject_stands_in_the_middle(
    remotion, make_edl, make_clip, tmp_path, monkeypatch
):
    """A white bar at a quarter of a grey picture; cropped to 9:16 around it, it stands in the middle."""
    monkeypatch.chdir(tmp_path)  # `ruach render -o out` names its folder by a relative path
    bar = tmp_path / "bar.mp4"
    graph = "color=0x606060:s=640x360:r=30:d=1[g];color=white:s=16x360:r=30:d=1[w];[g][w]overlay=152:0,format=yuv420p"
    await run(["-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", str(bar)])
    plan = plan_render(make_edl([(12, "A")], {"A": [make_clip(bar, frames=30)]}), replace(TALL, width=360, height=640))
    words = (CaptionWord("Peace", 0, 6), CaptionWord("be", 6, 12))
    lettering = Lettering(captions=(Caption(0, 12, (words,)),), burn_captions=True, karaoke=True)
    segment = replace(plan.segments[0], subject_x=Fraction(1, 4))
    picture, _ = await draw(remotion, replace(plan, segments=(segment,), lettering=lettering), Path("work"))
    with av.open(str(picture.path)) as film:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    columns = np.flatnonzero(frames[0][20, :, :].mean(axis=1) > 180)
    assert abs(columns.mean() - 180) < 2
    yellow = [np.argwhere((f[..., 0] > 200) & (f[..., 1] > 160) & (f[..., 2] < 140)) for f in frames]
    assert all(len(each) > 50 for each in yellow)
    first, second = (np.concatenate(yellow[a:b])[:, 1].mean() for a, b in ((0, 6), (6, 12)))
    assert second - first > 40  # the light moves from the first word to the second


async def test_a_working_folder_with_a_name_longer_than_a_socket_may_have(remotion, odd_cameras, make_edl, tmp_path):
    """Chromium as Debian gives it puts a socket into its temporary folder, and would not start here."""
    folder = tmp_path / ("a-long-name-" * 12)
    picture, _ = await draw(remotion, plan_render(make_edl([(12, "A")], odd_cameras), WIDE), folder)
    assert picture.frames == 12
    assert sorted(p.name for p in folder.iterdir()) == ["chunks", "mezzanines", "picture.mp4", "picture.txt"]


async def test_cancelling_stops_at_once_and_leaves_neither_processes_nor_files(remotion, odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(200, "A")], odd_cameras), PRESETS["full_16_9"])
    seen, cancelled = set(), asyncio.Event()

    def stop(progress):
        if progress.frames and not seen:
            seen.update(started_by(os.getpid()))
            cancelled.set()

    with pytest.raises(Cancelled):
        await RemotionCliRunner(remotion).render(plan, tmp_path, stop, cancelled)
    assert len(seen) > 5  # Node.js, the browser, its helpers
    assert alive(seen, os.getpid()) == set()
    assert {p.name for p in tmp_path.iterdir()} == {"chunks", "mezzanines"}  # what the browser reads may be used again
    assert list((tmp_path / "chunks").iterdir()) == []
    assert [p.name for p in tmp_path.rglob("*.part*")] == []


CHILD = """
import asyncio, pickle, sys
from pathlib import Path
from ruach_studio.render.runners.remotion_cli import RemotionCliRunner
plan, tools = pickle.loads(Path(sys.argv[1]).read_bytes())
tell = lambda p: print(p.frames, flush=True)
asyncio.run(RemotionCliRunner(tools).render(plan, Path(sys.argv[2]), tell, asyncio.Event()))
"""


async def test_a_killed_studio_leaves_no_browser_and_the_next_run_goes_on_after_the_whole_chunks(
    remotion, odd_cameras, make_edl, read_strips, tmp_path
):
    plan = plan_render(make_edl([(12 * (i + 1), "ABW"[i % 3]) for i in range(12)], odd_cameras), WIDE)
    chunks = tmp_path / "work" / "chunks"
    seen, pid = killed_in_mid_render(plan, remotion, tmp_path / "work")
    kept = {p.name: p.stat().st_mtime_ns for p in chunks.glob("*-*.mp4")}
    assert len(seen) > 5
    assert alive(seen, pid, patience_s=20) == set()
    picture, reports = await draw(remotion, plan, tmp_path / "work")
    assert wrong(read_strips(picture.path), plan) == []
    assert reports[0].frames > 0
    assert {name: (chunks / name).stat().st_mtime_ns for name in kept} == kept


async def test_a_browser_that_is_none_and_a_source_that_is_none(
    remotion, odd_cameras, make_edl, make_clip, make_film, tmp_path
):
    plan = plan_render(make_edl([(5, "A")], odd_cameras), WIDE)
    with pytest.raises(RemotionMissing, match="browser does not start"):
        await draw(replace(remotion, browser=remotion.node), plan, tmp_path / "1")
    film = make_film(tmp_path / "broken.mp4", "B", 60)
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 20_000] = b"\xff" * 20_000
    film.write_bytes(data)
    broken = plan_render(make_edl([(30, "B")], {"B": [make_clip(film, frames=60)]}), WIDE)
    with pytest.raises(MediaFailure, match="FFmpeg ended"):
        await draw(remotion, broken, tmp_path / "2")
    assert list((tmp_path / "2").rglob("*.mp4")) == []
