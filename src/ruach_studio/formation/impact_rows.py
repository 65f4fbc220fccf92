"""Turn a member's facts into the few that open ways and move scores, from the plain snapshot or from the evidence.

An impact looks at every enrollment, so it reads the facts as they are stored and makes no object of each. Both ways give the
same row; where a migration carried facts to new names, only the evidence knows them. Counterpart: impact_open.py.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Phase
from ruach_studio.formation.scoring import FULL_DAYS, longest_streak
from ruach_studio.formation.state_snapshot import to_us


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member. `done`: node id -> first completion in microseconds since 1970; `quality` in per mille.

    `days`: phase -> (active days, longest streak), both at most FULL_DAYS, for the phases that were asked for.
    """

    done: Mapping[str, int]
    passed: Collection[str]
    quality: Mapping[str, int]
    started: Collection[str]
    unlocked: Collection[str]
    phase_started: Mapping[str, int]
    days: Mapping[Phase, tuple[int, int]]


def row_of_facts(facts: Mapping[str, Any], graph: Graph, scopes: Collection[Phase]) -> MemberRow:
    """Return the row of the plain facts of a snapshot in which no migration carried anything; `graph`: the pinned one."""
    done: dict[str, int] = dict(facts["sections_completed"])
    passed: Mapping[str, int] = facts["checkpoints_passed"]
    for name, at in passed.items():
        done[name] = min(done.get(name, at), at)
    days = {phase: set(facts["active_days"].get(phase, ())) for phase in scopes}
    quality: dict[str, int] = {}
    said: Mapping[str, list[int | None]] = facts["assessed"]
    by_id = graph.by_id
    for reflection_id, (name, _, _, at, day, phase) in facts["reflections"].items():
        if reflection_id not in said:
            continue
        automatic, operator = said[reflection_id]
        per_mille = operator if operator is not None else automatic or 0
        if per_mille > 0 and phase in days:
            days[phase].add(day)
        node = by_id.get(name)
        if node is not None and node.kind != "reflection":
            continue  # a checkpoint's answer: what completes it is its passage
        quality[name] = max(quality.get(name, 0), per_mille)
        if per_mille > 0:
            done[name] = min(done.get(name, at), at)
    counted = {phase: _counted(frozenset(map(_day, each))) for phase, each in days.items()}
    return MemberRow(done, passed, quality, facts["started"], facts["unlocked"], facts["phase_started"], counted)


def row_of_evidence(evidence: Evidence, scopes: Iterable[Phase]) -> MemberRow:
    """Return the row of what score and gates read."""
    done = {name: to_us(at) for name, at in evidence.completed.items()}
    started: dict[str, int] = {phase: to_us(at) for phase, at in evidence.phase_started.items()}
    days = {phase: _counted(evidence.active_days.get(phase, frozenset())) for phase in scopes}
    return MemberRow(
        done, evidence.checkpoints_passed, evidence.reflection_quality, evidence.started, evidence.unlocked, started, days
    )


@lru_cache(maxsize=16384)
def _counted(days: AbstractSet[date]) -> tuple[int, int]:
    return min(len(days), FULL_DAYS), min(longest_streak(days), FULL_DAYS)


@lru_cache(maxsize=16384)
def _day(iso: str) -> date:
    return date.fromisoformat(iso)
