"""Turn scored pictures of a programme into the best five for its thumbnail, the first of which is taken, with the reasons.

Rule `thumbnail-v2`: the score of thumbnail.py times steadiness, 3 / (3 + how much the picture changes until the next frame,
mean absolute luma), so that a still moment beats a gesture or a shake. The best picture comes first. Each further one is
the best that stands at least 5 s from all before it; a camera that is not among them goes first if its picture scores at
least half of what that best does. An operator may take any of them; the others stay on offer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ruach_studio.kernel.timebase import FrameRate, clock_text
from ruach_studio.render.plan import Decided, decided
from ruach_studio.render.thumbnail import MARGIN_S, Candidate, Score

RULES_VERSION = "thumbnail-v2"
OFFERED, SHORTLISTED = 5, 24
APART_S, SHORTLIST_APART_S = 5, 1
FRESH_CAMERA_PART = 0.5
_STEADY_HALF = 3.0  # mean luma change to the next frame that counts as half steady


@dataclass(frozen=True, slots=True)
class Picture:
    """A shortlisted picture: programme frame, camera, score, and how much it changes until the next frame (0..255)."""

    frame: int
    camera: str
    score: Score
    change: float

    @property
    def steadiness(self) -> float:
        """Return 1 where nothing moves, 0.5 where the picture changes by 3 of 255 from one frame to the next."""
        return _STEADY_HALF / (_STEADY_HALF + self.change)

    @property
    def total(self) -> float:
        """Return the score with steadiness, rounded so that equal pictures tie on every machine."""
        return round(self.score.total * self.steadiness, 5)


def shortlisted(candidates: Sequence[Candidate], rate: FrameRate) -> tuple[Candidate, ...]:
    """Return the best 24 that stand at least a second apart: those whose steadiness is worth measuring."""
    return _spread([(c, c.score.total, c.frame) for c in candidates], rate.frame_at(SHORTLIST_APART_S))


def rank_pictures(pictures: Sequence[Picture], rate: FrameRate, looked_at: int) -> tuple[tuple[Picture, ...], Decided]:
    """Return up to five pictures, best first, and why. `pictures` is not empty; `looked_at` is how many there were."""
    apart = rate.frame_at(APART_S)
    rest = sorted(pictures, key=lambda p: (-p.total, p.frame))
    chosen: list[Picture] = []
    while rest and len(chosen) < OFFERED:
        fresh = [p for p in rest if p.camera not in {c.camera for c in chosen}]
        best = fresh[0] if fresh and fresh[0].total >= FRESH_CAMERA_PART * rest[0].total else rest[0]
        chosen.append(best)
        rest = [p for p in rest if abs(p.frame - best.frame) >= apart]
    first = chosen[0]
    reasons = (
        reason_of(first, rate),
        f"best of {looked_at} pictures at least {MARGIN_S:g} s from a cut (of equals the earliest)",
        *(f"offered too: {reason_of(other, rate)}" for other in chosen[1:]),
    )
    read = {"rate": str(rate), "pictures": pictures, "lookedAt": looked_at}
    return tuple(chosen), decided(f"frame_{first.frame}", reasons, read, RULES_VERSION, min(1.0, first.total))


def reason_of(picture: Picture, rate: FrameRate) -> str:
    """Return what speaks for a picture, in numbers."""
    score = picture.score
    return (
        f"camera {picture.camera} at {clock_text(float(rate.seconds(picture.frame)))}, frame {picture.frame}: score "
        f"{picture.total:.3f} = sharpness {score.sharpness:.2f} x exposure {score.exposure:.2f} x contrast "
        f"{score.contrast:.2f} x unclipped {score.unclipped:.2f} x steadiness {picture.steadiness:.2f}"
    )


def _spread(scored: Sequence[tuple[Candidate, float, int]], apart: int) -> tuple[Candidate, ...]:
    chosen: list[Candidate] = []
    for candidate, _, frame in sorted(scored, key=lambda each: (-each[1], each[2])):
        if len(chosen) < SHORTLISTED and all(abs(frame - other.frame) >= apart for other in chosen):
            chosen.append(candidate)
    return tuple(chosen)
