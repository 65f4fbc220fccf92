"""Turn a stored reflection into a language model's opinion, recorded as a fact; where that lifts an answer, it passes.

The job `assess`, only where a model is configured. A model never gates and is never asked in a replay: rules read what was
recorded. Its one opinion stands, however often the job comes. A text that was erased meanwhile is left alone.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.attempts import judge_attempt
from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import journal, reflections
from ruach_studio.formation.usecases.attempt_checkpoint import write_attempt
from ruach_studio.formation.usecases.load_journey import load_enrollment
from ruach_studio.formation.usecases.open_node import OpenNode
from ruach_studio.formation.usecases.write_fact import enqueue_projection, write_fact
from ruach_studio.formation.usecases.write_reflection import analysis_of, reading_of
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Conflict


class JustAttempted(Conflict):
    """The answer was handed in less than a second ago; its passage would be taken for a repeat."""

    code = "just_attempted"
    retryable = True


async def assess_reflection(services: FormationServices, reflection_id: str) -> bool:
    """Ask the model about one reflection; False if there is nothing to ask.

    Raises Unavailable, AssessorAnswerRefused, JustAttempted (try again).
    """
    assessor = services.assessor
    async with services.database.connection() as conn:
        stored = await reflections.get(conn, reflection_id)
        if assessor is None or stored is None or stored.text is None:
            return False
        if await journal.stands(conn, stored.user_id, *_fact(reflection_id)):
            return True  # an earlier delivery of this job was done
        journey = await load_enrollment(services, conn, stored.enrollment_id)
        node = journey.graph.by_id.get(stored.node_id)
        if node is None:
            return False
        given = await reading_of(conn, journey, node, stored.text)
    opinion = await assessor.assess(given)  # outside any transaction: it may take a minute
    now = services.clock.now()
    with bind(enrollment_id=stored.enrollment_id):
        async with services.database.transaction() as tx:
            await journal.take_turn(tx, stored.user_id)
            if await journal.stands(tx, stored.user_id, *_fact(reflection_id)):
                return True  # a rival delivery of this job was quicker
            still = await reflections.get(tx, reflection_id)
            if still is None or still.text is None:
                return False
            data = analysis_of(reflection_id, stored.text_sha256, opinion)
            await write_fact(services, tx, journey.enrollment, *_fact(reflection_id), data, at=now, project=False)
            if node.kind == "checkpoint":
                await _pass_if_lifted(services, tx, stored.enrollment_id, stored.node_id, reflection_id)
            await enqueue_projection(services, tx, stored.enrollment_id)
    return True


def _fact(reflection_id: str) -> tuple[str, str]:
    return "reflection_analyzed", f"{reflection_id}:llm"


async def _pass_if_lifted(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, node_id: str, reflection_id: str
) -> None:
    """Write the passage that the recorded quality now allows; what was passed stays passed."""
    journey = await load_enrollment(services, tx, enrollment_id)
    state, node = journey.state, journey.graph.by_id[node_id]
    scored = state.reflection_of(reflection_id)
    if scored is None or node_id in journey.evidence.checkpoints_passed:
        return
    now = services.clock.now()
    failures, _ = state.failed_attempts(node_id)
    passage = judge_attempt(node, scored[1], as_of=now, failures=failures)
    if passage.verdict.decision == "fail":
        return
    access = can_access_node(journey.graph, journey.evidence, node_id, as_of=now)
    reached = state.checkpoints_reached.get(node_id, now)
    opened = OpenNode(journey, node, access)
    if not await write_attempt(services, tx, opened, passage, reflection_id, at=now, reached_at=reached):
        raise JustAttempted(subject=node.title, remedy="Run the job again; nothing of it is kept.")
    result = DecisionResult(passage.verdict, now, require_correlation_id())
    await record_decision(tx, result, subject=enrollment_id, inputs=passage.inputs)
