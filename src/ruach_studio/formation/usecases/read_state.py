"""Turn an enrollment's journal into its state and readiness, today or as of any date."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.readiness import Readiness, readiness
from ruach_studio.formation.store import enrollments
from ruach_studio.formation.usecases.load_journey import Journey, load_enrollment
from ruach_studio.kernel.errors import BadInput

YEARS = range(1900, 3000)  # beyond them a zone's offset may leave the calendar


@dataclass(frozen=True, slots=True)
class ShownState:
    """The journey as it stood at `as_of`, and the readiness derived from it."""

    journey: Journey
    readiness: Readiness
    as_of: datetime


async def read_state(services: FormationServices, enrollment_id: str, *, as_of: str | None = None) -> ShownState:
    """Return the state at `as_of`: an ISO 8601 time with its offset, or a date (its end, in the member's zone); None = now.

    Raises EnrollmentNotFound, BadInput (no date, or a time without a zone).
    """
    async with services.database.connection() as conn:
        if as_of is None:
            journey, moment = await load_enrollment(services, conn, enrollment_id), services.clock.now()
        else:
            zone = (await enrollments.get(conn, enrollment_id)).time_zone
            moment = moment_of(as_of, zone)
            journey = await load_enrollment(services, conn, enrollment_id, as_of=moment)
    return ShownState(journey, readiness(journey.state, moment), moment)


def moment_of(text: str, zone: str) -> datetime:
    """Return the moment that `text` names; a date alone is the last microsecond of that day in `zone`. Raises BadInput."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-03-02") else None
        at = datetime.fromisoformat(text) if day is None else datetime.combine(day, time.max, ZoneInfo(zone))
        if at.year not in YEARS:
            raise ValueError(at.year)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text[:40]!r} is no date", subject="asOf", remedy="Write 2026-03-02 or 2026-03-02T09:00:00Z."
        ) from error
    if at.tzinfo is None:
        raise BadInput("the time has no zone", subject="asOf", remedy="End it in Z or an offset such as +02:00.")
    return at
