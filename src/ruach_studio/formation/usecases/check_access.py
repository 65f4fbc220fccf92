"""Turn a member and a node into granted or gated, recorded, with what would open it: `canAccessNode()`.

A node that the path never had is not found. One that the member's own version should have and has not is a ghost: it blocks,
recoverably, and an operator hears of it once.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.covenant import access_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Access
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.announce_ghosts import announce_ghosts
from ruach_studio.formation.usecases.load_evidence import current_graph, load_evidence
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.open_node import NodeNotFound
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one node; `node` is None for a ghost, `enrollment_id` for whoever is not on the path."""

    access: Access
    result: DecisionResult[Literal["granted", "gated"]]
    node: Node | None
    enrollment_id: str | None
    graph_version: int


async def check_access(services: FormationServices, user_id: str, node_id: str, *, path_id: str = DEFAULT_PATH) -> Checked:
    """Decide and record whether the user may open the node. Raises NodeNotFound, PathNotFound, NothingPublished."""
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, user_id, path_id=path_id)
        graph = await current_graph(services, tx, path_id) if standing is None else standing.graph
        evidence = Evidence() if standing is None else standing.evidence
        if node_id not in graph.by_id:
            await _check_ghost(tx, graph, evidence, node_id)
        now = services.clock.now()
        covenant = None if standing is None else standing.covenant
        as_of = now if standing is None else standing.local(now)
        access = access_under(covenant, graph, evidence, node_id, as_of=as_of)
        if standing is not None and access.ghost:
            missing = [each.subject for each in access.deficits if each.lack == "ghost"]
            await announce_ghosts(tx, standing.enrollment, graph.version, missing)
        result = DecisionResult(access.verdict, now, require_correlation_id())
        enrollment_id = None if standing is None else standing.enrollment.enrollment_id
        await record_decision(tx, result, subject=enrollment_id or f"user:{user_id}", inputs=access.inputs)
    return Checked(access, result, graph.by_id.get(node_id), enrollment_id, graph.version)


async def _check_ghost(tx: AsyncConnection, graph: Graph, evidence: Evidence, node_id: str) -> None:
    """Raise NodeNotFound unless the member's version should have the node: it had been published by then, or was begun."""
    if node_id in evidence.completed or node_id in evidence.started or node_id in evidence.unlocked:
        return
    first = await graphs.first_version_with(tx, graph.path_id, node_id)
    if first is None:
        raise NodeNotFound(subject=node_id, remedy="GET /formation-engine/path lists yours.")
    if first > graph.version:
        raise NodeNotFound(
            f"it came with version {first} of the path, yours is version {graph.version}", subject=node_id,
            remedy="Go on with yours, or ask an operator to move you to the newer one.",
        )  # fmt: skip
