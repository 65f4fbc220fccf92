"""The foreground render from end to end: four files, measured; and every bad state leaves a clear error and nothing else."""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import replace

import av
import psutil
import pytest
from PIL import Image

from ruach_studio.infra.media import BadMedia, FfmpegMissing
from ruach_studio.kernel.errors import Cancelled, OutOfSpace
from ruach_studio.render import presets
from ruach_studio.render.plan import EdlNotLocked, plan_render
from ruach_studio.render.presets import FORMATS
from ruach_studio.render.runners.encode import count_frames
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases import disk
from ruach_studio.render.usecases.alone import FolderInUse
from ruach_studio.render.usecases.disk import NotWritable
from ruach_studio.render.usecases.produce import MediaChanged
from ruach_studio.render.usecases.render_files import render_files


async def render(wire, out, formats=FORMATS, **options):
    return await render_files(wire, formats, out, options.pop("report", lambda _: None), runner=FfmpegRunner(), **options)


async def test_four_files_come_out_measured_and_exact(small, wire, read_strips, tmp_path):
    reports = []
    made = {a.format: a for a in await render(wire, tmp_path / "out", report=reports.append)}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "clip_1_1.mp4", "full_16_9.mp4", "short_9_16.mp4", "thumbnail.jpg",
    ]  # fmt: skip
    for name in FORMATS[:3]:
        artifact, plan = made[name], plan_render(wire, presets.PRESETS[name])
        assert read_strips(artifact.path) == [plan.shown(i) for i in range(200)]
        assert abs(artifact.loudness.lufs + 14) <= 0.5
        assert artifact.loudness.true_peak_dbtp <= -1.0
        assert (artifact.frames, artifact.content_type) == (200, "video/mp4")
        with av.open(str(artifact.path)) as film:
            assert (film.streams.video[0].start_time, film.streams.audio[0].start_time) == (0, 0)
            sound = film.streams.audio[0]
            assert abs(float(sound.duration * sound.time_base) - artifact.duration_s) < 0.001
            padding = sum(frame.samples for frame in film.decode(audio=0)) - round(48_000 * artifact.duration_s)
            assert 0 <= padding < 1024  # AAC comes in whole frames; what hangs over is silence after the end
    with Image.open(made["thumbnail"].path) as image:
        assert image.size == (320, 180)
    assert {v.rules_version for v in made["short_9_16"].verdicts} == {"short-v1", "framing-v1", "loudness-v1"}
    assert {v.rules_version for v in made["thumbnail"].verdicts} == {"thumbnail-v2"}
    steps = [r.step for r in reports if r.format == "full_16_9"]
    assert list(dict.fromkeys(steps)) == ["preflight", "render", "normalize", "upload"]
    pace = [max(r.fps for r in reports if r.format == name) for name in FORMATS[:3]]
    assert pace[0] > 0
    assert pace[1:] == [0.0, 0.0]  # all their chunks were made with the first format's: one decoding for the three


async def test_the_index_stands_before_the_pictures(small, wire, tmp_path):
    (artifact,) = await render(wire, tmp_path / "out", ["clip_1_1"])
    data = artifact.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def broken(wire, **clip):
    wire["sources"]["B"]["clips"] = [{**wire["sources"]["B"]["clips"][0], **clip}]
    return wire


async def refused(wire, out, error, match, **options):
    with pytest.raises(error, match=match) as caught:
        await render(wire, out, **options)
    assert not out.exists()
    assert caught.value.exit_code == 2


async def test_bad_states_name_fact_and_remedy_and_leave_nothing(small, wire, make_edl, session, tmp_path):
    out = tmp_path / "out"
    await refused(make_edl([(200, "A")], session, status="approved"), out, EdlNotLocked, r"approved.*lock it")
    await refused(broken(wire, path=str(tmp_path / "gone.mp4")), out, BadMedia, "gone.mp4")
    (tmp_path / "empty.mp4").touch()
    await refused(broken(wire, path=str(tmp_path / "empty.mp4")), out, BadMedia, "empty.mp4.*0 bytes")
    path = session["B"][0]["path"]
    await refused(
        broken(wire, path=path, durationMs=9000.0), out, MediaChanged, "lasts 7.00 s, the EDL was made from 9.00 s"
    )
    await refused(broken(wire, path="b.mp4"), out, MediaChanged, "relative path")


async def test_a_program_that_is_no_ffmpeg_is_said_before_anything_is_written(small, wire, tmp_path, monkeypatch):
    monkeypatch.setenv("RUACH_FFMPEG_BIN", "/bin/true")
    await refused(wire, tmp_path / "out", FfmpegMissing, "/bin/true: it is no FFmpeg")


async def test_a_full_disk_is_said_before_anything_is_written(small, wire, tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "RESERVE_BYTES", 10**18)
    await refused(wire, tmp_path / "out", OutOfSpace, "MB are free, rendering full_16_9 may need")


async def test_a_place_that_takes_no_folder_is_named(small, wire, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotWritable, match=r"not a folder|may not be written"):
        await render(wire, tmp_path / "file" / "out", ["thumbnail"])
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_permission_is_named(small, wire, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritable, match="write permission"):
        await render(wire, tmp_path / "out", ["thumbnail"])


async def test_cancelling_leaves_no_trace(small, wire, tmp_path):
    stop = asyncio.Event()
    with pytest.raises(Cancelled):
        await render(wire, tmp_path / "out", cancelled=stop, report=lambda r: stop.set() if r.step == "render" else None)
    assert not (tmp_path / "out").exists()


KILLED = """
import asyncio, json, sys
from dataclasses import replace
from pathlib import Path
from ruach_studio.render import presets
from ruach_studio.render.runners.encode import count_frames
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.usecases.render_files import render_files
for name in ("full_16_9", "clip_1_1"):
    presets.PRESETS[name] = replace(presets.PRESETS[name], width=960, height=540)
wire, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
asyncio.run(render_files(wire, sys.argv[3:], out, lambda p: None, runner=FfmpegRunner()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("formats", [["full_16_9"], ["full_16_9", "clip_1_1"]])
async def test_a_render_killed_in_the_middle_goes_on_after_its_last_finished_chunk(
    session, make_edl, read_strips, tmp_path, monkeypatch, formats
):
    half = {name: replace(presets.PRESETS[name], width=960, height=540) for name in ("full_16_9", "clip_1_1")}
    monkeypatch.setattr(presets, "PRESETS", {**presets.PRESETS, **half})
    wire = make_edl([(8 * (i + 1), "AB"[i % 2]) for i in range(25)], session)
    (tmp_path / "edl.json").write_text(json.dumps(wire))
    out = tmp_path / "out"
    arguments = [sys.executable, "-c", KILLED, str(tmp_path / "edl.json"), str(out), *formats]
    child = await asyncio.create_subprocess_exec(*arguments, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (kept := sorted(out.rglob("chunks/*.json"))):
        assert time.monotonic() < deadline, "no chunk was finished"
        assert child.returncode is None, "the render ended before it could be killed"
        await asyncio.sleep(0.01)
    drawing = [p for p in psutil.Process(child.pid).children(recursive=True) if "ffmpeg" in p.name()]
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    while left := [p for p in drawing if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]:
        assert time.monotonic() < deadline, f"{left} draw on"
        await asyncio.sleep(0.01)
    assert list(out.glob("*.mp4")) == []
    assert {note.parts[-3].split("-")[0] for note in out.rglob("chunks/*.claim")} == set(formats)
    assert all(count_frames(chunk) > 0 for chunk in out.rglob("chunks/*.mp4"))  # a half one could not be opened
    stamps = {note.name: note.with_suffix(".mp4").stat().st_mtime_ns for note in kept}
    begun = []

    def watch(report):
        if report.step == "render" and not begun:
            begun.append({n.name: n.with_suffix(".mp4").stat().st_mtime_ns for n in out.rglob("chunks/*.json")})

    made = await render(wire, out, formats, report=watch)
    assert stamps.items() <= begun[0].items()
    for artifact in made:
        plan = plan_render(wire, presets.PRESETS[artifact.format])
        assert read_strips(artifact.path) == [plan.shown(i) for i in range(200)]
    assert sorted(p.name for p in out.iterdir()) == sorted(f"{name}.mp4" for name in formats)


async def test_a_second_run_into_the_same_folder_is_refused_and_the_first_goes_on(small, wire, tmp_path):
    drawing = asyncio.Event()
    first = asyncio.create_task(
        render(wire, tmp_path / "out", ["full_16_9"], report=lambda r: drawing.set() if r.step == "render" else None)
    )
    await asyncio.wait_for(drawing.wait(), 60)
    with pytest.raises(FolderInUse, match="another run renders into it"):
        await render(wire, tmp_path / "out", ["thumbnail"])
    assert [made.frames for made in await first] == [200]
    assert [made.frames for made in await render(wire, tmp_path / "out", ["thumbnail"])] == [1]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["full_16_9.mp4", "thumbnail.jpg"]
