"""Turn a member or an operator into the insights that they may see, with tallies and the member's own vote."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import PHASES, Phase
from ruach_studio.formation.insights import State, Tally, Vote
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.privileges import rank_reached
from ruach_studio.formation.store import insights
from ruach_studio.formation.store.insights import Insight
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_journey


@dataclass(frozen=True, slots=True)
class ShownInsight:
    """An insight, its votes, the reader's own vote, and whether it is the reader's own."""

    insight: Insight
    tally: Tally
    own_vote: Vote | None
    mine: bool


async def list_published(
    services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH, after: str | None = None, limit: int = 50
) -> list[ShownInsight]:
    """Return the path's published insights of the phases that the member reached on it, newest first, behind `after`."""
    async with services.database.connection() as conn:
        phases = await phases_reached(services, conn, user_id, path_id)
        return await _shown(conn, await insights.published(conn, path_id, phases, after=after, limit=limit), user_id)


async def list_own_insights(services: FormationServices, user_id: str, *, limit: int = 100) -> list[ShownInsight]:
    """Return the member's own insights in any state, the newest first."""
    async with services.database.connection() as conn:
        return await _shown(conn, await insights.of_user(conn, user_id, limit=limit), user_id)


async def read_insight(
    services: FormationServices, user_id: str, insight_id: str, *, path_id: str = DEFAULT_PATH
) -> ShownInsight:
    """Return one insight that the member may see. Raises InsightNotFound, also for one that others keep to themselves."""
    async with services.database.connection() as conn:
        phases = await phases_reached(services, conn, user_id, path_id)
        return (await _shown(conn, [await insights.readable(conn, insight_id, user_id, path_id, phases)], user_id))[0]


async def list_for_operators(
    services: FormationServices, user_id: str, state: State = "submitted", *, limit: int = 100
) -> list[ShownInsight]:
    """Return all insights in one state, those that waited longest first. For operators only."""
    async with services.database.connection() as conn:
        return await _shown(conn, await insights.in_state(conn, state, limit=limit), user_id)


async def read_for_operators(services: FormationServices, user_id: str, insight_id: str) -> ShownInsight:
    """Return any insight. For operators only. Raises InsightNotFound."""
    async with services.database.connection() as conn:
        return (await _shown(conn, [await insights.get(conn, insight_id)], user_id))[0]


async def phases_reached(
    services: FormationServices, conn: AsyncConnection, user_id: str, path_id: str
) -> tuple[Phase, ...]:
    """Return the phases that the user has reached on a path; none before the covenant, the first by entering it."""
    journey = await load_journey(services, conn, user_id, path_id=path_id)
    return () if journey is None else PHASES[: max(rank_reached(journey.state), 1)]


async def _shown(conn: AsyncConnection, found: list[Insight], user_id: str) -> list[ShownInsight]:
    tallies, own = await insights.votes(conn, [each.insight_id for each in found], user_id)
    return [
        ShownInsight(
            each, tallies.get(each.insight_id, Tally()), own.get(each.insight_id), mine=each.user_id == user_id
        )
        for each in found
    ]  # fmt: skip
