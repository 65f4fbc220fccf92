"""Turn candidate pictures of a programme into the one for its thumbnail, with the reasons.

Candidates lie inside a shot, at least 0.5 s from a cut, and are key frames (decoding only those of two minutes costs 1.5
CPU-s, decoding everything 35, and FFmpeg's own `thumbnail` filter chose a blurred one). The score multiplies sharpness
(mean absolute Laplacian), exposure (mid grey is best), contrast (spread of luma) and freedom from clipping, each in
[0, 1]. Highest wins, of equals the earliest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.kernel.timebase import FrameRate, clock_text, round_half_up
from ruach_studio.render.plan import Decided, RenderPlan, Segment, decided

RULES_VERSION = "thumbnail-v1"
MARGIN_S = 0.5
_SHARP_HALF = 6.0  # mean absolute Laplacian (8-bit luma, 320 wide) that counts as half sharp
_MID_GREY, _FULL_SPREAD = 118.0, 55.0


@dataclass(frozen=True, slots=True)
class Score:
    """How good one picture is; every factor in [0, 1]."""

    sharpness: float
    exposure: float
    contrast: float
    unclipped: float

    @property
    def total(self) -> float:
        """Return the product of the factors, rounded so that equal pictures tie on every machine."""
        return round(self.sharpness * self.exposure * self.contrast * self.unclipped, 5)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture: programme frame, camera, and its score."""

    frame: int
    camera: str
    score: Score


def quiet_stretches(plan: RenderPlan) -> tuple[tuple[Segment, int, int], ...]:
    """Return (segment, first frame, end exclusive): the programme frames at least 0.5 s from a change of camera or black.

    Where every shot is too short for that, the middle frame of the longest one.
    """
    margin = round_half_up(plan.rate.value / 2)
    shown = [s for s in plan.segments if s.clip is not None]
    found = []
    for segment in shown:
        lo = segment.start_frame + (margin if segment.start_frame > plan.start_frame else 0)
        hi = segment.end_frame_exclusive - (margin if segment.end_frame_exclusive < plan.end_frame_exclusive else 0)
        if lo < hi:
            found.append((segment, lo, hi))
    if not found and shown:
        longest = max(shown, key=lambda s: (s.frames, -s.start_frame))
        middle = longest.start_frame + longest.frames // 2
        found.append((longest, middle, middle + 1))
    return tuple(found)


def score_picture(luma: npt.NDArray[np.uint8]) -> Score:
    """Score a picture by its luma (h, w), 8 bits, about 320 pixels wide."""
    y = luma.astype(np.float32)
    laplacian = np.abs(4 * y[1:-1, 1:-1] - y[:-2, 1:-1] - y[2:, 1:-1] - y[1:-1, :-2] - y[1:-1, 2:]).mean()
    mean, spread = float(y.mean()), float(y.std())
    clipped = float(((luma <= 16) | (luma >= 243)).mean())
    return Score(
        sharpness=float(laplacian / (laplacian + _SHARP_HALF)),
        exposure=max(0.0, 1.0 - abs(mean - _MID_GREY) / _MID_GREY),
        contrast=min(1.0, spread / _FULL_SPREAD),
        unclipped=1.0 - clipped,
    )


def choose_picture(candidates: Sequence[Candidate], rate: FrameRate) -> tuple[Candidate, Decided]:
    """Return the best candidate and why. `candidates` is not empty."""
    best = max(candidates, key=lambda c: (c.score.total, -c.frame))
    score = best.score
    reasons = (
        f"camera {best.camera} at {clock_text(float(rate.seconds(best.frame)))}, frame {best.frame}",
        f"score {score.total:.3f}: sharpness {score.sharpness:.2f} x exposure {score.exposure:.2f} x contrast "
        f"{score.contrast:.2f} x unclipped {score.unclipped:.2f}",
        f"best of {len(candidates)} pictures at least {MARGIN_S:g} s from a cut (of equals the earliest)",
    )
    read = {"rate": str(rate), "candidates": candidates}
    return best, decided(f"frame_{best.frame}", reasons, read, RULES_VERSION, min(1.0, score.total))
