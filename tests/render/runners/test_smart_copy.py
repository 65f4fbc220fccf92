"""Groups of pictures copied as they are: every frame still the planned one, and a named reason where nothing is copied."""

import asyncio
from dataclasses import replace

import av
import pytest

from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import plan_render
from ruach_studio.render.plan.lettering import Chapter, Lettering, Overlay
from ruach_studio.render.presets import PRESETS, VideoCodec
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.footage import read_footage
from ruach_studio.render.runners.smart_copy import part
from ruach_studio.render.runners.splice import NotSpliced

COPYING = replace(PRESETS["full_16_9"], width=320, height=180, video=VideoCodec(smart_copy=True))
CUTS = [(100, "A"), (200, "B"), (290, "A")]
TOLD = ["-bsf:v", "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"]
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "20", *TOLD]


@pytest.fixture(scope="module")
def pair(tmp_path_factory, make_film, make_clip):
    """Two cameras with other encoders' settings; B is 37 frames early and has three B-frames in a row."""
    folder = tmp_path_factory.mktemp("pair")
    untold, plain = make_film(folder / "untold.mp4", "A", 300, keyint=15), make_film(folder / "plain.mp4", "B", 340)
    asyncio.run(run(["-i", str(untold), "-c", "copy", *TOLD, str(folder / "a.mp4")]))
    return {
        "A": [make_clip(folder / "a.mp4", frames=300)],
        "B": [make_clip(plain.with_name("b.mp4"), frames=340, offset_ms=-37000 / 30)],
        "plain": plain,
    }


async def recoded(pair, *options, name="b.mp4"):
    plain = pair["plain"]
    await run(["-i", str(plain), *options, "-y", str(plain.with_name(name))])


def parts(plan, scratch):
    return part(plan, {clip.path: read_footage(clip.path, scratch) for clip in plan.picture_clips})


async def drawn(plan, folder):
    return await FfmpegRunner().render(plan, folder, lambda _: None, asyncio.Event())


async def test_copied_and_encoded_pictures_are_all_the_planned_ones(pair, make_edl, read_strips, tmp_path):
    await recoded(pair, *H264, "-profile:v", "high", "-refs", "4")
    plan = plan_render(make_edl(CUTS, {"A": pair["A"], "B": pair["B"]}), COPYING)
    picture = await drawn(plan, tmp_path)
    assert picture.notes == ("245 of 290 frames are copied as the cameras recorded them",)
    assert read_strips(picture.path) == [plan.shown(i) for i in range(290)]
    with av.open(str(picture.path)) as film:
        frames = [(f.pts * f.time_base * 30, f.key_frame) for f in film.decode(video=0)]
        assert [at for at, _ in frames] == list(range(290))
        for target in (45, 131, 250):  # a player that jumps
            film.seek(int(target / 30 / film.streams.video[0].time_base), stream=film.streams.video[0])
            landed = next(film.decode(video=0))
            assert 0 <= target - float(landed.pts * landed.time_base * 30) <= 60
    again = await drawn(plan, tmp_path / "again")
    assert again.sha256 == picture.sha256


async def test_copying_hears_that_it_is_to_stop(pair, make_edl, tmp_path):
    await recoded(pair, *H264)
    plan, cancelled = plan_render(make_edl(CUTS, {"A": pair["A"], "B": pair["B"]}), COPYING), asyncio.Event()

    def stop_once_all_is_encoded(progress):
        if progress.frames == 290:
            cancelled.set()

    with pytest.raises(Cancelled):
        await FfmpegRunner().render(plan, tmp_path, stop_once_all_is_encoded, cancelled)
    assert {path.name for path in tmp_path.iterdir()} == {"chunks"}


@pytest.mark.parametrize(
    ("options", "preset", "reason"),
    [
        ([*H264, "-x264-params", "open-gop=1"], COPYING, "open groups of pictures"),
        ([*H264, "-vf", "scale=160:90"], COPYING, "its size is 160x90, the output's 320x180"),
        ([*H264, "-pix_fmt", "yuv420p10le"], COPYING, "its pixels are yuv420p10le"),
        (["-c:v", "libx265", "-preset", "ultrafast"], COPYING, "its codec is hevc"),
        ([*H264, "-g", "600", "-sc_threshold", "0"], COPYING, "no run of whole groups"),
        (H264, replace(COPYING, width=180, height=180, fit="crop"), "its size is 320x180, the output's 180x180"),
    ],
)
async def test_what_is_not_safe_is_encoded_and_named(options, preset, reason, pair, make_edl, tmp_path):
    await recoded(pair, *options)
    plan = plan_render(make_edl([(90, "B")], {"B": pair["B"]}), preset)
    parted = parts(plan, tmp_path)
    assert parted.parts == plan.segments
    assert [reason in said for said in parted.reasons] == [True]


def test_another_rate_and_a_drifting_clock_are_encoded(pair, make_edl, tmp_path):
    cameras = {"A": [{**pair["A"][0], "driftPpm": 20000}], "B": pair["A"]}
    for edl, reason in (
        (make_edl([(90, "A")], cameras), "held, dropped or repeated"),
        (make_edl([(90, "B")], cameras, fps="25/1"), "its rate is 30/1, the programme's 25/1"),
    ):
        assert reason in parts(plan_render(edl, COPYING), tmp_path).reasons[0]


def test_where_something_is_written_on_the_picture_nothing_is_copied(pair, make_edl, tmp_path):
    plan = plan_render(make_edl([(100, "A"), (200, "A")], {"A": pair["A"]}), COPYING)
    title = Overlay(120, 150, "title", {"title": "Grace"})
    parted = parts(replace(plan, lettering=Lettering(overlays=(title,))), tmp_path)
    assert parted.notes[0].startswith("90 of 200 frames")
    assert "something is written on the picture" in parted.notes[1]
    cards = Lettering(chapters=(Chapter(0, "Welcome"),), show_chapters=True)
    assert parts(replace(plan, lettering=cards), tmp_path).copied_frames == 0
    assert parts(replace(plan, lettering=replace(cards, show_chapters=False)), tmp_path).copied_frames == 180


async def test_what_does_not_fit_after_all_is_encoded_whole(pair, make_edl, read_strips, tmp_path, monkeypatch):
    def short(*_):
        raise NotSpliced("a picture is missing", subject="b.mp4")

    monkeypatch.setattr("ruach_studio.render.runners.ffmpeg.splice", short)
    plan = plan_render(make_edl([(60, "A")], {"A": pair["A"]}), COPYING)
    picture = await drawn(plan, tmp_path)
    assert picture.notes[1] == "everything is encoded: b.mp4: a picture is missing"
    assert read_strips(picture.path) == [plan.shown(i) for i in range(60)]
