"""Turn HTTP requests about who speaks where and who is filmed by what into use cases."""

from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader
from ruach_studio.assembly.entrypoints.wire_versions import (
    ProposalBody,
    SpeakersBody,
    SpeakersRequest,
)
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.store.speakers import SpeakerMapNotFound
from ruach_studio.assembly.usecases.get_speakers import NobodyToMap, SpeakersView, get_speakers
from ruach_studio.assembly.usecases.preview_edl import NothingToPreview
from ruach_studio.assembly.usecases.propose_speakers import propose_speakers
from ruach_studio.assembly.usecases.set_speakers import SpeakersConflict, set_speakers
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes."""

    @routes.get("/{session_id}/speakers", summary="Who speaks into which microphone, who is filmed by which camera",
                responses=problem_responses(SessionNotFound, SpeakerMapNotFound, NobodyToMap))  # fmt: skip
    async def show(session_id: str, _operator: Reader, version: int | None = None) -> SpeakersBody:
        return SpeakersBody.of(await get_speakers(services, session_id, version))

    @routes.put("/{session_id}/speakers", summary="Say it; saves the next version, which the next draft obeys",
                responses=problem_responses(SessionNotFound, SpeakersConflict))  # fmt: skip
    async def say(session_id: str, body: SpeakersRequest, operator: Operator) -> SpeakersBody:
        row = await set_speakers(
            services, session_id, body.value(), base_version=body.base_version, actor=operator.actor, notes=body.notes
        )
        return SpeakersBody.of(SpeakersView(row.speakers, row))

    @routes.get("/{session_id}/speakers/proposal", summary="What the microphones prove; nothing is saved",
                responses=problem_responses(SessionNotFound, NothingToPreview, SessionStateConflict))  # fmt: skip
    async def propose(session_id: str, _operator: Reader) -> ProposalBody:
        return ProposalBody.of(await propose_speakers(services, session_id))
