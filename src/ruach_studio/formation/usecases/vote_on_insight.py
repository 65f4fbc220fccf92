"""Turn a member's opinion of somebody else's published insight into their one vote. It takes the privilege to validate."""

from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.insights import Vote
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.privileges import privileges, rank_reached
from ruach_studio.formation.store import insights
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.submit_insight import PrivilegeWithheld
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Forbidden, NotFound


class OwnInsight(Forbidden):
    """This insight is your own."""

    code = "own_insight"


class VoteNotFound(NotFound):
    """You have no vote on this insight."""

    code = "vote_not_found"


async def vote_on_insight(
    services: FormationServices, user_id: str, insight_id: str, vote: Vote, *, path_id: str = DEFAULT_PATH
) -> None:
    """Write the member's vote or change it. Raises NotEnrolled, InsightNotFound, OwnInsight, PrivilegeWithheld."""
    now = services.clock.now()
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        journey = await load_journey(services, tx, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        phases = PHASES[: max(rank_reached(journey.state), 1)]
        if (await insights.readable(tx, insight_id, user_id, path_id, phases, hold=True)).user_id == user_id:
            raise OwnInsight(subject=insight_id, remedy="Vote on what others wrote.")
        may = privileges(journey.state)
        if not may.can_validate_insights:
            raise PrivilegeWithheld("; ".join(may.validate.reasons), subject="votes", remedy="Go on with the path.",
                                    reasons=list(may.validate.reasons))  # fmt: skip
        await insights.put_vote(tx, insight_id, user_id, vote, now)
        with bind(enrollment_id=journey.enrollment.enrollment_id):
            result = DecisionResult(may.validate, now, require_correlation_id())
            await record_decision(
                tx, result, subject=journey.enrollment.enrollment_id, inputs=may.validate_inputs
            )  # fmt: skip


async def take_back_vote(services: FormationServices, user_id: str, insight_id: str) -> None:
    """Take the member's own vote back; it needs no privilege. Raises VoteNotFound."""
    async with services.database.transaction() as tx:
        if not await insights.drop_vote(tx, insight_id, user_id):
            raise VoteNotFound(subject=insight_id)
