"""Turn the facts of one phase into a score of 0 to 10000 basis points, with the numbers behind it.

score-v1: S = floor(10000 * sum(w_i * a_i / b_i) / sum(w_i)), over the factors that the phase asks for (b_i > 0), in exact
fractions with one floor at the end. Weights (percent): sections completed 20, reflection quality 25, checkpoint passages 35,
time in phase 10, engagement streak 10. All five are counts or maxima of sets, so the score never falls by living on. It is
evidence of progress, not a judgement of a person. Seven days in a phase are a rule of their own (gating.py) and are only
reported here: no score buys them off.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Phase
from ruach_studio.formation.instants import Instants
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

SCORE_RULES = "score-v1"
SECTION_WEIGHT, REFLECTION_WEIGHT, CHECKPOINT_WEIGHT, TIME_WEIGHT, STREAK_WEIGHT = 20, 25, 35, 10, 10  # percent
FULL_BP = 10_000
FULL_QUALITY = 1_000  # per mille
FULL_DAYS = 7  # active days, and days of streak, that earn the whole factor
REST_WINDOW_DAYS = 7  # one day of rest in any seven does not break a streak
PHASE_MINIMUM = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor: `have` of `of`, weighing `weight_percent`. `of` = 0: the phase asks for none, so it is not counted."""

    name: str
    weight_percent: int
    have: int
    of: int
    words: str

    @property
    def missing(self) -> Fraction:
        """Return the weighted part still to be earned, in percent."""
        return Fraction(self.weight_percent * (self.of - self.have), self.of) if self.of else Fraction(0)


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one phase in basis points, its five factors, the verdict, and the inputs that its hash covers."""

    bp: int
    factors: tuple[Factor, ...]
    verdict: Verdict[Literal["pass", "fail"]]
    inputs: Mapping[str, object]


def compute_formation_score(
    graph: Graph, evidence: Evidence, phase: Phase, *, as_of: datetime, threshold_bp: int = 0
) -> Score:
    """Score one phase and say whether it reaches `threshold_bp` (0..10000; 0 = no threshold asked, always 'pass').

    Formula: module docstring. `as_of` (aware) tells only how much of the seven-day minimum is left.
    Raises BadInput for a naive `as_of`, a threshold out of range, or a quality outside 0..1000 (a fault of scale upstream).
    """
    check_aware(as_of)
    if not 0 <= threshold_bp <= FULL_BP:
        raise BadInput(f"threshold {threshold_bp} is outside 0..{FULL_BP}", subject=phase,
                       remedy="Give it in basis points; 0.75 is 7500.")  # fmt: skip
    factors = factors_of(graph, evidence, phase)
    bp = total_bp(factors)
    began = phase_began(graph, evidence, phase)
    against = "no threshold asked"
    if threshold_bp:
        short = f", {ratio_words(threshold_bp - bp)} short" if bp < threshold_bp else ", reached"
        against = f"threshold {ratio_words(threshold_bp)}{short}"
    reasons = (
        f"score {ratio_words(bp)} in {phase}, {against}",
        *(factor.words for factor in factors),
        _minimum_words(phase, began, as_of),
    )
    inputs = _inputs(graph, evidence, phase, began, as_of, threshold_bp)
    decision: Literal["pass", "fail"] = "pass" if bp >= threshold_bp else "fail"
    verdict = Verdict(decision, reasons, inputs_hash(inputs), SCORE_RULES)
    return Score(bp, factors, verdict, inputs)


def factors_of(graph: Graph, evidence: Evidence, phase: Phase) -> tuple[Factor, ...]:
    """Return the five factors of `phase`, in the specification's order. Raises BadInput for a quality outside 0..1000."""
    sections = graph.required_of(phase, "section")
    prompts = graph.required_of(phase, "reflection")
    checkpoints = graph.required_of(phase, "checkpoint")
    read = len(graph.required_names(phase, "section") & evidence.completed.keys())
    quality = _qualities(evidence, graph.required_names(phase, "reflection") & evidence.reflection_quality.keys())
    passed = len(graph.required_names(phase, "checkpoint") & evidence.checkpoints_passed)
    days = evidence.active_days.get(phase, frozenset())
    active, streak = min(len(days), FULL_DAYS), longest_streak(days, enough=FULL_DAYS)
    prompts_words = f"over {len(prompts)} prompt{'s' * (len(prompts) != 1)}"
    return (
        _factor("sections completed", SECTION_WEIGHT, read, len(sections), phase),
        _factor("reflection quality", REFLECTION_WEIGHT, quality, FULL_QUALITY * len(prompts), phase, prompts_words),
        _factor("checkpoint passages", CHECKPOINT_WEIGHT, passed, len(checkpoints), phase),
        _factor("time in phase", TIME_WEIGHT, active, FULL_DAYS, phase, "active days"),
        _factor("engagement streak", STREAK_WEIGHT, streak, FULL_DAYS, phase, "days"),
    )


def total_bp(factors: tuple[Factor, ...]) -> int:
    """Return the weighted mean of the factors that are asked for, in basis points, floored once. Nothing asked: 0."""
    asked = [factor for factor in factors if factor.of]
    earned = sum((Fraction(f.weight_percent * f.have, f.of) for f in asked), Fraction(0))
    weights = sum(factor.weight_percent for factor in asked)
    return int(FULL_BP * earned / weights) if weights else 0


def longest_streak(days: AbstractSet[date], *, enough: int | None = None) -> int:
    """Return the most active days in one unbroken run, a day of rest bridged if it is the only one in any seven days.

    The rest itself is not counted. So rests in a run stand at least seven days apart, as a kept Sabbath does. Longer than
    `enough` is not looked for: with it the answer is at most that.
    """
    best = count = 0
    previous: date | None = None
    rest: date | None = None
    for day in sorted(days):
        idle = (day - previous).days - 1 if previous else 0
        if previous is None or idle > 1:
            count, rest = 0, None
        elif idle == 1:
            resting = day - timedelta(days=1)
            if rest is not None and (resting - rest).days < REST_WINDOW_DAYS:
                # the run starts again after the older rest; between the two rests every day was active
                count = (resting - rest).days - 1
            rest = resting
        count += 1
        best = max(best, count)
        if best == enough:
            break
        previous = day
    return best


def phase_began(graph: Graph, evidence: Evidence, phase: Phase) -> datetime | None:
    """Return when the phase began: its first start, or the first completion in it if that is earlier or stands alone.

    A start that was never recorded must not lock a member out for ever (decision F7).
    """
    done = Instants.of(evidence.completed)
    found = (done.earliest(graph.names_in(phase) & done.keys()), evidence.phase_started.get(phase))
    return min((at for at in found if at is not None), default=None)


def ratio_words(bp: int) -> str:
    """Return basis points as an exact decimal of two to four places.

    >>> ratio_words(6200), ratio_words(7499), ratio_words(10000)
    ('0.62', '0.7499', '1.00')
    """
    whole, places = divmod(bp, FULL_BP)
    return f"{whole}.{f'{places:04d}'.rstrip('0').ljust(2, '0')}"


def span_words(span: timedelta) -> str:
    """Return a span in its two largest units, rounded up so that nothing is promised too early.

    >>> span_words(timedelta(days=2, hours=3, minutes=20)), span_words(timedelta(minutes=90)), span_words(timedelta(days=1))
    ('2 days 4 hours', '1 hour 30 minutes', '1 day')
    """
    minutes = max(-(-span // timedelta(minutes=1)), 1)
    if minutes >= 24 * 60:
        days, hours = divmod(-(-minutes // 60), 24)
        parts = ((days, "day"), (hours, "hour"))
    else:
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "hour"), (minutes, "minute"))
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count)


def check_aware(as_of: datetime) -> None:
    """Raise BadInput if `as_of` has no time zone."""
    if as_of.tzinfo is None:
        raise BadInput("the time has no zone", subject="as_of", remedy="Give an aware datetime.")


def _factor(name: str, weight: int, have: int, of: int, phase: Phase, unit: str = "") -> Factor:
    if not of:
        return Factor(name, weight, have, of, f"{name} not counted: {phase} asks for none ({weight} %)")
    return Factor(name, weight, have, of, f"{name} {have} of {of}{f' {unit}' if unit else ''} ({weight} %)")


def _qualities(evidence: Evidence, names: AbstractSet[str]) -> int:
    found = [evidence.reflection_quality[name] for name in names]
    if found and (min(found) < 0 or max(found) > FULL_QUALITY):
        wrong = min(name for name in names if not 0 <= evidence.reflection_quality[name] <= FULL_QUALITY)
        raise BadInput(f"quality {evidence.reflection_quality[wrong]} is outside 0..{FULL_QUALITY}", subject=wrong,
                       remedy="Qualities are whole per mille; correct the analysis and replay.")  # fmt: skip
    return sum(found)


def _minimum_words(phase: Phase, began: datetime | None, as_of: datetime) -> str:
    if began is None:
        return f"{phase} has not begun; it lasts at least {PHASE_MINIMUM.days} days"
    left = PHASE_MINIMUM - (as_of - began)
    told = f"{span_words(left)} to go" if left > timedelta(0) else "passed"
    return f"minimum of {PHASE_MINIMUM.days} days in {phase}: {told}"


def _inputs(
    graph: Graph, evidence: Evidence, phase: Phase, began: datetime | None, as_of: datetime, threshold_bp: int
) -> dict[str, object]:
    names = {kind: [n.node_id for n in graph.required_of(phase, kind)] for kind in ("section", "reflection", "checkpoint")}
    return {
        "path": graph.path_id,
        "graphVersion": graph.version,
        "phase": phase,
        "thresholdBp": threshold_bp,
        "asOf": as_of.isoformat(),
        "phaseBegan": began.isoformat() if began else None,
        "sections": {name: name in evidence.completed for name in names["section"]},
        "reflections": {name: evidence.reflection_quality.get(name, 0) for name in names["reflection"]},
        "checkpoints": {name: name in evidence.checkpoints_passed for name in names["checkpoint"]},
        "activeDays": sorted(day.isoformat() for day in evidence.active_days.get(phase, frozenset())),
    }
