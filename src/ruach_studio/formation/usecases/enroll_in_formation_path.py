"""Turn a member's covenant into an enrollment on a path, pinned to its newest version; the first content access asks for it.

Covenant first: without acknowledged terms nothing is made. Asking again returns the same enrollment, whose id is stable; a
resource explorer may enter the formation journey later. The journey starts the path's first phase.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments, graphs
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.write_fact import enqueue_projection, offset_minutes, write_fact
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.context import bind, new_id
from ruach_studio.kernel.errors import BadInput, Conflict

Covenant = Literal["formation_journey", "resource_explorer"]


class TermsNotAcknowledged(BadInput):
    """The covenant's terms were not acknowledged."""

    code = "terms_not_acknowledged"


class NothingPublished(Conflict):
    """The path has no published version yet."""

    code = "nothing_published"


class JustEnrolled(Conflict):
    """You entered a path less than a second ago."""

    code = "just_enrolled"
    retryable = True


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The enrollment, and whether this call made it."""

    enrollment: Enrollment
    created: bool


async def enroll_in_formation_path(
    services: FormationServices, user_id: str, *, covenant: str, acknowledged_terms: bool, path_id: str = DEFAULT_PATH,
    time_zone: str | None = None,
) -> Enrolled:  # fmt: skip
    """Enroll a user, or return the enrollment that stands. `time_zone` is an IANA name, UTC at first without one.

    Sent where an enrollment stands, the zone holds from now on; local days are fixed at each event, so none moves.

    Raises TermsNotAcknowledged, BadInput, PathNotFound, NothingPublished, JustEnrolled (on another path).
    """
    if covenant not in get_args(Covenant):
        raise BadInput(f"there is no covenant {covenant!r}", subject="covenantType",
                       remedy=f"Send {' or '.join(get_args(Covenant))}.")  # fmt: skip
    if not acknowledged_terms:
        raise TermsNotAcknowledged(subject="acknowledgedTerms", remedy="Read the terms and send true.")
    _check_zone("UTC" if time_zone is None else time_zone)
    now = services.clock.now()
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        path = await graphs.get_path(tx, path_id)
        if path.current_version is None:
            raise NothingPublished(subject=path_id, remedy="An operator publishes one first.")
        standing = await enrollments.of_user(tx, user_id, path_id)
        if standing is not None:
            standing = await _moved(tx, standing, time_zone)
            return Enrolled(await _upgraded(services, tx, standing, covenant, now), created=False)
        time_zone = "UTC" if time_zone is None else time_zone
        enrollment = Enrollment(new_id(), user_id, path_id, path.current_version, 0, covenant, time_zone, now)
        await enrollments.insert(tx, enrollment)
        with bind(enrollment_id=enrollment.enrollment_id):
            offset = offset_minutes(time_zone, now)
            await write_fact(
                services, tx, enrollment, "enrolled", path_id,
                {"pathId": path_id, "graphVersion": path.current_version, "utcOffsetMinutes": offset, "timeZone": time_zone},
                at=now, project=False,
            )  # fmt: skip
            await _enter(services, tx, enrollment, covenant, now)
            await record_transition(
                tx, entity="formation-enrollment", entity_id=enrollment.enrollment_id, from_state=None, to_state=covenant,
                actor=f"user:{user_id}", reason="entered the covenant",
            )  # fmt: skip
        return Enrolled(await enrollments.get(tx, enrollment.enrollment_id), created=True)


async def _moved(tx: AsyncConnection, standing: Enrollment, time_zone: str | None) -> Enrollment:
    """Take over a zone that was sent and differs; the audit keeps both. The journal's events have offsets of their own."""
    if time_zone is None or time_zone == standing.time_zone:
        return standing
    with bind(enrollment_id=standing.enrollment_id):
        await enrollments.update(tx, standing.enrollment_id, time_zone=time_zone)
        await record_transition(
            tx, entity="formation-time-zone", entity_id=standing.enrollment_id, from_state=standing.time_zone,
            to_state=time_zone, actor=f"user:{standing.user_id}", reason="sent another time zone",
        )  # fmt: skip
    return await enrollments.get(tx, standing.enrollment_id)


async def _upgraded(
    services: FormationServices, tx: AsyncConnection, standing: Enrollment, covenant: str, now: datetime
) -> Enrollment:
    """A resource explorer enters the journey; a journey is never left for free browsing, since that would end the record."""
    if standing.covenant_type == "formation_journey" or covenant == "resource_explorer":
        return standing
    with bind(enrollment_id=standing.enrollment_id):
        await enrollments.update(tx, standing.enrollment_id, covenant_type=covenant)
        await _enter(services, tx, standing, covenant, now)
        await record_transition(
            tx, entity="formation-enrollment", entity_id=standing.enrollment_id, from_state=standing.covenant_type,
            to_state=covenant, actor=f"user:{standing.user_id}", reason="entered the journey",
        )  # fmt: skip
    return await enrollments.get(tx, standing.enrollment_id)


async def _enter(
    services: FormationServices, tx: AsyncConnection, enrollment: Enrollment, covenant: str, now: datetime
) -> None:
    facts: list[tuple[str, str, dict[str, object]]] = [
        ("covenant_entered", covenant, {"covenantType": covenant, "acknowledgedTerms": True})
    ]
    if covenant == "formation_journey":
        graph: Graph = await services.graphs.get(tx, enrollment.path_id, enrollment.graph_version)
        facts += [("phase_started", phase, {"phase": phase}) for phase in graph.live_phases[:1]]
    for event_type, content_id, data in facts:
        done = await write_fact(services, tx, enrollment, event_type, content_id, data, at=now, project=False)
        if done.version is None:  # a repeat of another path's: without it the journey could never be walked
            raise JustEnrolled(subject=enrollment.path_id, remedy="Try again in a second.")
    await enqueue_projection(services, tx, enrollment.enrollment_id)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"{name[:64]!r} is not a time zone", subject="timeZone", remedy="Send an IANA name such as Europe/Paris."
        ) from error
