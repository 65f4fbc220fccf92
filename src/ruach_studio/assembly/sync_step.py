"""Turn segments that contradict the line into findings: where the recording jumps, by how much, and what lies beyond.

A straight line cannot describe a recorder that lost 200 ms in the middle: one side of the jump fits, the other lies aside by
the same amount everywhere. That is a step, not drift. The coarse stage finds it (two clear segments aside by the same 40 ms
to 60 s); here its size is measured at anchors of the far side, which must agree there and nowhere else, and its place by
asking second by second which of the two lines the sound follows. Up to four steps in one recording.

Counterpart: sync_pair.py reports them; sync.py turns them into pieces of a placement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.digest import PCM_RATE, Pcm, Stored
from ruach_studio.assembly.sync_coarse import SEGMENT_S, Line, SegmentPeak
from ruach_studio.assembly.sync_fine import Anchor, measure_anchors, overlap_s, peak_along
from ruach_studio.assembly.sync_line import AGREE_S
from ruach_studio.kernel.timebase import clock_text

CLEAR_Z = 8.0
LEAST_STEP_S = 0.040
MOST_STEP_S = 60.0
SAME_S = 0.040
LEAST_SEGMENTS = 2
MOST_STEPS = 4
FAR_SIDE_REACH_S = 0.060
FAR_SIDE_AGREEMENT = 0.6  # share of the far side's anchors that must agree on the new line
_PROBE_S, _PROBE_EVERY_S, _PROBE_REACH_S = 1.1, 0.5, 0.012


@dataclass(frozen=True, slots=True)
class Step:
    """Near query time `at_s` the reference gains `jump_ms` at once: missing from the query (below 0: doubled in it)."""

    at_s: float
    jump_ms: float

    def sentence(self) -> str:
        """Say it for a person."""
        kind = "missing" if self.jump_ms > 0 else "doubled"
        return f"near {clock_text(self.at_s)} the recording jumps: {abs(self.jump_ms):.0f} ms of sound seem to be {kind}"


def gained_s(steps: Sequence[Step], base_s: float, query_s: float) -> float:
    """Return how much further the reference is at `query_s` than the line says, which holds around `base_s`."""
    return sum(step.jump_ms * (int(step.at_s <= query_s) - int(step.at_s <= base_s)) for step in steps) / 1e3


def find_steps(
    query: Stored[Pcm], reference: Stored[Pcm], peaks: Sequence[SegmentPeak], line: Line
) -> tuple[tuple[Step, ...], float]:  # fmt: skip
    """Return the steps in the order of time, measured, and a query time around which `line` itself holds."""
    clear = [peak for peak in peaks if peak.z >= CLEAR_Z]
    fitting = [p.query_s for p in clear if abs(p.lag_s - float(line.lag_s(p.query_s))) < LEAST_STEP_S]
    steps: tuple[Step, ...] = ()
    if not fitting:
        return steps, 0.0
    base_s = float(np.median(fitting))
    for _ in range(MOST_STEPS):
        bent = [SegmentPeak(p.segment, p.query_s, p.lag_s - gained_s(steps, base_s, p.query_s), p.z) for p in clear]
        found = find_step(bent, line.offset_s, line.slope)
        measured = None if found is None else _measured(query, reference, line, found, steps, base_s)
        if measured is None:
            break
        steps = tuple(sorted((*steps, measured), key=lambda step: step.at_s))
    return steps, base_s


def find_step(peaks: Sequence[SegmentPeak], offset_s: float, slope: float) -> Step | None:
    """Return the step on one side of which the clear segments fit the line, to a segment's precision, or None."""
    clear = [peak for peak in peaks if peak.z >= CLEAR_Z]
    if not clear:
        return None
    when = np.array([p.query_s for p in clear])
    error = np.array([p.lag_s for p in clear]) - offset_s - slope * when
    fits, aside = when[np.abs(error) < LEAST_STEP_S], (np.abs(error) >= LEAST_STEP_S) & (np.abs(error) <= MOST_STEP_S)
    if not len(fits) or aside.sum() < LEAST_SEGMENTS:
        return None
    outer = aside & ((when < fits.min()) | (when > fits.max()))
    if not outer.any():
        return None
    nearest = np.flatnonzero(outer)[
        np.argmin(np.minimum(np.abs(when[outer] - fits.min()), np.abs(when[outer] - fits.max())))
    ]
    for jump in (float(np.median(error[aside])), float(error[nearest])):
        same = aside & (np.abs(error - jump) < SAME_S)
        before, after = when[same & (when < fits.min())], when[same & (when > fits.max())]
        if max(len(before), len(after)) < LEAST_SEGMENTS:
            continue
        if len(after) >= len(before):
            return Step(float((fits.max() + after.min()) / 2), jump * 1e3)
        return Step(float((before.max() + fits.min()) / 2), -jump * 1e3)
    return None


def _measured(
    query: Stored[Pcm], reference: Stored[Pcm], line: Line, rough: Step, known: Sequence[Step], base_s: float
) -> Step | None:  # fmt: skip
    """Measure a step's size at anchors beyond it and its place between; None if the far side does not agree."""
    later = rough.at_s > base_s
    extra_s = gained_s(known, base_s, rough.at_s) + (1 if later else -1) * rough.jump_ms / 1e3
    beyond = Line(line.offset_s + extra_s, line.slope, line.weight)
    edge = rough.at_s + (SEGMENT_S / 2 if later else -SEGMENT_S / 2)
    others = [step.at_s for step in known if (step.at_s > rough.at_s) == later and step.at_s != rough.at_s]
    start_s, end_s = overlap_s(beyond, len(query) / PCM_RATE, len(reference) / PCM_RATE)
    if later:
        start_s, end_s = max(start_s, edge), min([end_s, *(o for o in others if o > edge)])
    else:
        start_s, end_s = max([start_s, *(o for o in others if o < edge)]), min(end_s, edge)
    anchors = measure_anchors(query, reference, beyond, FAR_SIDE_REACH_S, within=(start_s, end_s))
    off_s = _agreed(anchors, beyond)
    if off_s is None:
        return None
    beyond = Line(beyond.offset_s + off_s, beyond.slope, beyond.weight)
    near = Line(line.offset_s + gained_s(known, base_s, rough.at_s), line.slope, line.weight)
    jump_s = beyond.offset_s - near.offset_s
    if abs(jump_s) < LEAST_STEP_S / 2:
        return None
    first, second = (near, beyond) if later else (beyond, near)
    return Step(_place(query, reference, first, second, rough.at_s), (jump_s if later else -jump_s) * 1e3)


def _agreed(anchors: Sequence[Anchor], line: Line) -> float | None:
    """Return by how much most anchors lie aside of the line, or None where there is no such majority."""
    if len(anchors) < 2:
        return None
    error = np.array([anchor.lag_s - float(line.lag_s(anchor.query_s)) for anchor in anchors])
    votes = (np.abs(error[:, None] - error[None, :]) < AGREE_S).sum(axis=1)
    near = np.abs(error - error[int(np.argmax(votes))]) < AGREE_S
    return float(np.median(error[near])) if near.mean() >= FAR_SIDE_AGREEMENT else None


def _place(query: Stored[Pcm], reference: Stored[Pcm], first: Line, second: Line, rough_s: float) -> float:
    """Return the query time from which on the sound follows `second` instead of `first`, within a second."""
    low = max(0.0, rough_s - SEGMENT_S)
    times = np.arange(low, min(len(query) / PCM_RATE - _PROBE_S, rough_s + SEGMENT_S), _PROBE_EVERY_S)
    if not len(times):
        return rough_s
    lead = [
        peak_along(query, reference, first, at, _PROBE_S, _PROBE_REACH_S)
        - peak_along(query, reference, second, at, _PROBE_S, _PROBE_REACH_S)
        for at in times.tolist()
    ]
    balance = np.concatenate(([0.0], np.cumsum(lead)))
    return float(low + int(np.argmax(balance)) * _PROBE_EVERY_S + _PROBE_S / 2 - _PROBE_EVERY_S / 2)
