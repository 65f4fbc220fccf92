"""Turn measured pairs into one place per clip that fits them all as well as can be: weighted least squares, then a search
for the pair that lies.

Unknowns: offset and drift of each clip but the master's first. A pair says where two query times fall on the reference
(start and end of the overlap; one, in the middle, where its drift is not known), each within its residual divided by the
root of its agreeing anchors and by its confidence. Clips of one camera share a clock (within 3 ppm); drift is near 0 (300
ppm) where nothing else is known. A pair that stays more than 15 ms aside contradicts the others: of the pairs on loops the
one is left out without which the rest agree best; where two would do, the less sure, and the clips are marked as doubtful.

Counterpart: sync.py measures the pairs and reports what came out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.sync_model import ClipKey
from ruach_studio.assembly.sync_pair import PairMatch

INCONSISTENT_S = 0.015
SAME_CLOCK_PPM = 3.0
DRIFT_PPM = 300.0
LEVEL_PPM = 30.0
FOLLOW_S = 0.050
SUSPECTS = 8
SURER_BY = 0.1

_Row = tuple[dict[int, float], float]


@dataclass(frozen=True, slots=True)
class Edge:
    """A measured pair, or (`match` None) a clip that follows the one before it after `follows_s` of the reference's time."""

    query: ClipKey
    reference: ClipKey
    match: PairMatch | None
    follows_s: float = 0.0
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Solved:
    """Offset (s) and drift (ppm) of each clip, each edge's residual (s), the edges left out and why, the doubtful clips."""

    places: Mapping[ClipKey, tuple[float, float]]
    residuals_s: tuple[float, ...]
    left_out: Mapping[int, str]
    doubtful: frozenset[ClipKey]


def solve(edges: Sequence[Edge], anchor: ClipKey) -> Solved:
    """Return the places of all clips that the edges connect with `anchor`, which lies at 0 without drift."""
    keys = sorted({key for edge in edges for key in (edge.query, edge.reference)} | {anchor})
    left_out: dict[int, str] = {}
    doubtful: set[ClipKey] = set()
    places, _ = _fit(keys, edges, anchor, left_out)
    while True:
        residuals = [_residual_s(edge, places) for edge in edges]
        suspects = _suspects(edges, residuals, left_out, anchor)
        if not suspects:
            return Solved(places, tuple(residuals), left_out, frozenset(doubtful))
        worst_s = max(abs(residuals[index]) for index in suspects)
        tries = sorted((_fit(keys, edges, anchor, {*left_out, index})[1], index) for index in suspects)
        alike = [index for misfit, index in tries if misfit <= 1.5 * tries[0][0] + 1.0]
        alike.sort(key=lambda index: (edges[index].confidence, index))
        out, sure = alike[0], edges[alike[0]].confidence
        rivals = [index for index in alike[1:] if edges[index].confidence < sure + SURER_BY]
        for index in (out, *rivals) if rivals else ():
            doubtful |= {edges[index].query, edges[index].reference} - {anchor}
        left_out[out] = f"it contradicts the other pairs by {worst_s * 1e3:.0f} ms and is the least sure" if len(alike) > 1 \
            else "the other pairs agree without it"  # fmt: skip
        places, _ = _fit(keys, edges, anchor, left_out)


def _suspects(edges: Sequence[Edge], residuals: Sequence[float], left_out: Mapping[int, str], anchor: ClipKey) -> list[int]:
    """Return the used pairs that could be left out without losing a clip, if any pair in use stays aside."""
    used = [index for index in range(len(edges)) if index not in left_out and edges[index].match is not None]
    if not any(abs(residuals[index]) > INCONSISTENT_S for index in used):
        return []
    everyone = _reached(edges, left_out, anchor)
    spare = [index for index in used if _reached(edges, {*left_out, index}, anchor) == everyone]
    spare.sort(key=lambda index: (-abs(residuals[index]) / max(edges[index].confidence, 0.1), index))
    return spare[:SUSPECTS]


def _reached(edges: Sequence[Edge], without: "Mapping[int, str] | set[int]", anchor: ClipKey) -> frozenset[ClipKey]:
    reached, grew = {anchor}, True
    while grew:
        grew = False
        for index, edge in enumerate(edges):
            if index not in without and (edge.query in reached) != (edge.reference in reached):
                reached |= {edge.query, edge.reference}
                grew = True
    return frozenset(reached)


def _fit(
    keys: Sequence[ClipKey], edges: Sequence[Edge], anchor: ClipKey, without: "Mapping[int, str] | set[int]"
) -> tuple[dict[ClipKey, tuple[float, float]], float]:
    """Return the places and the pairs' misfit (the sum of squared residuals in units of what is expected)."""
    column = {key: 2 * place for place, key in enumerate(key for key in keys if key != anchor)}
    rows: list[_Row] = []
    for index, edge in enumerate(edges):
        if index not in without:
            rows += _rows(edge, column)
    measured = len(rows)
    for key in column:
        rows.append(({column[key] + 1: 1.0 / DRIFT_PPM}, 0.0))
        before = (key[0], key[1] - 1)
        if before in column or before == anchor:
            tie = {column[key] + 1: 1.0 / SAME_CLOCK_PPM}
            if before in column:
                tie[column[before] + 1] = -1.0 / SAME_CLOCK_PPM
            rows.append((tie, 0.0))
    matrix, wanted = np.zeros((len(rows), 2 * len(column))), np.array([value for _, value in rows])
    for number, (row, _) in enumerate(rows):
        for place, value in row.items():
            matrix[number, place] = value
    found: npt.NDArray[np.float64] = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    misfit = float(np.square((matrix @ found - wanted)[:measured]).sum())
    # far below what sound can tell, far above what two machines' linear algebra may differ by
    places = {key: (round(float(found[at]), 7), round(float(found[at + 1]), 4)) for key, at in column.items()}
    return {anchor: (0.0, 0.0), **places}, misfit


def _rows(edge: Edge, column: Mapping[ClipKey, int]) -> list[_Row]:
    """Return what an edge says: O_q + t D_q = O_r + r D_r + (r - t), D in ppm, in units of its uncertainty."""
    if edge.match is None:  # the clip's 0 is the reference's end
        return [_row(edge, column, 0.0, edge.follows_s, FOLLOW_S)]
    match = edge.match
    start_s, end_s = match.overlap_s
    sigma_s = max(match.residual_ms / 1e3, 3e-4) / np.sqrt(max(1.0, match.anchors / 4.0)) / max(match.confidence, 0.1)
    line = 1.0 + match.drift_ppm * 1e-6
    if match.drift_known and not match.steps and end_s > start_s:
        return [_row(edge, column, at, match.offset_s + at * line, float(sigma_s)) for at in (start_s, end_s)]
    at = match.base_s if match.steps else (start_s + end_s) / 2
    level = LEVEL_PPM if not match.drift_known else SAME_CLOCK_PPM
    slope: _Row = ({}, match.drift_ppm / level)
    for key, sign in ((edge.query, 1.0), (edge.reference, -1.0)):
        if key in column:
            slope[0][column[key] + 1] = sign / level
    return [_row(edge, column, at, match.offset_s + at * line, float(sigma_s)), slope]


def _row(edge: Edge, column: Mapping[ClipKey, int], query_s: float, reference_s: float, sigma_s: float) -> _Row:
    row: dict[int, float] = {}
    for key, sign, at in ((edge.query, 1.0, query_s), (edge.reference, -1.0, reference_s)):
        if key in column:
            row[column[key]] = sign / sigma_s
            row[column[key] + 1] = sign * at * 1e-6 / sigma_s
    return row, (reference_s - query_s) / sigma_s


def _residual_s(edge: Edge, places: Mapping[ClipKey, tuple[float, float]]) -> float:
    """Return by how much later the pair wants its query than the solution, at the middle of the overlap."""
    if edge.match is None:
        return 0.0
    match = edge.match
    at = match.base_s if match.steps else sum(match.overlap_s) / 2
    there = match.offset_s + at * (1.0 + match.drift_ppm * 1e-6)
    (query_s, query_ppm), (reference_s, reference_ppm) = places[edge.query], places[edge.reference]
    return reference_s + there * (1 + reference_ppm * 1e-6) - query_s - at * (1 + query_ppm * 1e-6)
