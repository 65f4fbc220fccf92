"""Turn the evidence per window into numbers per shot, all shots in one pass: what the words and doubts of `angle-v2` say.

A session of two hours has some 700 shots; asking the windows of each one by one took longer than finding them. Counts are
whole numbers and maxima do not depend on their order, so the numbers are the same to the bit as those of one shot at a time
(sums of shares stay sums per shot). Counterpart: `angles_words.py` and `angles_doubts.py` put them into words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask
from ruach_studio.assembly.angles_targets import Take
from ruach_studio.assembly.angles_weigh import Weighed
from ruach_studio.assembly.calibration import EVIDENCE_MIN_S

ACTIVE = 0.5
EARLY_S = 2.0
_PIECE = 4096  # windows that are worked on at once
Lead = tuple[int, int, float, float]  # speaker who is shown, loudest other who is heard, their levels in dB re own speech


@dataclass(frozen=True, slots=True)
class Spans:
    """Per shot: shares of its windows (0..1), `together` and `talking` in windows, whether each camera records throughout.

    `margin`: the mean by which the shown speakers' share leads the next, over the windows where somebody speaks; NaN where
    the shot shows nobody, everybody or several. `clearest`: the window of the largest level lead in the first two seconds of
    speech; -1 where no other microphone records; `leads`: who leads whom there, by shot. Of the whole session: `proven`, how
    many microphones have shown a speaker; `controlled`, those whose recorder controls its gain.
    """

    gap: Sequence[float]
    together: Sequence[int]
    idle: Sequence[float]
    talking: Sequence[int]
    films: Mapping[str, Sequence[bool]]
    margin: Sequence[float]
    clearest: Sequence[int]
    leads: Mapping[int, Lead]
    proven: int
    controlled: tuple[str, ...]


def spans_of(w: Weighed, chosen: Sequence[Take], window_s: float) -> Spans:
    """Return the numbers of each of `chosen`, which follow one another without a gap over all windows."""
    starts = np.array([take.start for take in chosen])
    lengths = np.array([take.end - take.start for take in chosen])
    speakers = w.share.shape[1]

    def count(mask: Mask) -> Counts:
        return np.add.reduceat(mask, starts, dtype=np.int64)

    speaks = w.active >= ACTIVE
    members = np.zeros((len(w.targets), speakers), dtype=bool)
    for t, target in enumerate(w.targets):
        members[t, list(target.speakers)] = True
    target_of = np.array([take.target for take in chosen])
    shown = members.sum(axis=1)[target_of]
    contest = (shown > 0) & (shown < speakers)
    # The windows in which somebody speaks, of all shots that show some but not all; those of shot i from edges[i] on.
    at = np.flatnonzero(speaks & np.repeat(contest, lengths))
    edges = at.searchsorted(np.append(starts, speaks.size))
    talked = np.diff(edges)
    shot = np.repeat(np.arange(lengths.size), talked)
    own = np.repeat(members.argmax(axis=1)[target_of], talked)
    margin = np.where(contest & (shown == 1), _margins(w.share, at, own, shot, edges), np.nan).tolist()
    early = np.arange(at.size) - np.repeat(edges[:-1], talked) < max(1, round(EARLY_S / window_s))
    clearest, leads = _clearest(w, at[early], shot[early], members[target_of])
    films = {camera: np.logical_and.reduceat(mask, starts).tolist() for camera, mask in w.films.items()}
    return Spans(
        (count(w.gap) / lengths).tolist(), count(w.together).tolist(), (count(w.active < ACTIVE) / lengths).tolist(),
        count(speaks).tolist(), films, margin, clearest, leads, sum(mic.own_s >= EVIDENCE_MIN_S for mic in w.voices.mics),
        tuple(w.voices.mics[s].mic for s in range(len(w.agc)) if w.agc[s]),
    )  # fmt: skip


def _margins(share: Levels, at: Counts, own: Counts, shot: Counts, edges: Counts) -> Levels:
    """Return each shot's mean lead in share of the speaker `own` over the windows `at`; NaN where there is none."""
    shots = edges.size - 1
    # A zero before each shot's leads: NumPy adds a stretch to its first number, and the leads by themselves are then added
    # as one shot's alone would be. Floats added in another order would differ in their last bits.
    lead, place = np.zeros(at.size + shots), np.arange(1, at.size + 1) + shot
    for low in range(0, at.size, _PIECE):
        rows, mine = share.take(at[low : low + _PIECE], axis=0), own[low : low + _PIECE]
        his = rows[np.arange(mine.size), mine]
        # The largest and the next, column by column: along the rows it takes longer, a turned copy as much again.
        first, second = rows[:, 0].copy(), np.full(mine.size, -np.inf)
        for column in rows.T[1:]:
            np.maximum(second, np.minimum(first, column), out=second)
            np.maximum(first, column, out=first)
        lead[place[low : low + _PIECE]] = his - np.where(his == first, second, first)
    sums = np.add.reduceat(lead, edges[:-1] + np.arange(shots))
    count, mean = np.diff(edges), np.full(shots, np.nan)
    np.divide(sums, count, out=mean, where=count > 0)
    return mean


def _clearest(w: Weighed, at: Counts, shot: Counts, members: Mask) -> tuple[Sequence[int], Mapping[int, Lead]]:
    """Return each shot's clearest of the windows `at`, -1 for none, and what the levels are there; `members` by shot."""
    found = np.full(len(members), -1, dtype=np.int64)
    own, rival = np.full(at.size, -np.inf), np.full(at.size, -np.inf)
    level, shown = w.level_db.take(at, axis=0), members.take(shot, axis=0)
    other = ~shown if w.all_heard else ~shown & w.heard.take(at, axis=0)
    for s in range(members.shape[1]):  # a `where` of the function itself would take three times as long
        np.maximum(own, np.where(shown[:, s], level[:, s], -np.inf), out=own)
        np.maximum(rival, np.where(other[:, s], level[:, s], -np.inf), out=rival)
    lead = own - rival
    known = np.isfinite(lead)
    at, shot, lead = at[known], shot[known], lead[known]
    if not at.size:
        return found.tolist(), {}
    # The first window with the largest lead of its shot.
    firsts = np.flatnonzero(np.diff(shot, prepend=-1))
    most = np.repeat(np.maximum.reduceat(lead, firsts), np.diff(firsts, append=at.size))
    top = np.flatnonzero(lead == most)
    top = top[np.diff(shot[top], prepend=-1) > 0]
    at, shot = at[top], shot[top]
    found[shot] = at
    level, shown = w.level_db[at], members[shot]
    mine = np.where(shown, level, -np.inf).argmax(axis=1)
    theirs = np.where(~shown & w.heard[at], level, -np.inf).argmax(axis=1)
    row = np.arange(at.size)
    leads = zip(mine.tolist(), theirs.tolist(), level[row, mine].tolist(), level[row, theirs].tolist(), strict=True)
    return found.tolist(), dict(zip(shot.tolist(), leads, strict=True))
