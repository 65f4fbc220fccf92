"""Turn what moves in a camera's pictures into the place of its subject, 0 (left) to 1 (right), with the reasons.

A person at rest still moves; a room does not. Pairs of the camera's own pictures, spread over all its shots, say in which
of 32 columns the picture changed. The place is the centre of what moves inside the 9:16 crop that holds the most of it.
It counts if that crop holds at least 65 % of all that moves; the centre stays where it holds nine tenths of what the best
place would (so that a small doubt never shifts a picture), where hardly anything moves, and where the camera itself was
moved. One place per camera and session: a crop that wanders looks like a mistake. An operator's own word wins.

Pixels near black or white are left out: titles and burnt-in timecode change too, and blown windows flicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from ruach_studio.render.plan import Decided, decided

RULES_VERSION = "framing-v1"
CENTRE = Fraction(1, 2)
COLUMNS = 32
CROP_SHAPE = Fraction(9, 16)  # the narrowest standard format; wider ones take the same place
MOVED_LUMA = 10  # of 255: more than noise and a key frame's own quantisation
NEAR_BLACK, NEAR_WHITE = 24, 230
PARTS = 10_000  # a column counts in ten-thousandths of the picture
LEAST_PAIRS, LEAST_MOVED, MOST_MOVED = 3, 20, 4_000  # 0.2 % and 40 % of the picture
SURE, CENTRE_WILL_DO = Fraction(65, 100), Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the picture at programme frame `frame` differs from the one before: per column, in ten-thousandths."""

    frame: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a camera's subject is taken to be, whether that was found (or told) rather than assumed, and why."""

    camera: str
    x: Fraction
    known: bool
    decided: Decided


def moved_columns(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> tuple[int, ...]:
    """Return how much of each of 32 columns moved between two pictures (luma, equal sizes, about 160 wide)."""
    low, high = np.minimum(before, after), np.maximum(before, after)
    moved = (high - low > MOVED_LUMA) & (low > NEAR_BLACK) & (high < NEAR_WHITE)
    edges = np.linspace(0, moved.shape[1], COLUMNS + 1).astype(int)
    counts = np.add.reduceat(moved.sum(axis=0), edges[:-1])
    return tuple(int(count) * PARTS // moved.size for count in counts)


def place_subject(camera: str, crop_share: Fraction, motions: Sequence[Motion], told: Fraction | None = None) -> Placed:
    """Return the subject's place; `crop_share` is the part of the picture's width that a 9:16 crop keeps (1: all of it).

    `told` is what an operator said.
    """
    read = {"camera": camera, "cropShare": crop_share, "motions": motions if told is None else (), "told": told}
    x, known, reasons, sure = _told(told) if told is not None else _found(crop_share, motions)
    whole = (f"camera {camera}: {reasons[0]}", *reasons[1:])
    return Placed(camera, x, known, decided(f"x_{float(x):.2f}", whole, read, RULES_VERSION, sure))


_Answer = tuple[Fraction, bool, tuple[str, ...], float | None]


def _told(x: Fraction) -> _Answer:
    return x, True, (f"the operator put the subject at {float(x):.2f}",), None


def _found(crop_share: Fraction, motions: Sequence[Motion]) -> _Answer:
    if crop_share >= 1:
        return CENTRE, True, ("the picture is no wider than the crop",), None
    steady = [motion for motion in motions if sum(motion.columns) <= MOST_MOVED]
    if len(steady) < LEAST_PAIRS:
        moved = f", {len(motions) - len(steady)} show the camera itself moving" if len(steady) < len(motions) else ""
        return _centre(f"{len(motions)} pairs of pictures to compare{moved}; {LEAST_PAIRS} are needed")
    columns = [sum(values) for values in zip(*(motion.columns for motion in steady), strict=True)]
    total = sum(columns)
    part = total / len(steady) / PARTS
    if total < LEAST_MOVED * len(steady):
        return _centre(f"hardly anything moves ({part:.2%} of the picture)")
    x = _best(columns, crop_share)
    best, middle = (_inside(columns, crop_share, place) / total for place in (x, CENTRE))
    facts = f"{len(steady)} pairs of pictures, {part:.1%} of the picture moves"
    if best < SURE:
        return _centre(f"no crop holds what moves: at most {float(best):.0%}, at {float(x):.2f}", facts)
    if middle >= CENTRE_WILL_DO * best:
        return CENTRE, True, (f"a centre crop holds {float(middle):.0%} of what moves", facts), round(float(middle), 4)
    reason = f"{float(best):.0%} of what moves is around {float(x):.2f}; a centre crop holds {float(middle):.0%}"
    return x, True, (reason, facts), round(float(best), 4)


def _centre(*reasons: str) -> _Answer:
    return CENTRE, False, (*reasons, "so the crop stays at the centre; an operator can say where the subject is"), None


def _best(columns: Sequence[int], share: Fraction) -> Fraction:
    """Return the centre of what moves in the fullest crop, in hundredths; of equal crops the one nearest the centre."""
    reach = [Fraction(i, 100) for i in range(101) if share / 2 <= Fraction(i, 100) <= 1 - share / 2] or [CENTRE]
    fullest = max(reach, key=lambda x: (_inside(columns, share, x), -abs(x - CENTRE), -x))
    low, high = fullest - share / 2, fullest + share / 2
    weight, moment = Fraction(0), Fraction(0)
    for i, count in enumerate(columns):
        a, b = max(Fraction(i, COLUMNS), low), min(Fraction(i + 1, COLUMNS), high)
        if a < b:
            weight += count * (b - a)
            moment += count * (b - a) * (a + b) / 2
    middle = Fraction(round(100 * moment / weight), 100)
    return min(max(middle, reach[0]), reach[-1])


def _inside(columns: Sequence[int], share: Fraction, x: Fraction) -> Fraction:
    """Return how much of `columns` a crop `share` wide and centred at `x` holds, columns cut where it cuts them."""
    sums = [0, *accumulate(columns)]

    def below(edge: Fraction) -> Fraction:
        at = min(max(edge, Fraction(0)), Fraction(1)) * COLUMNS
        whole = min(int(at), COLUMNS - 1)
        return sums[whole] + (at - whole) * columns[whole]

    return below(x + share / 2) - below(x - share / 2)
