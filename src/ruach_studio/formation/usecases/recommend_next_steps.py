"""Turn a member into the few nodes to do next, each a recorded decision that says why: `rankNextSteps()`.

Whoever is not on the path yet is offered its entries, and the covenant first. Nothing is written into the journal: a list
that was looked at is no fact about a member, and `recommendation_issued` at every refresh would bury the facts. The audit
holds every list that was shown.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.covenant import Covenant, steps_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.next_step import NextStep
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.announce_ghosts import announce_ghosts
from ruach_studio.formation.usecases.load_evidence import Standpoint, current_graph, load_evidence
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
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, user_id, path_id=path_id)
        now = services.clock.now()
        if standing is None:
            graph = await current_graph(services, tx, path_id)
            enrollment_id, covenant = None, None
            steps = steps_under(None, graph, Evidence(), as_of=now, limit=limit)
        else:
            graph = standing.graph
            enrollment_id, covenant = standing.enrollment.enrollment_id, standing.covenant
            steps = steps_under(covenant, graph, standing.evidence, as_of=standing.local(now), limit=limit)
            await _tell_of_ghosts(tx, standing, steps)
        correlation_id = require_correlation_id()
        decided = tuple((step, DecisionResult(step.verdict, now, correlation_id)) for step in steps)
        subject = enrollment_id or f"user:{user_id}"
        await record_decisions(tx, [DecisionEntry(result, subject, step.inputs) for step, result in decided])
    return Recommendation(path_id, graph.version, enrollment_id, covenant, decided)


async def _tell_of_ghosts(tx: AsyncConnection, standing: Standpoint, steps: tuple[NextStep, ...]) -> None:
    deficits = [each for step in steps if step.access and step.access.ghost for each in step.access.deficits]
    missing = [each.subject for each in deficits if each.lack == "ghost"]
    await announce_ghosts(tx, standing.enrollment, standing.graph.version, missing)
