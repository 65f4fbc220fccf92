"""Footage as cameras really write it: late pictures, no index, turned, squeezed, full range, ten bits, uneven rates."""

import asyncio
from dataclasses import replace

import av
import numpy as np
import pytest

from ruach_studio.infra.media import run
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner

WIDE = replace(PRESETS["full_16_9"], width=320, height=180)
ENCODE = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "14"]
KINDS = {
    "late.mp4": (["-itsoffset", "0.5", "-i", "{}", "-f", "lavfi", "-i", "sine=d=10"], ["-c:v", "copy"]),
    "late.mkv": (["-itsoffset", "0.5", "-i", "{}", "-f", "lavfi", "-i", "sine=d=10"], ["-c:v", "copy"]),
    "avchd.mts": (["-i", "{}"], ["-c", "copy", "-f", "mpegts"]),
    "late.mts": (["-itsoffset", "0.3", "-i", "{}", "-f", "lavfi", "-i", "sine=d=10"], ["-c:v", "copy", "-f", "mpegts"]),
    "old.mpg": (["-i", "{}"], ["-c:v", "mpeg2video", "-b:v", "6M", "-g", "15", "-bf", "2"]),
    "quicktime.mov": (["-i", "{}"], ["-c", "copy"]),
    "turned.mp4": (["-display_rotation", "-90", "-i", "{upright}"], ["-c", "copy"]),
    "squeezed.mp4": (["-i", "{}"], ["-vf", "scale=240:180,setsar=4/3", *ENCODE]),
    "full-range.mp4": (["-i", "{}"], ["-vf", "scale=out_range=pc,format=yuvj420p", *ENCODE, "-color_range", "pc"]),
    "ten-bit.mkv": (["-i", "{}"], ["-vf", "format=yuv420p10le", *ENCODE]),
    "interlaced.mts": (["-i", "{}"], ["-vf", "setfield=tff", *ENCODE, "-flags", "+ilme+ildct", "-x264-params", "tff=1"]),
    "bframes.avi": (["-i", "{}"], ["-c:v", "libx264", "-bf", "3", "-x264-params", "b-adapt=0:b-pyramid=strict"]),
    "divx.avi": (["-i", "{}"], ["-c:v", "mpeg4", "-q:v", "2", "-bf", "2"]),
    "plain.avi": (["-i", "{}"], ["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"]),
    "open-gop.mp4": (["-i", "{}"], ["-c:v", "libx264", "-g", "30", "-x264-params", "open-gop=1:bframes=3"]),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory, make_film):
    return make_film(tmp_path_factory.mktemp("plain") / "a.mp4", "A", 240, keyint=60)


async def show(film, plain, make_edl, make_clip, folder):
    """Cut to and fro between the plain film and `film`; return the plan and the picture."""
    cuts = [(23 * (k + 1), "ZA"[k % 2]) for k in range(10)]
    cameras = {"A": [make_clip(plain, frames=240)], "Z": [make_clip(film, frames=240)]}
    plan = plan_render(make_edl(cuts, cameras), WIDE)
    return plan, (await FfmpegRunner().render(plan, folder / "work", lambda _: None, asyncio.Event())).path


OFTEN = ("late.mp4", "avchd.mts", "turned.mp4", "bframes.avi", "open-gop.mp4")  # one of each way to be odd; the rest is slow


@pytest.mark.parametrize("kind", [kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS])
async def test_the_right_frame_of_any_kind_of_file(kind, plain, make_edl, make_clip, read_strips, tmp_path):
    upright = tmp_path / "upright.mp4"
    if kind == "turned.mp4":
        await run(["-i", str(plain), "-vf", "transpose=2", *ENCODE, str(upright)])
    inputs, outputs = KINDS[kind]
    film = tmp_path / kind
    await run([*(text.format(plain, upright=upright) for text in inputs), *outputs, str(film)])
    plan, picture = await show(film, plain, make_edl, make_clip, tmp_path)
    assert read_strips(picture) == [("A", plan.shown(i)[1]) for i in range(plan.frames)]


async def test_an_uneven_rate_keeps_time_and_holds_what_is_missing(plain, make_edl, make_clip, read_strips, tmp_path):
    film = tmp_path / "phone.mp4"
    keep = "select='not(eq(mod(n,5),3))'"
    await run(["-i", str(plain), "-vf", keep, "-fps_mode", "vfr", *ENCODE, str(film)])
    plan, picture = await show(film, plain, make_edl, make_clip, tmp_path)
    found = read_strips(picture)
    for i, seen in enumerate(found):
        camera, frame = plan.shown(i)
        held = camera == "Z" and frame % 5 == 3
        assert seen == ("A", frame - 1 if held else frame), i


async def test_interlaced_pictures_lose_their_combs(make_film, make_edl, make_clip, tmp_path):
    """A bar that moves 8 pixels per field: woven fields make teeth, which differ from line to line."""
    bar = "color=black:s=320x180:r=60:d=3[b];color=white:s=40x180:r=60:d=3[w];[b][w]overlay=x='mod(n*8,280)',format=yuv420p"
    film = tmp_path / "field.mp4"
    weave = f"{bar},interlace=scan=tff:lowpass=0"
    await run(["-filter_complex", weave, *ENCODE, "-flags", "+ilme+ildct", "-x264-params", "tff=1", str(film)])

    def teeth(path):
        with av.open(str(path)) as opened:
            rows = [frame.to_ndarray(format="gray").astype(int) for frame in opened.decode(video=0)][40]
        return np.abs(rows[1:-1:2] * 2 - rows[:-2:2] - rows[2::2]).mean()

    plan = plan_render(make_edl([(80, "A")], {"A": [make_clip(film, frames=90)]}), WIDE)
    picture = await FfmpegRunner().render(plan, tmp_path / "work", lambda _: None, asyncio.Event())
    assert teeth(film) > 10
    assert teeth(picture.path) < teeth(film) / 4
