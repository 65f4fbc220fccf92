"""Turn a member's state into the events that say what changed in their readiness since the last recorded levels.

`readiness-v1` gives the levels (readiness.py), `gap-v1` the gaps (gaps.py). Nothing is said twice:
- readiness_level_changed: a dimension's level is not the one recorded last; before the first record it is emerging.
- pause_triggered: advice, not a gate. A reason is given again after 7 days at the earliest, and only if something that
  makes it up happened since. speed_run_detected: more than 5 completions within 24 h (warning from 11).
  missing_reflections: 2 or more checkpoints reached over 3 days ago without a reflection (warning from 4).
  surface_engagement: the three prompts written on last all below 200 (warning if all three are 0).
  insufficient_dwell_time: 3 or more sections left over a day ago with less than half of their minimum dwell (warning from
  6).
- formation_gap_detected: a gap that is not recorded with this severity. A closed gap has no event; the gaps that are open
  are counted anew whenever somebody asks.
Only a formation journey is looked at: a resource explorer is not tracked. Counterpart: the projector writes the events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.gaps import gaps_of
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.journal import shortened
from ruach_studio.formation.readiness import (
    SPEED_LIMIT,
    SURFACE_QUALITY,
    Level,
    busiest_day,
    latest_qualities,
    readiness,
    silent_checkpoints,
)
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.kernel.decision import Verdict

PAUSE_AGAIN = timedelta(days=7)
LEFT_AFTER = timedelta(days=1)
LEFT_SECTIONS = 3
Severity = Literal["suggestion", "warning"]


@dataclass(frozen=True, slots=True)
class Change:
    """One event to write: its type, its content id and its whole payload."""

    event_type: str
    content_id: str
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Pause:
    """A reason for a pause that holds now: since when its latest part does, and how much there is of it."""

    reason: str
    latest: datetime
    context: str
    severity: Severity


def readiness_changes(
    state: FormationState, graph: Graph, axioms: Mapping[str, Axiom], as_of: datetime
) -> tuple[Change, ...]:
    """Return the events to write at `as_of` (aware): levels, then pauses, then gaps; () if all that holds is recorded."""
    if state.covenant != "formation_journey":
        return ()
    return (*_levels(state, as_of), *_pauses(state, graph, as_of), *_gaps(state, graph, axioms, as_of))


def _levels(state: FormationState, as_of: datetime) -> list[Change]:
    found = readiness(state, as_of)
    levels: dict[str, Verdict[Level]] = {
        "reflection_depth": found.reflection_depth, "pace": found.pace_level, "canon_engagement": found.canon_engagement,
    }  # fmt: skip
    changes: list[Change] = []
    for dimension, verdict in levels.items():
        before = state.readiness.get(dimension, "emerging")
        if verdict.decision != before:
            payload = {"dimension": dimension, "previousLevel": before, "newLevel": verdict.decision,
                       "reason": shortened("; ".join(verdict.reasons))}  # fmt: skip
            changes.append(Change("readiness_level_changed", dimension, payload))
    return changes


def _pauses(state: FormationState, graph: Graph, as_of: datetime) -> list[Change]:
    changes: list[Change] = []
    for pause in (_speed(state, as_of), _missing(state, as_of), _surface(state), _dwell(state, graph, as_of)):
        if pause is None:
            continue
        last = state.pauses.get(pause.reason)
        if last is None or (as_of - last >= PAUSE_AGAIN and pause.latest > last):
            payload = {"reason": pause.reason, "context": shortened(pause.context), "severity": pause.severity}
            changes.append(Change("pause_triggered", pause.reason, payload))
    return changes


def _speed(state: FormationState, as_of: datetime) -> _Pause | None:
    day = busiest_day(state, as_of)
    if len(day) <= SPEED_LIMIT:
        return None
    severity: Severity = "warning" if len(day) > 2 * SPEED_LIMIT else "suggestion"
    return _Pause("speed_run_detected", day[-1], f"{len(day)} completions within 24 h, {SPEED_LIMIT} are usual", severity)


def _missing(state: FormationState, as_of: datetime) -> _Pause | None:
    silent = silent_checkpoints(state, as_of)
    if len(silent) < 2:
        return None
    severity: Severity = "warning" if len(silent) >= 4 else "suggestion"
    words = f"{len(silent)} checkpoints reached over 3 days ago without a reflection: {_listed(list(silent))}"
    return _Pause("missing_reflections", max(silent.values()) + timedelta(days=3), words, severity)


def _surface(state: FormationState) -> _Pause | None:
    last = latest_qualities(state)[:3]
    if len(last) < 3 or max(quality for _, quality in last) >= SURFACE_QUALITY:
        return None
    listed = ", ".join(str(quality) for _, quality in last)
    severity: Severity = "suggestion" if any(quality for _, quality in last) else "warning"
    words = f"the last three prompts have the qualities {listed} of 1000, all below {SURFACE_QUALITY}"
    return _Pause("surface_engagement", last[0][0], words, severity)


def _dwell(state: FormationState, graph: Graph, as_of: datetime) -> _Pause | None:
    left: dict[str, datetime] = {}
    known_as: dict[str, list[str]] = {}
    for name in state.section_views:
        known_as.setdefault(state.name_now(name), []).append(name)
    done = {name for each in state.sections_completed for name in state.names_of(each)}
    for name, names in known_as.items():
        node = graph.by_id.get(name)
        at = max((state.touched[each] for each in names if each in state.touched), default=None)
        if node is None or at is None or not done.isdisjoint((name, *names)) or as_of - at < LEFT_AFTER:
            continue
        if 2 * sum(state.dwell_s.get(each, 0) for each in {name, *names}) < node.min_dwell_s:
            left[name] = at
    if len(left) < LEFT_SECTIONS:
        return None
    severity: Severity = "warning" if len(left) >= 2 * LEFT_SECTIONS else "suggestion"
    words = f"{len(left)} sections left with less than half of their minimum dwell: {_listed(sorted(left))}"
    return _Pause("insufficient_dwell_time", max(left.values()) + LEFT_AFTER, words, severity)


def _gaps(state: FormationState, graph: Graph, axioms: Mapping[str, Axiom], as_of: datetime) -> list[Change]:
    return [
        Change("formation_gap_detected", gap.key, {
            "gapType": gap.gap_type, "area": gap.area, "severity": gap.severity,
            "recommendation": shortened(gap.recommendation),
        })
        for gap in gaps_of(state, graph, axioms, as_of) if state.gaps.get(gap.key) != gap.severity
    ]  # fmt: skip


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
