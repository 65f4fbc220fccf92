"""Turn a member's counted facts into gaps of formation, each with what would close it: `gap-v1`.

- Theological, one per phase: axioms of a phase that was begun over 7 days ago, or completed, and whose definition was never
  read. Minor from 1, moderate from half of the phase's axioms, critical if all of 2 or more are unread.
- Practical, one per checkpoint: failed twice or more and not passed. Minor from 2 failures, moderate from 3, critical from
  5.
- Relational, one per scope (household, ecclesia, network): required work of that scope that was unlocked 14 days ago or
  longer and never begun. By the one that waits longest: minor from 14 days, moderate from 30, critical from 60.
A gap is feedback for the member and what an operator should see; it gates nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.graph import PHASES, Graph, Node, Phase
from ruach_studio.formation.state_facts import FormationState

GAP_RULES = "gap-v1"
GapType = Literal["theological", "practical", "relational"]
Severity = Literal["minor", "moderate", "critical"]
SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "critical")
SETTLED = timedelta(days=7)
FAILURES = (2, 3, 5)
WAITING_DAYS = (14, 30, 60)
SHARED_SCOPES = ("Household", "Ecclesia", "Network")


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap: `area` is a phase, a checkpoint's id or a scope in lower case; `reason` has the numbers."""

    gap_type: GapType
    area: str
    severity: Severity
    reason: str
    recommendation: str

    @property
    def key(self) -> str:
        """Return "type/area", under which the state keeps the recorded severity."""
        return f"{self.gap_type}/{self.area}"


def gaps_of(state: FormationState, graph: Graph, axioms: Mapping[str, Axiom], as_of: datetime) -> tuple[Gap, ...]:
    """Return the gaps that are open at `as_of` (aware): theological by phase, practical by ordinal, relational by scope."""
    return (*_theological(state, axioms, as_of), *_practical(state, graph), *_relational(state, graph, as_of))


def _step(number: int, steps: tuple[int, int, int]) -> Severity | None:
    reached = sum(number >= step for step in steps)
    return SEVERITIES[reached - 1] if reached else None


def _theological(state: FormationState, axioms: Mapping[str, Axiom], as_of: datetime) -> list[Gap]:
    gaps: list[Gap] = []
    for phase in PHASES:
        of_phase = sorted((each for each in axioms.values() if each.unlock_phase == phase), key=lambda each: each.number)
        unread = [each for each in of_phase if each.axiom_id not in state.axioms_viewed]
        if not unread or not _is_settled(state, phase, as_of):
            continue
        severity: Severity = "minor"
        if 2 * len(unread) >= len(of_phase):
            severity = "critical" if len(unread) == len(of_phase) >= 2 else "moderate"
        titles = ", ".join(each.title for each in unread)
        reason = f"{len(unread)} of {len(of_phase)} axioms of {phase} not read"
        gaps.append(Gap("theological", phase, severity, reason, f"Read {titles}."))
    return gaps


def _is_settled(state: FormationState, phase: Phase, as_of: datetime) -> bool:
    begun = state.phase_started.get(phase)
    return phase in state.phase_completed or (begun is not None and as_of - begun >= SETTLED)


def _practical(state: FormationState, graph: Graph) -> list[Gap]:
    passed = {name for each in state.checkpoints_passed for name in state.names_of(each)}
    names = {name for each in state.checkpoint_failures for name in state.names_of(each)} - passed
    gaps: list[Gap] = []
    for node in sorted((graph.by_id[name] for name in names if name in graph.by_id), key=lambda each: each.ordinal):
        failed, _ = state.failed_attempts(node.node_id)
        severity = _step(failed, FAILURES)
        if severity and not node.deprecated:
            before = [graph.by_id[name].title for name in node.prerequisites if name in graph.by_id]
            again = f"Go back to {', '.join(before)}, then try again." if before else "Take time over it, then try again."
            gaps.append(Gap("practical", node.node_id, severity, f"{node.title} failed {failed} times, not passed", again))
    return gaps


def _relational(state: FormationState, graph: Graph, as_of: datetime) -> list[Gap]:
    begun = {name for each in state.started for name in state.names_of(each)}
    waiting: dict[str, list[tuple[datetime, Node]]] = {scope: [] for scope in SHARED_SCOPES}
    for old, at in state.unlocked.items():
        for name in state.names_of(old):
            node = graph.by_id.get(name)
            if node and node.scope in waiting and node.required and not node.deprecated and name not in begun:
                waiting[node.scope].append((at, node))
    gaps: list[Gap] = []
    for scope, found in waiting.items():
        if found:
            at, node = min(found, key=lambda each: (each[0], each[1].ordinal))
            days = (as_of - at).days
            if severity := _step(days, WAITING_DAYS):
                count = len({each.node_id for _, each in found})
                reason = f"{count} step{'s' * (count != 1)} of {scope} work open and not begun, for up to {days} days"
                gaps.append(Gap("relational", scope.lower(), severity, reason, f"Begin with {node.title}."))
    return gaps
