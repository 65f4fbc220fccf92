"""Turn the sound of two clips into where one lies on the other's time, with a confidence that unrelated sound cannot earn.

Coarse lines (sync_coarse.py) are measured at up to 28 anchors, twice: within 120 ms of the line, within 20 ms of the fit.
Confidence is the product of
- agreement: the share of anchors within 8 ms of one line, 0 at 35 %, 1 at 80 % (unrelated sound reaches 30 to 40 %);
- certainty: either peaks far above the correlation's noise (0 at 6 times, 1 at 12; unrelated 4 to 6, true pairs 15 to 30) or
  so many agreeing anchors that chance is out of the question (0 at 5, 1 at 13);
- length: full from 4 s of common sound on.
It is capped at 0.7 when the recording jumps (each piece is then measured by itself), and at 0.6 when a second place fits
almost as well (a jingle played twice).

The pair is always computed with the shorter clip as the query, so both directions are exact inverses of each other.
"""

from dataclasses import dataclass, replace

import numpy as np

from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.sync_coarse import Line, SegmentPeak, candidate_lines, segment_peaks
from ruach_studio.assembly.sync_fine import Anchor, measure_anchors, overlap_s
from ruach_studio.assembly.sync_line import FittedLine, fit_line
from ruach_studio.assembly.sync_step import Step, find_steps, gained_s
from ruach_studio.assembly.sync_track import Track

CANDIDATES = 4
FIRST_REACH_S = 0.120
SECOND_REACH_S = 0.020
CLEAR_CONFIDENCE = 0.9
STEP_CAP = 0.7
TWIN_CAP = 0.6
TWIN_SHARE = 0.7
FULL_OVERLAP_S = 4.0
CONFIRMED_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class PairMatch:
    """`reference_s = offset_s + query_s * (1 + drift_ppm * 1e-6)`; `residual_ms` is the RMS of the agreeing anchors.

    With `steps` that line holds around query time `base_s` and each step adds its jump beyond. `overlap_s` is the part of
    the query that the reference recorded too; `anchors` is how many agree.
    """

    offset_s: float
    drift_ppm: float
    confidence: float
    residual_ms: float
    inlier_fraction: float
    reasons: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    base_s: float = 0.0
    overlap_s: tuple[float, float] = (0.0, 0.0)
    drift_known: bool = False
    anchors: int = 0

    def reference_s(self, query_s: float) -> float:
        """Return the reference time of a query time, steps included."""
        gained = gained_s(self.steps, self.base_s, query_s)
        return self.offset_s + query_s * (1.0 + self.drift_ppm * 1e-6) + gained


NO_MATCH = PairMatch(0.0, 0.0, 0.0, 0.0, 0.0, ("the two recordings have no sound in common that can be matched",))


@dataclass(frozen=True, slots=True)
class _Fit:
    line: FittedLine
    anchors: list[Anchor]
    agreeing: int
    peak: float
    common_s: float
    confidence: float

    @property
    def evidence(self) -> float:
        return self.agreeing * self.peak


def match(query: Track, reference: Track) -> PairMatch:
    """Return where `query` lies on `reference`; no usable match is confidence 0, never an error."""
    swapped = query.rank > reference.rank
    if swapped:
        query, reference = reference, query
    peaks = segment_peaks(query.features, reference.features, reference.shelf)
    fits: list[_Fit] = []
    lines = candidate_lines(peaks, CANDIDATES)
    for number, line in enumerate(lines):
        fit = _fit(query.digest, reference.digest, _steady(line, peaks))
        if fit is not None:
            fits.append(fit)
        runner_up = lines[number + 1].weight if number + 1 < len(lines) else 0.0
        if fit is not None and fit.confidence >= CLEAR_CONFIDENCE and line.weight > 2 * runner_up:
            break  # the others cannot come near
    if not fits:
        return NO_MATCH
    fits.sort(key=lambda f: (-f.confidence, -f.evidence))
    return _report(query.digest, reference.digest, fits, peaks, swapped)


def confirm(query: Track, reference: Track, offset_s: float, drift_ppm: float) -> PairMatch | None:
    """Measure the pair only within 120 ms of where it should lie; None unless nearly all of the overlap agrees there.

    A fifth of the cost of a search, and blind to jumps: hence the high demand (confidence 0.9, 85 % of the anchors).
    """
    slope = drift_ppm * 1e-6
    swapped = query.rank > reference.rank
    if swapped:
        query, reference = reference, query
        offset_s, slope = -offset_s / (1.0 + slope), 1.0 / (1.0 + slope) - 1.0
    fit = _fit(query.digest, reference.digest, Line(offset_s, slope, 0.0))
    if fit is None or fit.confidence < CLEAR_CONFIDENCE or fit.agreeing < CONFIRMED_SHARE * len(fit.anchors):
        return None
    return _report(query.digest, reference.digest, [fit], [], swapped)


def _steady(line: Line, peaks: list[SegmentPeak]) -> Line:
    """Level a slope that the coarse stage cannot know: less than one frame (20 ms) over the query's length."""
    when = [p.query_s for p in peaks]
    middle, extent = (min(when) + max(when)) / 2, max(when) - min(when)
    if abs(line.slope) * extent >= 0.020:
        return line
    return Line(float(line.lag_s(middle)), 0.0, line.weight)


def _fit(query: AudioDigest, reference: AudioDigest, line: Line) -> _Fit | None:
    anchors = measure_anchors(query.pcm8k, reference.pcm8k, line, FIRST_REACH_S)
    first = fit_line(anchors)
    if first is None:
        return None
    agreeing = [anchor.peak for anchor, inlier in zip(anchors, first.inliers, strict=True) if inlier]
    peak = float(np.median(agreeing)) if agreeing else 0.0
    refined = Line(first.offset_s, first.slope, line.weight)
    start_s, end_s = overlap_s(refined, query.duration_s, reference.duration_s)
    common_s = max(0.0, end_s - start_s)
    confidence = _confidence(len(agreeing), len(anchors), peak, common_s)
    second = fit_line(measure_anchors(query.pcm8k, reference.pcm8k, refined, SECOND_REACH_S)) if confidence > 0 else None
    better = second if second is not None and sum(second.inliers) >= len(agreeing) // 2 else first
    return _Fit(better, anchors, len(agreeing), peak, common_s, confidence)


def _confidence(agreeing: int, count: int, peak: float, common_s: float) -> float:
    agreement = _ramp(agreeing / count, 0.35, 0.80)
    certainty = 1.0 - (1.0 - _ramp(peak, 6.0, 12.0)) * (1.0 - _ramp(agreeing, 5, 13))
    return round(agreement * certainty * min(1.0, common_s / FULL_OVERLAP_S), 4)


def _ramp(value: float, zero: float, one: float) -> float:
    return min(1.0, max(0.0, (value - zero) / (one - zero)))


def _report(
    query: AudioDigest, reference: AudioDigest, fits: list[_Fit], peaks: list[SegmentPeak], swapped: bool
) -> PairMatch:  # fmt: skip
    best = fits[0]
    line, confidence = best.line, best.confidence
    if confidence <= 0:
        return replace(NO_MATCH, reasons=(f"the sounds do not match: {_agreement(best)}, no better than chance",))
    offset_s, slope = line.offset_s, line.slope
    steps, base_s = find_steps(query.pcm8k, reference.pcm8k, peaks, Line(offset_s, slope, 0.0))
    found, at = steps, base_s
    overlap = _overlap(best, query, reference, steps, base_s)
    if swapped:  # r = o + q (1 + d)  =>  q = -o / (1 + d) + r / (1 + d)
        there = PairMatch(offset_s, slope * 1e6, 1.0, 0.0, 1.0, (), steps, base_s)
        steps = tuple(Step(there.reference_s(step.at_s - 1e-6), -step.jump_ms) for step in steps)
        overlap = (there.reference_s(overlap[0]), there.reference_s(overlap[1]))
        offset_s, slope, base_s = 0.0 - offset_s / (1.0 + slope), 1.0 / (1.0 + slope) - 1.0, there.reference_s(base_s)
    residual_ms = line.residual_s * 1e3
    reasons = [f"{_agreement(best)} within {max(residual_ms, 0.1):.1f} ms; {_drift(best, slope)}"]
    if steps:  # the far side has been measured by itself: only anchors of the line's own piece count against it
        own = sum(gained_s(found, at, anchor.query_s) == 0.0 for anchor in best.anchors)
        confidence = min(_confidence(best.agreeing, max(own, best.agreeing), best.peak, best.common_s), STEP_CAP)
        reasons += [step.sentence() for step in steps]
    twins = [f for f in fits[1:] if f.confidence >= 0.5 and f.evidence >= TWIN_SHARE * best.evidence]
    if twins:
        confidence = min(confidence, TWIN_CAP)
        reasons.append(f"a second place fits almost as well, {abs(twins[0].line.offset_s - line.offset_s):.3f} s away")
    if best.common_s < FULL_OVERLAP_S:
        reasons.append(f"only {best.common_s:.1f} s of common sound")
    return PairMatch(
        offset_s=offset_s,
        drift_ppm=slope * 1e6,
        confidence=confidence,
        residual_ms=residual_ms,
        inlier_fraction=best.agreeing / len(best.anchors),
        reasons=tuple(reasons),
        steps=steps,
        base_s=base_s,
        overlap_s=overlap,
        drift_known=bool(np.isfinite(line.slope_error)),
        anchors=best.agreeing,
    )


def _overlap(
    fit: _Fit, query: AudioDigest, reference: AudioDigest, steps: tuple[Step, ...], base_s: float
) -> tuple[float, float]:  # fmt: skip
    """Return the common part in the query's seconds; a step moves the end that lies beyond it."""
    line = Line(fit.line.offset_s, fit.line.slope, 0.0)
    start_s, end_s = (
        overlap_s(
            replace(line, offset_s=line.offset_s + gained_s(steps, base_s, at)), query.duration_s, reference.duration_s
        )
        for at in (-1e9, 1e9)
    )
    return max(0.0, start_s[0]), max(start_s[0], end_s[1])


def _agreement(fit: _Fit) -> str:
    return f"{fit.agreeing} of {len(fit.anchors)} anchors agree"


def _drift(fit: _Fit, slope: float) -> str:
    length = f"{fit.common_s / 60:.0f} min" if fit.common_s >= 90 else f"{fit.common_s:.0f} s"
    if not np.isfinite(fit.line.slope_error):
        return f"drift cannot be told over {length} and is taken as 0"
    ppm = round(slope * 1e6, 1) + 0.0
    return f"drift {ppm:{'+' if ppm else ''}.1f} ppm over {length}".replace("-", "\N{MINUS SIGN}")
