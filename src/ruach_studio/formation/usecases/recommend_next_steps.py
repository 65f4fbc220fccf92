"""Turn a member into the few nodes to do next, each a recorded decision that says why: `rankNextSteps()`.

Whoever is not on the path yet is offered its entries, and the covenant first. Nothing is written into the journal: a list
that was looked at is no fact about a member, and `recommendation_issued` at every refresh would bury the facts. The audit
holds every list that was shown.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.covenant import Covenant, steps_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.next_step import NextStep
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.announce_ghosts import announce_ghosts
from ruach_studio.formation.usecases.load_evidence import Standpoint, current_graph, load_evidence, load_kept
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.infra.audit import DecisionEntry, record_decisions
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do next. `enrollment_id` and `covenant` are None for whoever has not entered the covenant."""

    path_id: str
    graph_version: int
    enrollment_id: str | None
    covenant: Covenant | None
    steps: tuple[tuple[NextStep, DecisionResult[str]], ...]


async def recommend_next_steps(
    services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH, limit: int = SHOWN
) -> Recommendation:
    """Return at most `limit` steps, the best first; never none. Raises PathNotFound, NothingPublished, BadInput (limit)."""
    async with services.database.statements() as conn:  # a read and one write, the audit's: no snapshot is shared
        _, standing = await load_kept(services, conn, user_id, path_id=path_id)
        if standing is not None:
            found = _recommended(services, path_id, standing.graph, standing, limit)
            if not _ghosts(found):
                await _record(conn, found, user_id)
                return found
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, user_id, path_id=path_id)
        graph = await current_graph(services, tx, path_id) if standing is None else standing.graph
        found = _recommended(services, path_id, graph, standing, limit)
        if standing is not None:
            await announce_ghosts(tx, standing.enrollment, graph.version, _ghosts(found))
        await _record(tx, found, user_id)
    return found


def _recommended(
    services: FormationServices, path_id: str, graph: Graph, standing: Standpoint | None, limit: int
) -> Recommendation:
    now, correlation_id = services.clock.now(), require_correlation_id()
    if standing is None:
        enrollment_id, covenant = None, None
        steps = steps_under(None, graph, Evidence(), as_of=now, limit=limit)
    else:
        enrollment_id, covenant = standing.enrollment.enrollment_id, standing.covenant
        steps = steps_under(covenant, graph, standing.evidence, as_of=standing.local(now), limit=limit)
    decided = tuple((step, DecisionResult(step.verdict, now, correlation_id)) for step in steps)
    return Recommendation(path_id, graph.version, enrollment_id, covenant, decided)


def _ghosts(found: Recommendation) -> list[str]:
    """Return the ids of missing nodes that a step waits for."""
    deficits = [each for step, _ in found.steps if step.access and step.access.ghost for each in step.access.deficits]
    return [each.subject for each in deficits if each.lack == "ghost"]


async def _record(conn: AsyncConnection, found: Recommendation, user_id: str) -> None:
    subject = found.enrollment_id or f"user:{user_id}"
    await record_decisions(conn, [DecisionEntry(result, subject, step.inputs) for step, result in found.steps])
