import asyncio
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.usecases.take_thumbnail import take_thumbnail
from ruach_studio.testing.strip import read_strip

STILL = PRESETS["thumbnail"]


async def test_it_is_the_very_frame_that_the_verdict_names(make_film, make_clip, make_edl, tmp_path):
    a, b = make_film(tmp_path / "a.mp4", "A", 150), make_film(tmp_path / "b.mp4", "B", 150, fps="25")
    cameras = {"A": [make_clip(a, frames=150)], "B": [make_clip(b, frames=150, fps="25", offset_ms=-400)]}
    plan = plan_render(make_edl([(70, "A"), (140, "B")], cameras), STILL)
    made = await take_thumbnail(plan, tmp_path / "t.jpg", asyncio.Event())
    with Image.open(made.path) as image:
        assert (image.size, image.format) == ((1920, 1080), "JPEG")
        assert read_strip(np.asarray(image)) == plan.shown(made.frame)
    assert made.decided.verdict.decision == f"frame_{made.frame}"
    assert not 55 < made.frame < 85


async def test_without_a_key_frame_in_a_quiet_stretch_its_middle_is_shown(make_film, make_clip, make_edl, tmp_path):
    path = make_film(tmp_path / "a.mp4", "A", 150, keyint=300)
    cameras = {"A": [make_clip(path, frames=150)], "B": [make_clip(path, frames=150)]}
    plan = plan_render(make_edl([(10, "A"), (140, "B"), (150, "A")], cameras), STILL)
    made = await take_thumbnail(plan, tmp_path / "t.jpg", asyncio.Event())
    assert made.frame == 75
    with Image.open(made.path) as image:
        assert read_strip(np.asarray(image)) == ("A", 75)


@pytest.fixture
def moody(tmp_path):
    """Ten seconds with a key frame each second: blurred, dark, bright, and from second 6 to 7 sharp."""
    rng = np.random.default_rng(2)
    sharp = np.kron(rng.integers(40, 200, (45, 80)), np.ones((4, 4))).astype(np.float32)
    blurred = sharp.copy()
    for axis in (0, 1):
        for _ in range(2):
            blurred = np.apply_along_axis(np.convolve, axis, blurred, np.ones(15) / 15, "same")
    path = tmp_path / "moody.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream(
            "libx264", rate=Fraction(30), options={"preset": "ultrafast", "g": "30", "x264-params": "scenecut=0"}
        )
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for k in range(300):
            luma = sharp if 180 <= k < 210 else blurred if k < 120 else sharp * 0.2 if k < 180 else sharp * 0.1 + 225
            planes = np.concatenate([np.clip(luma, 0, 255).astype(np.uint8), np.full((90, 320), 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 30)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


async def test_the_sharp_second_is_chosen(moody, make_clip, make_edl, tmp_path):
    plan = plan_render(make_edl([(300, "A")], {"A": [make_clip(moody, frames=300)]}), STILL)
    made = await take_thumbnail(plan, tmp_path / "t.jpg", asyncio.Event())
    assert made.frame == 180
    assert "best of 10 pictures" in made.decided.verdict.reasons[1]


async def test_a_cropped_still_shows_the_subject(make_film, make_clip, make_edl, tmp_path):
    path = make_film(tmp_path / "a.mp4", "A", 60)
    wire = make_edl([(60, "A")], {"A": [make_clip(path, frames=60)]})
    tall = replace(STILL, width=102, height=180, fit="crop", reframe="subject")
    made = {}
    for x in ("1/2", "1/5"):
        plan = plan_render(wire, tall, places={"A": Fraction(x)})
        still = await take_thumbnail(plan, tmp_path / f"{x[-1]}.jpg", asyncio.Event())
        with Image.open(still.path) as image:
            made[x] = np.asarray(image.convert("L")).astype(int)
    assert made["1/2"].shape == made["1/5"].shape == (180, 102)
    # the strip's left edge stands 160 - 43 px from the left: at 1/5 (crop from 12 to 114) it is out of the picture
    assert made["1/2"][10:40].std() > 60
    assert made["1/5"][10:40].std() < 20


async def test_an_upright_recording_gets_bars_and_is_not_stretched(make_film, make_clip, make_edl, tmp_path):
    path = make_film(tmp_path / "w.mp4", "W", 60, size=(180, 320))
    plan = plan_render(make_edl([(60, "W")], {"W": [make_clip(path, frames=60, size=(180, 320))]}), STILL)
    made = await take_thumbnail(plan, tmp_path / "t.jpg", asyncio.Event())
    with Image.open(made.path) as image:
        luma = np.asarray(image.convert("L")).astype(int)
    assert luma[:, :640].max() < 20
    assert luma[:, 1280:].max() < 20
    assert luma[:, 700:1200].mean() > 50


async def test_cancelling_leaves_nothing(make_film, make_clip, make_edl, tmp_path):
    path = make_film(tmp_path / "a.mp4", "A", 60)
    plan = plan_render(make_edl([(60, "A")], {"A": [make_clip(path, frames=60)]}), STILL)
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Cancelled):
        await take_thumbnail(plan, tmp_path / "t.jpg", stop)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
