"""Plans on black with something written on them, and where the written pixels of each frame are."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import AudioPlan, Lettering, RenderPlan, Segment
from ruach_studio.render.plan.lettering import Caption, CaptionWord
from ruach_studio.render.presets import PRESETS, VideoCodec

BLACK = 16
LOSSLESS = VideoCodec(crf=0)  # so that a pixel that is not black was written


def black(lettering: Lettering, frames: int, *, preset="full_16_9", size=None, fps="30", start=0, cuts=()) -> RenderPlan:
    """A plan of `frames` black frames; `cuts` divide it (each 8 black segments are a chunk)."""
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
