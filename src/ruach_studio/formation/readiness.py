"""Turn a member's facts into readiness: three dimensions, one level and the red flags, by rules of our own: `readiness-v1`.

Levels are emerging < forming < maturing < established. All numbers are counts up to `as_of`.
- Reflection depth: the mean of the best quality per prompt over the five prompts written on last. Forming from 250 with 1
  prompt, maturing from 500 with 3, established from 700 with 5; else emerging.
- Canon engagement: points, 1 per axiom viewed and 3 per axiom cited, each axiom once. Forming from 2, maturing from 8,
  established from 20.
- Pace: too_fast with more than 5 completions and passes within any 24 h of the last 7 days; stalled after 14 days without
  one; else appropriate. Its level: too_fast is emerging; stalled at most forming; by days with a completion or pass
  forming from 2, maturing from 7, established from 21.
- Overall: the middle of the three levels, at most forming under any red flag.
- Red flags: speed_running (too_fast); missing_reflections (2 or more checkpoints reached over 3 days ago without a
  reflection); surface_engagement (the three prompts written on last all below 200); disengaged (30 days without an act of
  the member's own). A pause for one of the first three sets it for 7 days; insufficient_dwell_time sets none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ruach_studio.formation.state import FormationState
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

READINESS_RULES = "readiness-v1"
Level = Literal["emerging", "forming", "maturing", "established"]
Pace = Literal["too_fast", "appropriate", "stalled"]
Flag = Literal["speed_running", "missing_reflections", "surface_engagement", "disengaged"]
LEVELS: tuple[Level, ...] = ("emerging", "forming", "maturing", "established")
_PAUSES: dict[Flag, str] = {
    "speed_running": "speed_run_detected", "missing_reflections": "missing_reflections",
    "surface_engagement": "surface_engagement",
}  # fmt: skip
SPEED_LIMIT = 5  # completions and passes within 24 h
SURFACE_QUALITY = 200
_DAY = timedelta(days=1)
_SILENT_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Readiness:
    """The overall level, the three dimensions that make it, how fast the member goes, and what an operator should see."""

    level: Verdict[Level]
    reflection_depth: Verdict[Level]
    canon_engagement: Verdict[Level]
    pace_level: Verdict[Level]
    pace: Pace
    red_flags: tuple[Flag, ...]


def readiness(state: FormationState, as_of: datetime) -> Readiness:
    """Return the readiness at `as_of` (aware). `state` must be replayed as of then, or hold nothing later."""
    qualities = tuple(quality for _, quality in latest_qualities(state))
    depth, canon = _depth(qualities), _canon(len(state.axioms_viewed), len(state.axioms_cited))
    pace, busiest, idle_days = _pace(state, as_of)
    days = len(frozenset[object]().union(*state.active_days.values()))
    pace_level = _pace_level(pace, busiest, idle_days, days)
    flags = _flags(state, pace, qualities, as_of)
    levels = sorted(LEVELS.index(each.decision) for each in (depth, canon, pace_level))
    middle = min(levels[1], LEVELS.index("forming")) if flags else levels[1]
    reasons = [
        f"reflection depth {depth.decision}, canon engagement {canon.decision}, pace {pace_level.decision}: the middle"
    ]
    reasons += [f"at most forming: {', '.join(flags)}"] if flags and middle < levels[1] else []
    inputs = inputs_hash([depth.inputs_hash, canon.inputs_hash, pace_level.inputs_hash, flags])
    overall: Verdict[Level] = Verdict(LEVELS[middle], tuple(reasons), inputs, READINESS_RULES)
    return Readiness(overall, depth, canon, pace_level, pace, flags)


def latest_qualities(state: FormationState) -> tuple[tuple[datetime, int], ...]:
    """Return (when written on last, best quality) of each assessed prompt, the prompt written on last first.

    A renamed prompt is one.
    """
    best: dict[str, tuple[datetime, int]] = {}
    for reflection_id in state.reflections:
        scored = state.reflection_of(reflection_id)
        if scored is not None:
            name = state.name_now(scored[0].node_id)
            at, quality = best.get(name, (scored[0].submitted_at, 0))
            best[name] = (max(at, scored[0].submitted_at), max(quality, scored[1]))
    by_node = sorted(best.items(), key=lambda item: item[0])
    return tuple(each for _, each in sorted(by_node, key=lambda item: item[1][0], reverse=True))


def busiest_day(state: FormationState, as_of: datetime) -> tuple[datetime, ...]:
    """Return the times of what was completed or passed within the busiest 24 h of the last 7 days; the latest of equals."""
    recent = [at for at in _finished(state) if as_of - 7 * _DAY <= at <= as_of]
    days = [tuple(other for other in recent if at <= other < at + _DAY) for at in recent]
    return max(days, key=lambda day: (len(day), day[-1]), default=())


def silent_checkpoints(state: FormationState, as_of: datetime) -> dict[str, datetime]:
    """Return the checkpoints reached over three days ago without a reflection, and when first, the earliest first.

    A renamed one is named as it is now; a reflection under any of its names answers it, and one on what it was merged into.
    """
    reflected = {name for each in state.reflections.values() for name in state.names_of(each.checkpoint_id)}
    reflected.update(
        part for into, *parts in state.merges if not reflected.isdisjoint(state.names_of(into)) for part in parts
    )
    silent: dict[str, datetime] = {}
    for name, at in sorted(state.checkpoints_reached.items(), key=lambda item: (item[1], item[0])):
        if reflected.isdisjoint(state.names_of(name)) and as_of - at > _SILENT_AFTER:
            silent.setdefault(state.name_now(name), at)
    return silent


def _finished(state: FormationState) -> list[datetime]:
    return sorted([*state.sections_completed.values(), *state.checkpoints_passed.values()])


def _level(number: int, steps: tuple[int, int, int]) -> Level:
    return LEVELS[sum(number >= step for step in steps)]


def _depth(qualities: Sequence[int]) -> Verdict[Level]:
    last = qualities[:5]
    mean = sum(last) // max(1, len(last))
    steps = ((250, 1), (500, 3), (700, 5))
    level = LEVELS[sum(mean >= least and len(qualities) >= prompts for least, prompts in steps)]
    reason = f"mean quality {mean} of 1000 over the last {len(last)} of {len(qualities)} prompts"
    return Verdict(level, (reason,), inputs_hash(["depth", list(last), len(qualities)]), READINESS_RULES)


def _canon(viewed: int, cited: int) -> Verdict[Level]:
    points = viewed + 3 * cited
    reason = f"{points} points: {viewed} axioms viewed, {cited} cited (3 each)"
    return Verdict(_level(points, (2, 8, 20)), (reason,), inputs_hash(["canon", viewed, cited]), READINESS_RULES)


def _pace(state: FormationState, as_of: datetime) -> tuple[Pace, int, int]:
    """Return the pace, the most completions within 24 h of the last 7 days, and the whole days since the last one."""
    finished, busiest = _finished(state), len(busiest_day(state, as_of))
    since = finished[-1] if finished else state.phase_entered_at or as_of
    idle_days = max(0, (as_of - since).days)
    return ("too_fast" if busiest > SPEED_LIMIT else "stalled" if idle_days >= 14 else "appropriate"), busiest, idle_days


def _pace_level(pace: Pace, busiest: int, idle_days: int, days: int) -> Verdict[Level]:
    level: Level = "emerging" if pace == "too_fast" else _level(days, (2, 7, 21))
    if pace == "stalled" and level in ("maturing", "established"):
        level = "forming"
    reason = f"{pace}: at most {busiest} completions within 24 h, {idle_days} days since the last, {days} active days"
    return Verdict(level, (reason,), inputs_hash(["pace", pace, busiest, idle_days, days]), READINESS_RULES)


def _flags(state: FormationState, pace: Pace, qualities: Sequence[int], as_of: datetime) -> tuple[Flag, ...]:
    raised: dict[Flag, bool] = {
        "speed_running": pace == "too_fast",
        "missing_reflections": len(silent_checkpoints(state, as_of)) >= 2,
        "surface_engagement": len(qualities) >= 3 and max(qualities[:3]) < SURFACE_QUALITY,
        "disengaged": state.last_activity is not None and as_of - state.last_activity >= 30 * _DAY,
    }
    for flag, pause in _PAUSES.items():
        paused_at = state.pauses.get(pause)
        raised[flag] |= paused_at is not None and as_of - paused_at < 7 * _DAY
    return tuple(flag for flag, is_raised in raised.items() if is_raised)
