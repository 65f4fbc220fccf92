"""Turn the levels of a whole talk into one ray per speaker: how loud he is on each microphone, in dB, up to his loudness.

While one person speaks, the levels at all microphones lie on a ray: louder or softer, the differences between the
microphones stay. So the windows of single voices crowd around as many points as there are speakers, once the mean over
the microphones is taken off; those of two voices scatter between. A crowd's middle has more windows near it (RMS 1.5 dB)
than any window within 2 dB (density peaks: Rodriguez and Laio, 2014). No threshold on who leads is needed, so neither
gains nor strong bleed hide a speaker. Which ray is whose: each stands out at his own microphone, that is, is louder there
than the rays' mean there; the assignment with the largest sum of that (Hungarian method) does not depend on gains and
leaves a microphone that only hears others without a ray. Counterpart: calibration_rays.py makes calibrated voices of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ruach_studio.assembly.angles_shot import Counts, Levels

SNR_MIN_DB = 6.0
LEARN_MOST = 1500  # windows, evenly spread
NEAR_DB = 1.5
APART_DB = 2.0
MINE_DB = 3.0
LEAST = 8.0  # windows at one point; fewer are chance
REFINEMENTS = 5
_PIECE = 100  # rows of a matrix that are worked on at once


@dataclass(frozen=True, slots=True)
class Rays:
    """`level_db` (n_mics, n_rays): levels of each speaker, mean 0; `mic` (n_rays,): whose microphone, ascending.

    `apart_db`: RMS distance of the two rays that are most alike; inf with fewer than two.
    """

    level_db: Levels
    mic: Counts
    apart_db: float


def rays_of(level_db: Levels, floor_db: Levels) -> Rays:
    """Return the rays in `level_db`, (n_windows, n_mics), calmed levels without gaps; at most one per microphone.

    `floor_db`, (n_mics,): a microphone's noise; what lies more than 3 dB under it is put there.
    """
    mics = level_db.shape[1]
    none = Rays(np.zeros((mics, 0)), np.zeros(0, np.int64), np.inf)
    loud = np.flatnonzero((level_db - floor_db).max(axis=1) >= SNR_MIN_DB)
    at = loud[:: max(1, -(-loud.size // LEARN_MOST))]
    if mics < 2 or at.size < LEAST:
        return none
    points = np.maximum(level_db[at], floor_db - 3.0)
    points -= points.mean(axis=1, keepdims=True)
    found = _peaks(points, mics)
    if not found.size:
        return none
    middles = _refined(points, points[found])
    rows, columns = linear_sum_assignment(middles.mean(axis=0) - middles)
    order = np.argsort(columns)
    apart = distance_db(middles, middles)[np.triu_indices(len(middles), 1)]
    closest = float(apart.min()) if apart.size else np.inf
    return Rays(middles[rows[order]].T.copy(), np.asarray(columns[order], dtype=np.int64), closest)


def distance_db(points: Levels, others: Levels) -> Levels:
    """Return the RMS difference in dB of each of `points` (n, mics) to each of `others` (m, mics), loudness left out."""
    a, b = points - points.mean(axis=1, keepdims=True), others - others.mean(axis=1, keepdims=True)
    # Not by BLAS: its threads wait in a loop for more than they are given here, and take processor time meanwhile.
    both = np.einsum("ki,kj->ij", np.ascontiguousarray(2.0 * a.T), np.ascontiguousarray(b.T))
    square = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - both
    apart: Levels = np.sqrt(np.maximum(square, 0.0) / max(points.shape[1] - 1, 1))
    return apart


def _distances(points: Levels) -> Iterator[tuple[slice, Levels]]:
    """Yield the distances of a few points to all, and which points these are."""
    for low in range(0, len(points), _PIECE):
        rows = slice(low, low + _PIECE)
        yield rows, distance_db(points[rows], points)


def _peaks(points: Levels, most: int) -> Counts:
    """Return the windows in the middle of the `most` largest crowds, or of fewer."""
    near = [np.exp(-np.square(apart / NEAR_DB)).sum(axis=1) for _, apart in _distances(points)]
    density = np.concatenate(near).round(6)
    order = np.argsort(-density, kind="stable")
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    denser = []  # how far the nearest window of a denser place is
    for rows, apart in _distances(points):  # made twice: the matrix of all windows is 18 MB
        apart[rank >= rank[rows, None]] = np.inf
        denser.append(apart.min(axis=1))
    higher = np.concatenate(denser)[order]
    crowd = (higher >= APART_DB) & (density[order] >= LEAST)
    size = np.where(crowd, density[order] * np.minimum(higher, 15.0), 0.0)
    found = np.argsort(-size, kind="stable")[:most]
    return order[found[size[found] > 0]]


def _refined(points: Levels, middles: Levels) -> Levels:
    for _ in range(REFINEMENTS):
        apart = distance_db(points, middles)
        own = apart.argmin(axis=1)
        for k in range(len(middles)):
            mine = (own == k) & (apart[:, k] < MINE_DB)
            if mine.sum() >= 5:
                middles[k] = np.median(points[mine], axis=0)
    return middles
