"""Turn a member's journey into their own readiness now: levels, pace, red flags, gaps and what they may do."""

from dataclasses import dataclass
from datetime import datetime

from ruach_studio.formation.gaps import Gap, gaps_of
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.privileges import Privileges, privileges
from ruach_studio.formation.readiness import Readiness, readiness
from ruach_studio.formation.store import axioms
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled


@dataclass(frozen=True, slots=True)
class ReadinessNow:
    """One member's readiness at `as_of`."""

    enrollment_id: str
    as_of: datetime
    readiness: Readiness
    gaps: tuple[Gap, ...]
    privileges: Privileges


async def read_readiness(services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH) -> ReadinessNow:
    """Return the readiness of the user's own journey; nothing is written. Raises NotEnrolled."""
    now = services.clock.now()
    async with services.database.connection() as conn:
        journey = await load_journey(services, conn, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        gaps = gaps_of(journey.state, journey.graph, await axioms.canon(conn), now)
    state = journey.state
    return ReadinessNow(journey.enrollment.enrollment_id, now, readiness(state, now), gaps, privileges(state))
