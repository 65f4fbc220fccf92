"""The picture that comes out, read frame by frame: camera and frame number burnt into the footage, against the plan."""

import asyncio
import json
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners import graph
from ruach_studio.render.runners.ffmpeg import FfmpegRunner, FrameCountWrong

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
TALL = replace(PRESETS["short_9_16"], width=180, height=320)
SQUARE = replace(PRESETS["clip_1_1"], width=180, height=180)


async def draw(plan, folder, **options):
    reports = []
    picture = await FfmpegRunner(**options).render(plan, folder, reports.append, asyncio.Event())
    return picture, reports


def wrong(found, plan):
    planned = [plan.shown(i) for i in range(plan.frames)]
    return [
        (i, seen, want) for i, (seen, want) in enumerate(zip(found, planned, strict=True)) if (seen or (None, None)) != want
    ]


@pytest.mark.parametrize(
    ("cuts", "fps", "preset"),
    [
        ([(50, "A"), (120, "B"), (170, "W"), (180, "A"), (200, "B"), (229, "W"), (240, "A")], "30/1", WIDE),
        ([(100, "W"), (150, "A"), (240, "B")], "30000/1001", WIDE),
        ([(70, "A"), (150, "B"), (240, "A")], "30000/1001", SQUARE),
        ([(90, "B"), (130, "W"), (200, "A")], "25/1", TALL),
        ([(12 * (i + 1), "ABW"[i % 3]) for i in range(20)], "30/1", WIDE),
    ],
)
async def test_every_frame_is_the_planned_one(odd_cameras, make_edl, read_strips, tmp_path, cuts, fps, preset):
    plan = plan_render(make_edl(cuts, odd_cameras, fps=fps), preset)
    picture, reports = await draw(plan, tmp_path)
    found = read_strips(picture.path)
    assert len(found) == picture.frames == plan.frames
    assert wrong(found, plan) == []
    assert reports[-1].frames == reports[-1].total_frames == plan.frames
    assert [r.frames for r in reports] == sorted(r.frames for r in reports)


async def test_strong_drift_drops_and_repeats_exactly_where_the_plan_says(
    odd_cameras, make_edl, make_clip, read_strips, tmp_path
):
    path = odd_cameras["B"][0]["path"]
    cameras = {"A": odd_cameras["A"], "B": [make_clip(path, frames=220, fps="25", offset_ms=-40, drift_ppm=20000.5)]}
    plan = plan_render(make_edl([(240, "B")], cameras), WIDE)
    picture, _ = await draw(plan, tmp_path)
    assert wrong(read_strips(picture.path), plan) == []


async def test_holes_are_filled_by_another_camera_or_black_never_by_less(
    odd_cameras, make_edl, make_clip, read_strips, tmp_path
):
    a, b = odd_cameras["A"][0]["path"], odd_cameras["B"][0]["path"]
    cameras = {
        "A": [make_clip(a, frames=150)], "B": [make_clip(b, frames=75, fps="25", offset_ms=1500)],
    }  # fmt: skip
    plan = plan_render(make_edl([(240, "B")], cameras), WIDE)
    picture, _ = await draw(plan, tmp_path)
    found = read_strips(picture.path)
    assert wrong(found, plan) == []
    assert [f is None for f in found] == [False] * 150 + [True] * 90
    assert len(plan.notes) >= 2


async def test_stamps_are_even_and_every_group_of_pictures_is_closed_and_at_most_two_seconds(
    odd_cameras, make_edl, tmp_path
):
    plan = plan_render(make_edl([(100, "A"), (110, "B"), (240, "A")], odd_cameras), WIDE)
    picture, _ = await draw(plan, tmp_path)
    with av.open(str(picture.path)) as film:
        stream = film.streams.video[0]
        keys, stamps = [], []
        for i, frame in enumerate(film.decode(stream)):
            stamps.append(frame.pts * frame.time_base)
            keys += [i] if frame.key_frame else []
        assert stamps == [Fraction(i, 30) for i in range(240)]
        assert (stream.codec_context.width, stream.codec_context.height, stream.codec_context.pix_fmt) == (
            320,
            180,
            "yuv420p",
        )
    assert keys[0] == 0
    assert max(np.diff([*keys, 240])) <= 60


async def test_the_same_plan_gives_the_same_bytes(odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(60, "A"), (90, "W")], odd_cameras), WIDE)
    one, _ = await draw(plan, tmp_path / "1")
    two, _ = await draw(plan, tmp_path / "2", workers=1)
    assert one.sha256 == two.sha256


async def test_the_picture_is_joined_by_writing_it_once_so_its_index_is_behind(odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(60, "A"), (90, "W")], odd_cameras), WIDE)
    data = (await draw(plan, tmp_path))[0].path.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")


@pytest.mark.parametrize("preset", [WIDE, SQUARE])
async def test_a_picture_of_the_right_size_needs_no_scaler_and_gives_the_same_bytes(
    odd_cameras, make_edl, tmp_path, monkeypatch, preset
):
    plan = plan_render(make_edl([(40, "A"), (70, "W")], odd_cameras), preset)
    lean, _ = await draw(plan, tmp_path / "1")
    monkeypatch.setattr(graph, "needs_scaling", lambda *_: True)
    fitted, _ = await draw(plan, tmp_path / "2")
    assert lean.sha256 == fitted.sha256


async def test_finished_chunks_are_used_again_and_a_damaged_one_is_not(odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(40 * (i + 1), "ABW"[i % 3]) for i in range(6)], odd_cameras), WIDE)
    one, _ = await draw(plan, tmp_path)
    chunks = sorted((tmp_path / "chunks").glob("*.mp4"))
    assert len(chunks) == 6  # one open file in each
    before = [c.stat().st_mtime_ns for c in chunks]
    chunks[1].write_bytes(chunks[1].read_bytes()[:-100])
    two, _ = await draw(plan, tmp_path)
    after = [c.stat().st_mtime_ns for c in chunks]
    assert [i for i in range(6) if before[i] != after[i]] == [1]
    assert one.sha256 == two.sha256


async def test_cancelling_stops_at_once_and_leaves_no_half_chunk(odd_cameras, make_edl, tmp_path):
    plan = plan_render(make_edl([(12 * (i + 1), "ABW"[i % 3]) for i in range(20)], odd_cameras), PRESETS["full_16_9"])
    cancelled = asyncio.Event()
    seen = []

    def stop_at_the_first_frames(progress):
        seen.append(progress.frames)
        cancelled.set()

    with pytest.raises(Cancelled):
        await FfmpegRunner().render(plan, tmp_path, stop_at_the_first_frames, cancelled)
    assert seen
    assert list(tmp_path.rglob("*.part")) == []
    assert not (tmp_path / "picture.mp4").exists()
    assert all(json.loads(note.read_text())["frames"] for note in tmp_path.rglob("*.json"))


async def test_a_file_that_cannot_be_decoded_fails_and_leaves_nothing_with_a_finished_name(
    odd_cameras, make_edl, make_film, make_clip, tmp_path
):
    broken = make_film(tmp_path / "broken.mp4", "B", 60)
    data = bytearray(broken.read_bytes())
    start = data.index(b"mdat") + 4
    data[start : start + 20_000] = b"\xff" * 20_000
    broken.write_bytes(data)
    cameras = {"A": odd_cameras["A"], "B": [make_clip(broken, frames=60)]}
    plan = plan_render(make_edl([(30, "A"), (60, "B")], cameras), WIDE)
    with pytest.raises((MediaFailure, FrameCountWrong)):
        await draw(plan, tmp_path / "work")
    made = {path.name[:5] for path in (tmp_path / "work").rglob("*.mp4")}
    assert made <= {"0000-"}  # the first shot's camera is in order
    assert list((tmp_path / "work").rglob("*.part")) == []
