"""Turn an operator's questions about enrollments into answers: who is on which path, in which state, after which events."""

from typing import Annotated

from fastapi import Depends, Query

from ruach_studio.formation.entrypoints import wire_state as wire
from ruach_studio.formation.entrypoints.http_read import NAME, SEQ_MAX, Limit
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.find_enrollments import find_enrollments
from ruach_studio.formation.usecases.read_journal import read_journal
from ruach_studio.formation.usecases.read_state import read_state
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4

Operator = Annotated[Principal, Depends(require("operator", scope="formation:read"))]


def enrollment_id_of(enrollment_id: str) -> str:
    """Return the path's enrollment id; anything but a UUIDv4 is a 400."""
    return checked_uuid4(enrollment_id, field="enrollmentId")


EnrollmentId = Annotated[str, Depends(enrollment_id_of)]


def router(services: FormationServices) -> Routes:
    """Return the operator's routes under /formation-engine/enrollments."""
    api = Routes(prefix="/formation-engine/enrollments", tags=["formation"])

    @api.get("")
    async def every(
        _: Operator, limit: Limit = 100, path_id: Annotated[str | None, Query(alias="pathId", pattern=NAME)] = None,
        user_id: Annotated[str | None, Query(alias="userId", max_length=200)] = None,
        email: Annotated[str | None, Query(max_length=254)] = None,
        after: Annotated[str | None, Query()] = None,
    ) -> wire.EnrollmentsOut:  # fmt: skip
        """List enrollments by id, of a path, a user or an email."""
        if after is not None:
            checked_uuid4(after, field="after")
        found = await find_enrollments(
            services, path_id=path_id, user_id=user_id, email=email, after=after or "", limit=limit
        )
        page = [wire.enrollment_out(each.enrollment, each.email) for each in found]
        return wire.EnrollmentsOut(enrollments=page, next=page[-1].formation_enrollment_id if len(page) == limit else None)

    @api.get("/{enrollment_id}")
    async def one(_: Operator, enrollment_id: EnrollmentId) -> wire.EnrollmentOut:
        """Show one enrollment."""
        (found,) = await find_enrollments(services, enrollment_id=enrollment_id)
        return wire.enrollment_out(found.enrollment, found.email)

    @api.get("/{enrollment_id}/state")
    async def state(
        _: Operator, enrollment_id: EnrollmentId, as_of: Annotated[str | None, Query(alias="asOf")] = None
    ) -> wire.StateOut:
        """Show its state, today or as of a date or time."""
        return wire.state_out(await read_state(services, enrollment_id, as_of=as_of))

    @api.get("/{enrollment_id}/events")
    async def events(
        _: Operator, enrollment_id: EnrollmentId, after: Annotated[int, Query(ge=0, le=SEQ_MAX)] = 0, limit: Limit = 100
    ) -> wire.EventsOut:
        """Show its journal, the oldest event first."""
        found = await read_journal(services, enrollment_id, after=after, limit=limit)
        page = [wire.event_out(version, event) for version, event in found]
        return wire.EventsOut(events=page, next=page[-1].version if len(page) == limit else None)

    return api
