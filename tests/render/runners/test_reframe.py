"""The crop that FFmpeg makes, read off marks in the picture, against plan/crop.py's exact rectangle."""

import asyncio
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from ruach_studio.infra.media import run
from ruach_studio.render.plan import plan_render
from ruach_studio.render.plan.crop import crop_box
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

TALL = replace(PRESETS["short_9_16"], width=102, height=180)
WIDTH, HEIGHT = 320, 180
MARKS = np.random.default_rng(4).integers(40, 220, WIDTH // 2).repeat(2)  # a grey of its own for every two columns


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    path = tmp_path_factory.mktemp("marked") / "a.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast", "crf": "4"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for k in range(60):
            luma = np.tile(MARKS.astype(np.uint8), (HEIGHT, 1))
            planes = np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 30)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


async def pictures(plan, folder):
    path = (await FfmpegRunner().render(plan, folder, lambda _: None, asyncio.Event())).path
    with av.open(str(path)) as container:
        return [frame.to_ndarray()[: frame.height].astype(int) for frame in container.decode(video=0)]


async def test_every_crop_begins_at_the_planned_pixel(marked, make_edl, make_clip, tmp_path):
    places = {c: Fraction(x) for c, x in zip("ABCDEFG", ("0", "0.1", "0.37", "0.5", "0.613", "0.9", "1"), strict=True)}
    cameras = {c: [make_clip(marked, frames=60)] for c in places}
    plan = plan_render(make_edl([(8 * (i + 1), c) for i, c in enumerate(places)], cameras), TALL, places=places)
    frames = await pictures(plan, tmp_path)
    assert len(frames) == 56
    for i, picture in enumerate(frames):
        x, _, w, h = crop_box(WIDTH, HEIGHT, TALL, places["ABCDEFG"[i // 8]])
        assert (w, h) == picture.shape[::-1]
        row = picture[20:160].mean(axis=0)
        misses = [np.abs(row - MARKS[start : start + w]).mean() for start in range(WIDTH - w + 1)]
        assert int(np.argmin(misses)) == x, i
        assert min(misses) < 4


@pytest.mark.parametrize(
    ("before", "change", "stored"),
    [
        ([], ["-vf", "scale=240:180,setsar=4/3"], 240),
        (["-display_rotation", "-90"], ["-c", "copy"], 320),
    ],
    ids=["squeezed", "turned"],
)
async def test_where_pixels_are_wide_or_the_camera_lay_on_its_side_the_place_is_that_of_the_viewer(
    before, change, stored, make_edl, make_clip, tmp_path
):
    line, film = tmp_path / "line.mp4", tmp_path / "film.mp4"
    draw = "drawbox=x=92:y=0:w=8:h=180:color=white:t=fill" + (",transpose=2" if before else "")
    source = ["-f", "lavfi", "-i", "color=gray:s=320x180:r=30:d=1", "-vf", draw, "-c:v", "libx264", "-crf", "8"]
    await run([*source, str(line)])
    await run([*before, "-i", str(line), *change, str(film)])
    plan = plan_render(make_edl([(20, "A")], {"A": [make_clip(film, frames=30)]}), TALL, places={"A": Fraction(96, 320)})
    bright = (await pictures(plan, tmp_path))[9].mean(axis=0)
    middle = float((np.arange(102) * (bright - bright.min())).sum() / (bright - bright.min()).sum())
    x, _, w, _ = crop_box(stored, 180, TALL, Fraction(96, 320), Fraction(320, stored))
    assert abs(middle + 0.5 - (96 * stored / 320 - x) / w * 102) < 0.3


def test_only_a_format_that_follows_the_subject_is_moved(make_edl, make_clip, tmp_path):
    wire = make_edl([(60, "A"), (90, "B")], {c: [make_clip(tmp_path / "x.mp4", frames=90)] for c in "AB"})
    moved = plan_render(wire, PRESETS["short_9_16"], places={"A": Fraction(1, 5)})
    assert [segment.subject_x for segment in moved.segments] == [Fraction(1, 5), Fraction(1, 2)]
    for name in ("full_16_9", "clip_1_1", "thumbnail"):
        assert plan_render(wire, PRESETS[name], places={"A": Fraction(1, 5)}) == plan_render(wire, PRESETS[name])
    square = replace(PRESETS["clip_1_1"], reframe="subject")
    assert plan_render(wire, square, places={"A": Fraction(1, 5)}).segments[0].subject_x == Fraction(1, 5)
