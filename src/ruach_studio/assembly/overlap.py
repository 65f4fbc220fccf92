"""Turn voices into stretches where people talk at once, each with its name, and name who held and who wins the floor.

Two voices within 10 dB of their usual level for half of a second and a half are an overlap. Three seconds and more of it are
cross-talk; less, with at least three voices, or with the same speaker before and after, is laughter; the rest is a
collision. A backchannel is a voice of 0.2 to 1.2 s under another one that goes on. Counterpart: angles_weigh.py prices them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ruach_studio.assembly.angles_shot import Levels, Mask

LEVEL_DB = -10.0
DENSITY, DENSITY_S = 0.5, 1.6
CROSSTALK_S = 3.0
AROUND_S = 2.0
BACKCHANNEL_S = (0.2, 1.2)

OverlapKind = Literal["crosstalk", "laughter", "collision"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Windows [start, end) in which several talk; `before` and `after`: who leads around it (-1: nobody)."""

    start: int
    end: int
    kind: OverlapKind
    before: int
    after: int


def overlaps(voiced: Mask, level: Levels, window_s: float, least_s: float) -> tuple[Overlap, ...]:
    """Return the overlaps in order. `voiced` (n, speakers): who is at full voice; `level` says who leads."""
    if voiced.shape[1] < 2:
        return ()
    several = voiced.sum(axis=1) >= 2
    width = max(1, round(DENSITY_S / window_s))
    dense = np.convolve(several, np.ones(width) / width, mode="same") >= DENSITY
    edges = np.flatnonzero(np.diff(np.concatenate([[False], dense, [False]]).astype(np.int8)))
    around = round(AROUND_S / window_s)
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if (end - start) * window_s < least_s:
            continue
        before = _leader(voiced, level, max(0, start - around), int(start))
        after = _leader(voiced, level, int(end), min(level.shape[0], end + around))
        many = float((voiced[start:end].sum(axis=1) >= 3).mean()) >= 0.4
        kind: OverlapKind = "collision"
        if (end - start) * window_s >= CROSSTALK_S:
            kind = "crosstalk"
        elif many or (before == after and before >= 0):
            kind = "laughter"
        found.append(Overlap(int(start), int(end), kind, before, after))
    return tuple(found)


def backchannels(voiced: Mask, window_s: float) -> tuple[tuple[int, int, int], ...]:
    """Return (start, end, speaker) of the short voices under another one that speaks before and after them."""
    short, long = (round(limit / window_s) for limit in BACKCHANNEL_S)
    found = []
    for s in range(voiced.shape[1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced[:, s], [False]]).astype(np.int8)))
        others = np.delete(voiced, s, axis=1)
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            if not short <= end - start <= long or not others.size or start == 0 or end == len(voiced):
                continue  # at the very beginning or end nobody can speak before and after it
            around = others[max(0, start - 2 * long) : start].mean(axis=0) + others[end : end + 2 * long].mean(axis=0)
            if around.size and float(around.max()) >= 1.0:
                found.append((int(start), int(end), s))
    return tuple(sorted(found))


def _leader(voiced: Mask, level: Levels, low: int, high: int) -> int:
    if high <= low or not voiced[low:high].any():
        return -1
    return int(np.argmax(np.where(voiced[low:high], level[low:high] + 100.0, 0.0).sum(axis=0)))
