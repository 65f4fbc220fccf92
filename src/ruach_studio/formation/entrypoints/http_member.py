"""Turn a member's requests into formation's writing use cases. Who writes is the session's account, never a parameter."""

from typing import Annotated

from fastapi import Depends, Path, Response

from ruach_studio.formation.entrypoints.wire_member import (
    AttemptOut,
    AttemptRequest,
    EnrollmentOut,
    EnrollRequest,
    EventOut,
    EventRequest,
    HeartbeatOut,
    HeartbeatRequest,
    OwnReflectionOut,
    ReflectionOut,
    ReflectionRequest,
    attempt_out,
    enrollment_out,
    heartbeat_out,
    own_reflection_out,
    reflection_out,
)  # fmt: skip
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.erase_reflection import erase_reflection
from ruach_studio.formation.usecases.list_reflections import list_reflections
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.ids import checked_uuid4

# Staff may walk the path too, each for themselves.
Member = Annotated[Principal, Depends(require("member", "operator"))]
NodeId = Annotated[str, Path(min_length=1, max_length=128)]


def router(services: FormationServices) -> Routes:
    """Return the writing routes under /formation-engine."""
    api = Routes(prefix="/formation-engine", tags=["formation"])

    @api.post("/enroll", status_code=201, responses={200: {"description": "The enrollment stood already."}})
    async def enroll(body: EnrollRequest, member: Member, response: Response) -> EnrollmentOut:
        """Enter the covenant; asking again returns the same enrollment."""
        done = await enroll_in_formation_path(
            services, member.account_id, covenant=body.covenant_type, acknowledged_terms=body.acknowledged_terms,
            path_id=body.path_id, time_zone=body.time_zone,
        )  # fmt: skip
        response.status_code = 201 if done.created else 200
        return enrollment_out(done.enrollment, created=done.created)

    @api.post("/events", status_code=202)
    async def event(body: EventRequest, member: Member) -> EventOut:
        """Report a step onto a node, a section's end or a look at an axiom; the server measures."""
        done = await accept_event(
            services, member.account_id, body.event_type, body.content_id, body.data, path_id=body.path_id
        )
        return EventOut(
            recorded=done.recorded, formation_enrollment_id=done.enrollment_id, dispatch=await services.queue.dispatch()
        )

    @api.post("/heartbeat")
    async def heartbeat(body: HeartbeatRequest, member: Member) -> HeartbeatOut:
        """Count the time of a visible tab; enough of it completes a section."""
        counted = await beat_heart(
            services, member.account_id, body.session_id, body.node_id, body.sequence, path_id=body.path_id
        )
        return heartbeat_out(counted)

    @api.post("/reflections", status_code=201)
    async def reflect(body: ReflectionRequest, member: Member) -> ReflectionOut:
        """Submit a reflection; the answer shows what the rubric counted."""
        done = await submit_reflection(
            services, member.account_id, body.node_id, body.text, kind=body.type, path_id=body.path_id
        )
        return reflection_out(done)

    @api.get("/reflections")
    async def own_reflections(member: Member) -> list[OwnReflectionOut]:
        """List your own reflections, the newest first."""
        return [own_reflection_out(each) for each in await list_reflections(services, member.account_id)]

    @api.delete("/reflections/{reflection_id}", status_code=204)
    async def erase(reflection_id: str, member: Member) -> None:
        """Erase the text of your own reflection; your progress stands."""
        await erase_reflection(services, member.account_id, checked_uuid4(reflection_id, field="reflectionId"))

    @api.post("/checkpoints/{checkpoint_id}/attempts", status_code=201)
    async def attempt(checkpoint_id: NodeId, body: AttemptRequest, member: Member) -> AttemptOut:
        """Hand in an answer at a checkpoint."""
        done = await attempt_checkpoint(
            services, member.account_id, checkpoint_id, body.text, kind=body.type, path_id=body.path_id
        )
        return attempt_out(done)

    return api
