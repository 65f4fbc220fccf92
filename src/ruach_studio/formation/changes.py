"""Turn a member's state and graph into what has changed since it was last noted: doors opened or found shut, a phase done.

Rules `changes-v1`: written on change of state only, or every look would flood the journal. A node is noted as open once, the
first time its gate grants it; as gated once, when it comes within reach and is shut. A phase is complete when its required
nodes are done. Readiness has its own rule (readiness.py). Counterpart: usecases/project_enrollment.py writes these down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Access, Standing, can_access_node
from ruach_studio.formation.graph import Graph, Kind, Node, Phase
from ruach_studio.formation.journal import shortened
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.reach import Reach
from ruach_studio.formation.state import FormationState

_KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")


@dataclass(frozen=True, slots=True)
class DoorChange:
    """A node whose door opened or was found shut, with the gate's decision."""

    node: Node
    change: Literal["unlocked", "gated"]
    access: Access

    @property
    def payload(self) -> Mapping[str, object]:
        """Return the journal payload of `content_unlocked` or `content_gated`."""
        reasons = self.access.verdict.reasons
        base: dict[str, object] = {
            "contentType": self.node.kind,
            "contentId": self.node.node_id,
            "reason": shortened("; ".join(reasons)),
        }
        if self.change == "gated":
            base["requirementsNeeded"] = [each.words for each in self.access.deficits]
        return base


@dataclass(frozen=True, slots=True)
class PhaseDone:
    """A phase whose required nodes are all done."""

    phase: Phase
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new. `opens_at`: when time alone will open the next door; None if none waits for time only."""

    doors: tuple[DoorChange, ...]
    phases: tuple[PhaseDone, ...]
    opens_at: datetime | None


def changes_of(graph: Graph, state: FormationState, evidence: Evidence, *, as_of: datetime) -> Changes:
    """Return what has to be noted at `as_of` (aware). Nothing is said of done nodes: their door is past."""
    standing = Standing(graph, evidence, as_of)
    noted_shut = {name for old in state.gated for name in state.names_of(old)}
    doors: list[DoorChange] = []
    waits: list[datetime] = []
    for node in Reach(graph, evidence).near:
        if node.node_id in evidence.unlocked:
            continue
        shut = bool(standing.deficits(node))
        if shut and node.node_id in noted_shut:
            waits += _waits(standing, node)
            continue
        access = can_access_node(graph, evidence, node.node_id, as_of=as_of)
        doors.append(DoorChange(node, "gated" if shut else "unlocked", access))
        waits += _waits(standing, node) if shut else []
    phases = [
        PhaseDone(phase, _phase_payload(graph, state, evidence, phase, as_of))
        for phase in graph.live_phases
        if phase in state.phase_started and phase not in state.phase_completed and _is_complete(graph, evidence, phase)
    ]
    return Changes(tuple(doors), tuple(phases), min((at for at in waits if at > as_of), default=None))


def _waits(standing: Standing, node: Node) -> list[datetime]:
    ends = standing.minimum_ends(node.phase)
    return [ends] if ends is not None and any(each.lack == "phase_minimum" for each in standing.deficits(node)) else []


def _is_complete(graph: Graph, evidence: Evidence, phase: Phase) -> bool:
    required = [node for kind in _KINDS for node in graph.required_of(phase, kind)]
    return bool(required) and all(is_done(evidence, node.node_id) for node in required)


def _phase_payload(
    graph: Graph, state: FormationState, evidence: Evidence, phase: Phase, as_of: datetime
) -> Mapping[str, object]:
    began = state.phase_started[phase]
    passed = sum(node.node_id in evidence.checkpoints_passed for node in graph.nodes if node.phase == phase)
    written = sum(each.phase == phase for each in state.reflections.values())
    return {
        "phase": phase, "daysInPhase": max((as_of - began).days, 0), "checkpointsCompleted": passed,
        "reflectionsSubmitted": written,
    }  # fmt: skip
