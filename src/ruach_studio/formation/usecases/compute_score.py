"""Turn a member's facts into the recorded score of one phase, or of each, with five factors: `computeFormationScore()`."""

from typing import Literal

from ruach_studio.formation.graph import Phase
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.scoring import Score, compute_formation_score
from ruach_studio.formation.usecases.load_evidence import load_evidence
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import NodeNotFound, NotEnrolled, NotTracked
from ruach_studio.infra.audit import DecisionEntry, record_decisions
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult

Scored = tuple[Phase, Score, DecisionResult[Literal["pass", "fail"]]]


async def compute_score(
    services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH, phase: Phase | None = None,
    node_id: str | None = None,
) -> list[Scored]:  # fmt: skip
    """Return the score of `phase`, or of every phase that has anything to do, in their order.

    With `node_id` it is measured against that node's gate, in the gate's own phase (a node without a gate asks for nothing).
    Raises NotEnrolled, NotTracked (a resource explorer), NodeNotFound.
    """
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, user_id, path_id=path_id)
        if standing is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        if standing.covenant != "formation_journey":
            raise NotTracked(subject=path_id, remedy="Enter the formation journey to keep your progress.")
        graph, now = standing.graph, services.clock.now()
        phases, threshold_bp = [phase] if phase else list(graph.live_phases), 0
        if node_id is not None:
            node = graph.by_id.get(node_id)
            if node is None:
                raise NodeNotFound(subject=node_id, remedy="GET /formation-engine/path lists yours.")
            phases = [node.gate.scope if node.gate else node.phase]
            threshold_bp = node.gate.minimum_bp if node.gate else 0
        found: list[Scored] = []
        for each in phases:
            score = compute_formation_score(
                graph, standing.evidence, each, as_of=standing.local(now), threshold_bp=threshold_bp
            )
            found.append((each, score, DecisionResult(score.verdict, now, require_correlation_id())))
        subject = standing.enrollment.enrollment_id
        await record_decisions(tx, [DecisionEntry(result, subject, score.inputs) for _, score, result in found])
    return found
