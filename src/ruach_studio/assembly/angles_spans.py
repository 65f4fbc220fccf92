"""Turn the evidence per window into numbers per shot, all shots in one pass: what the words and doubts of `angle-v2` say.

A session of two hours has some 700 shots; asking the windows of each one by one took longer than finding them. Counts are
whole numbers and maxima do not depend on their order, so the numbers are the same to the bit as those of one shot at a time
(sums of shares stay sums per shot). Counterpart: `angles_words.py` and `angles_doubts.py` put them into words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask
from ruach_studio.assembly.angles_targets import Take
from ruach_studio.assembly.angles_weigh import Weighed
from ruach_studio.assembly.calibration import EVIDENCE_MIN_S

ACTIVE = 0.5
EARLY_S = 2.0
_PIECE = 4096  # windows that are worked on at once


@dataclass(frozen=True, slots=True)
class Spans:
    """Per shot: shares of its windows (0..1), `together` and `talking` in windows, whether each camera records throughout.

    `margin`: the mean by which the shown speakers' share leads the next, over the windows where somebody speaks; NaN where
    the shot shows nobody, everybody or several. `clearest`: the window of the largest level lead in the first two seconds of
    speech; -1 where no other microphone records. Of the whole session: `proven`, how many microphones have shown a speaker;
    `controlled`, those whose recorder controls its gain.
    """

    gap: Sequence[float]
    together: Sequence[int]
    idle: Sequence[float]
    talking: Sequence[int]
    films: Mapping[str, Sequence[bool]]
    margin: Sequence[float]
    clearest: Sequence[int]
    proven: int
    controlled: tuple[str, ...]


def spans_of(w: Weighed, chosen: Sequence[Take], window_s: float) -> Spans:
    """Return the numbers of each of `chosen`, which follow one another without a gap over all windows."""
    starts = np.array([take.start for take in chosen])
    lengths = np.array([take.end - take.start for take in chosen])

    def count(mask: Mask) -> Counts:
        return np.add.reduceat(mask, starts, dtype=np.int64)

    speaks = w.active >= ACTIVE
    talking = count(speaks)
    members = np.zeros((len(w.targets), w.share.shape[1]), dtype=bool)
    for t, target in enumerate(w.targets):
        members[t, list(target.speakers)] = True
    target_of = np.array([take.target for take in chosen])
    some = members.sum(axis=1)
    contest = ((some > 0) & (some < members.shape[1]))[target_of]
    films = {camera: np.logical_and.reduceat(mask, starts).tolist() for camera, mask in w.films.items()}
    margin = _margins(w.share, speaks, members, np.where(contest & (some[target_of] == 1), target_of, -1), starts, lengths)
    early = max(1, round(EARLY_S / window_s))
    clearest = _clearest(
        w, _first(speaks & np.repeat(contest, lengths), starts, lengths, early), members, target_of, lengths
    )
    return Spans(
        (count(w.gap) / lengths).tolist(), count(w.together).tolist(), (count(w.active < ACTIVE) / lengths).tolist(),
        talking.tolist(), films, margin, clearest, sum(mic.own_s >= EVIDENCE_MIN_S for mic in w.voices.mics),
        tuple(w.voices.mics[s].mic for s in range(len(w.agc)) if w.agc[s]),
    )  # fmt: skip


def _margins(
    share: Levels, speaks: Mask, members: Mask, target_of: Counts, starts: Counts, lengths: Counts
) -> Sequence[float]:
    """Return each shot's mean lead in share; `target_of` is -1 where there is none to tell."""
    shown = np.repeat(target_of, lengths)
    at = np.flatnonzero(speaks & (shown >= 0))
    own = members.argmax(axis=1)
    lead = np.empty(at.size)
    for low in range(0, at.size, _PIECE):
        some = at[low : low + _PIECE]
        rows, mine = share[some], (np.arange(some.size), own[shown[some]])
        his = rows[mine]
        rows[mine] = -np.inf
        # Column by column: along the rows it takes longer, a turned copy as much again.
        lead[low : low + _PIECE] = his - reduce(np.maximum, rows.T)
    edges = np.searchsorted(at, np.append(starts, speaks.size)).tolist()
    # The sum of each shot by itself: floats added in another order would differ in their last bits.
    return [float(np.add.reduce(lead[a:b])) / (b - a) if b > a else float("nan") for a, b in pairwise(edges)]


def _first(mask: Mask, starts: Counts, lengths: Counts, most: int) -> Counts:
    """Return the windows of `mask` that are among the first `most` of their shot."""
    so_far = np.concatenate([[0], np.cumsum(mask)])
    rank = so_far[1:] - np.repeat(so_far[starts], lengths)
    return np.flatnonzero(mask & (rank <= most))


def _clearest(w: Weighed, at: Counts, members: Mask, target_of: Counts, lengths: Counts) -> Sequence[int]:
    shot = np.repeat(np.arange(lengths.size), lengths)[at]
    level, shown = w.level_db[at], members[target_of[shot]]
    own = np.where(shown, level, -np.inf).max(axis=1)
    lead = own - np.where(~shown & w.heard[at], level, -np.inf).max(axis=1)
    known = np.isfinite(lead)
    at, shot, lead = at[known], shot[known], lead[known]
    found = np.full(lengths.size, -1, dtype=np.int64)
    # By shot, then the largest lead, then the earliest window; the first row of each shot is the one.
    order = np.lexsort((at, -lead, shot))
    first = np.flatnonzero(np.diff(shot[order], prepend=-1))
    found[shot[order][first]] = at[order][first]
    return found.tolist()
