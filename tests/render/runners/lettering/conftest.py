"""What runner tests share: plans on black with something written on them, the tools for Remotion, three odd cameras."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import AudioPlan, Lettering, RenderPlan, Segment
from ruach_studio.render.plan.lettering import Caption, CaptionWord
from ruach_studio.render.presets import PRESETS, VideoCodec
from ruach_studio.render.runners.remotion_site import ensure_site
from ruach_studio.render.runners.remotion_tools import RemotionMissing, find_tools

BLACK = 16
LOSSLESS = VideoCodec(crf=0)  # so that a pixel that is not black was written


def black(lettering: Lettering, frames: int, *, preset="full_16_9", size=None, fps="30", start=0, cuts=()) -> RenderPlan:
    """A plan of `frames` black frames; `cuts` divide it (each 8 segments are a chunk)."""
    chosen = replace(PRESETS[preset], video=LOSSLESS)
    if size is not None:
        chosen = replace(chosen, width=size[0], height=size[1])
    edges = [start, *(start + cut for cut in cuts), start + frames]
    segments = tuple(Segment(a, b, "A", None, None) for a, b in pairwise(edges))
    rate = FrameRate.parse(fps)
    return RenderPlan(
        chosen, "talk-1", 3, rate, start, start + frames, segments, AudioPlan(Fraction(0), 0, (), ()), (), None, lettering
    )


def said(start: int, end: int, *lines: str) -> Caption:
    """A caption whose words share its frames evenly."""
    count = sum(len(line.split()) for line in lines)
    edges = [start + (end - start) * i // count for i in range(count + 1)]
    words = [CaptionWord(word, 0, 0) for line in lines for word in line.split()]
    words = [replace(w, start_frame=a, end_frame_exclusive=b) for w, a, b in zip(words, edges, edges[1:], strict=False)]
    rows, at = [], 0
    for line in lines:
        rows.append(tuple(words[at : at + len(line.split())]))
        at += len(line.split())
    return Caption(start, end, tuple(rows))


def boxes(path) -> list[tuple[int, int, int, int] | None]:
    """Return per frame the box (x0, y0, x1, y1; ends excluded) around everything that is not black."""
    found = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            luma = frame.to_ndarray(format="yuv420p")[: frame.height]
            rows, columns = np.nonzero((luma > BLACK).any(axis=1))[0], np.nonzero((luma > BLACK).any(axis=0))[0]
            found.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if len(rows) else None)
    return found


@pytest.fixture(scope="session")
def black_plan():
    return black


@pytest.fixture(scope="session")
def caption():
    return said


@pytest.fixture(scope="session")
def written_boxes():
    return boxes


# Bundling takes 13 s of a quiet machine; a site is named by its content, so a kept one is never a stale one.
SITES = Path(__file__).resolve().parents[3] / "remotion" / "node_modules" / ".cache" / "ruach-sites"


@pytest.fixture(scope="session")
def remotion():
    """Node.js, Chromium and the packages, with the composition bundled; the test is skipped where they are missing."""
    try:
        tools = find_tools(SITES)
    except RemotionMissing as error:
        pytest.skip(f"Remotion is not installed here: {error}")
    asyncio.run(ensure_site(tools, asyncio.Event()))
    return tools


@pytest.fixture(scope="session")
def odd_cameras(tmp_path_factory, make_film, make_clip):
    """A 30 fps; B 25 fps, early, fast clock, an odd name; W 29.97 fps in Matroska, upright, late, slow clock."""
    folder = tmp_path_factory.mktemp("odd")
    a = make_film(folder / "a.mp4", "A", 240)
    b = make_film(folder / "b's [1].mp4", "B", 220, fps="25")
    w = make_film(folder / "w.mkv", "W", 240, fps="30000/1001", size=(180, 320))
    return {
        "A": [make_clip(a, frames=240)],
        "B": [make_clip(b, frames=220, fps="25", offset_ms=-417.3, drift_ppm=83.25)],
        "W": [make_clip(w, frames=240, fps="30000/1001", offset_ms=303.7, drift_ppm=-5000, size=(180, 320))],
    }
