"""The card of a chapter that begins in a stretch that is left out stands where the film goes on, in both ways of drawing."""

import asyncio
from dataclasses import replace

import av
import pytest
from tests.render.runners.lettering.conftest import BLACK, LOSSLESS

from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import PRESETS
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.render.runners.remotion_props import props_of


@pytest.fixture
def plan(make_edl, make_clip, tmp_path):
    """600 black frames: 200 to 350 are left out, and with them the beginning of the second chapter."""
    unseen = make_clip(tmp_path / "nobody-recorded.mp4", frames=600, offset_ms=10_000_000)
    edl = make_edl([(600, "A")], {"A": [unseen]})
    edl["tracks"]["omitted"] = [{"startFrame": 200, "endFrameExclusive": 350}]
    edl["tracks"]["chapters"] = [{"startMs": 0, "title": "Welcome"}, {"startMs": 8000, "title": "The sermon"}]
    return plan_render(edl, replace(PRESETS["full_16_9"], width=320, height=180, video=LOSSLESS))


async def test_the_card_is_drawn_where_the_film_goes_on(plan, tmp_path):
    picture = await FfmpegRunner().render(plan, tmp_path, lambda _: None, asyncio.Event())
    with av.open(str(picture.path)) as film:
        written = [n for n, frame in enumerate(film.decode(video=0)) if frame.to_ndarray(format="gray").max() > BLACK + 40]
    first, second = [n for n in written if n < 200], [n for n in written if n >= 200]
    assert (picture.frames, len(first), len(second)) == (450, len(second), len(first))
    assert second == [200 + n for n in first]
    assert 80 < len(second) <= 90  # three seconds, but for the ends of its fades


def test_remotion_is_told_the_frame_where_the_film_goes_on(plan):
    props = props_of(plan, {})
    assert [(c.start_frame, c.number, c.title) for c in props.lettering.chapters] == [
        (0, 1, "Welcome"), (350, 2, "The sermon"),
    ]  # fmt: skip
