"""Turn HTTP requests about what was said into use cases: import, show, write, correct, transcribe."""

from typing import Annotated

from fastapi import Query, Request, status

from ruach_studio.assembly.entrypoints.http_edl import Operator, Reader
from ruach_studio.assembly.entrypoints.wire import JobView
from ruach_studio.assembly.entrypoints.wire_transcripts import (
    Language,
    TranscribeRequest,
    TranscriptBody,
    TranscriptEdits,
    TranscriptRequest,
)
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.store.transcripts import TranscriptNotFound
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.transcript_read import Format
from ruach_studio.assembly.usecases.edit_transcript import edit_transcript
from ruach_studio.assembly.usecases.get_transcript import get_transcript
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile, import_transcript, recording_of
from ruach_studio.assembly.usecases.request_transcription import request_transcription
from ruach_studio.assembly.usecases.set_transcript import TranscriptConflict, set_transcript
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes under /sessions/{session_id}/transcript."""
    stale = problem_responses(SessionNotFound, TranscriptConflict, BadTranscript)
    content = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}

    @routes.get("/{session_id}/transcript", summary="Show the session's newest transcript, or a version of it",
                responses=problem_responses(SessionNotFound, TranscriptNotFound))  # fmt: skip
    async def read(session_id: str, _operator: Reader, version: int | None = None) -> TranscriptBody:
        return TranscriptBody.of(await get_transcript(services, session_id, version))

    @routes.put("/{session_id}/transcript", summary="Save a transcript with its speakers: the next version", responses=stale)
    async def write(session_id: str, body: TranscriptRequest, operator: Operator) -> TranscriptBody:
        row = await set_transcript(
            services, session_id, body.value(), base_version=body.base_version, actor=operator.actor, language=body.language
        )
        return TranscriptBody.of(await get_transcript(services, session_id, row.version))

    @routes.post("/{session_id}/transcript/import", summary="Import SRT, WebVTT or JSON: the body is the file, up to 8 MB",
                 responses=stale, openapi_extra=content)  # fmt: skip
    async def take_in(
        session_id: str, request: Request, operator: Operator,
        base_version: Annotated[int, Query(alias="baseVersion", ge=0, description="0 before the first.")],
        name: Annotated[str, Query(max_length=200, description="The file's name, for messages.")] = "transcript",
        form: Annotated[Format | None, Query(alias="format", description="Default: by its content.")] = None,
        of: Annotated[str | None, Query(max_length=200, description="CAMERA or CAMERA:CLIP (from 1), by its clock.")] = None,
        encoding: Annotated[str | None, Query(max_length=40, description="Default: UTF-8, or by its mark.")] = None,
        language: Annotated[Language | None, Query()] = None,
        leave_out: Annotated[bool, Query(alias="leaveOut", description="Leave out cues beyond the recording.")] = False,
    ) -> TranscriptBody:  # fmt: skip
        key = None if of is None else recording_of(of)
        file = TranscriptFile(await request.body(), name, form, encoding, language, key, leave_out)
        made = await import_transcript(services, session_id, file, base_version=base_version, actor=operator.actor)
        return TranscriptBody.of(made)

    @routes.post("/{session_id}/transcript/edits", summary="Correct text, speakers and times; saves the next version",
                 responses=stale | problem_responses(TranscriptNotFound))  # fmt: skip
    async def correct(session_id: str, body: TranscriptEdits, operator: Operator) -> TranscriptBody:
        made = await edit_transcript(
            services, session_id, body.values(), base_version=body.base_version, actor=operator.actor
        )
        return TranscriptBody.of(made)

    @routes.post("/{session_id}/transcript/transcribe", summary="Have the session's speech written down by a job",
                 status_code=status.HTTP_202_ACCEPTED,
                 responses=problem_responses(SessionNotFound, BadSession))  # fmt: skip
    async def transcribe(session_id: str, operator: Operator, body: TranscribeRequest | None = None) -> JobView:
        asked = body or TranscribeRequest()
        queued = await request_transcription(
            services, session_id, camera_id=asked.camera_id, language=asked.language, actor=operator.actor
        )
        return JobView.of(queued, await services.queue.dispatch())
