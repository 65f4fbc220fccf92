"""Turn HTTP requests about a session's EDL into use cases: make it, look at it, review it, lock it, take it out."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Response, status

from ruach_studio.assembly.edl import CanonicalEDL, EdlIsLocked, EdlStateConflict, validate_edl
from ruach_studio.assembly.edl_keep import LockedCutLost
from ruach_studio.assembly.entrypoints.wire import JobView
from ruach_studio.assembly.entrypoints.wire_edl import (
    AssembleRequest,
    EditRequest,
    EdlBody,
    LossesView,
    MoveRequest,
    PreviewRequest,
    ReplayRequest,
    VersionView,
)
from ruach_studio.assembly.exchange import FCPXML_VERSIONS, FORMATS
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.review import CutIsLocked, CutNotFound, EditRefused
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store.edls import EdlNotFound
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict, edit_edl
from ruach_studio.assembly.usecases.export_edl import export_edl
from ruach_studio.assembly.usecases.get_edl import EdlView, get_edl, list_versions
from ruach_studio.assembly.usecases.lock_edl import lock_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.assembly.usecases.options import options_of
from ruach_studio.assembly.usecases.preview_edl import NothingToPreview, preview_edl
from ruach_studio.assembly.usecases.replay_assembly import replay_assembly
from ruach_studio.assembly.usecases.request_assembly import request_assembly
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes

Operator = Annotated[Principal, Depends(require("operator", scope="assembly:write"))]
Reader = Annotated[Principal, Depends(require("operator", scope="assembly:read"))]
LOSSES_HEADER = "X-Export-Losses"
LOSSES_HEADER_MAX = 4000  # many servers and proxies take 8 KB of headers in all


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes that make, show and export an EDL."""
    missing = problem_responses(SessionNotFound, EdlNotFound)

    @routes.post("/{session_id}/assemble", summary="Assemble: the draft that exists, or a job that makes it",
                 response_model=EdlBody | JobView, responses=problem_responses(SessionNotFound, SessionStateConflict)
                 | {202: {"model": JobView, "description": "A job makes the draft."}})  # fmt: skip
    async def assemble(
        session_id: str, operator: Operator, response: Response, body: AssembleRequest | None = None
    ) -> EdlBody | JobView:
        options = (body or AssembleRequest()).options()
        answer = await request_assembly(services, session_id, options=options, actor=operator.actor)
        if answer.queued is not None:
            response.status_code = status.HTTP_202_ACCEPTED
            return JobView.of(answer.queued, await services.queue.dispatch())
        return EdlBody.of(await get_edl(services, session_id, answer.existing.version if answer.existing else None))

    @routes.post("/{session_id}/edl/preview", summary="Show what other settings would give; keep it if wanted",
                 responses=problem_responses(SessionNotFound, NothingToPreview, SessionStateConflict,
                                             LockedCutLost))  # fmt: skip
    async def preview(session_id: str, body: PreviewRequest, operator: Operator) -> EdlBody:
        options = options_of(body.options())
        return body_of(await preview_edl(services, session_id, options, actor=operator.actor, keep=body.keep))

    @routes.post("/{session_id}/assembly/replay", summary="Make a stretch of the EDL anew; saves a draft",
                 responses=missing | problem_responses(SessionStateConflict))  # fmt: skip
    async def replay(session_id: str, body: ReplayRequest, operator: Operator) -> EdlBody:
        made = await replay_assembly(
            services, session_id, from_ms=body.from_ms, to_ms=body.to_ms, reason=body.reason, actor=operator.actor,
            options=options_of(body.options()), dry_run=body.dry_run,
        )  # fmt: skip
        return body_of(made.edl)

    @routes.get("/{session_id}/edl", summary="Show the newest EDL, or a version of it", responses=missing)
    async def show(session_id: str, _operator: Reader, version: int | None = None) -> EdlBody:
        return EdlBody.of(await get_edl(services, session_id, version))

    @routes.get("/{session_id}/edl/versions", summary="List every version, newest first",
                responses=problem_responses(SessionNotFound))  # fmt: skip
    async def versions(session_id: str, _operator: Reader) -> list[VersionView]:
        return [VersionView.of(row) for row in await list_versions(services, session_id)]

    @routes.get("/{session_id}/edl/export/{format_name}", summary=f"Take the EDL out: {', '.join(FORMATS)}",
                response_class=Response, responses=missing)  # fmt: skip
    async def export(
        session_id: str, format_name: str, _operator: Reader, version: int | None = None,
        fcpxml_version: Annotated[str | None, Query(alias="fcpxmlVersion", description=", ".join(FCPXML_VERSIONS))] = None,
    ) -> Response:  # fmt: skip
        exported = await export_edl(services, session_id, format_name, version, fcpxml_version=fcpxml_version)
        headers = {
            "Content-Disposition": f'attachment; filename="{exported.filename}"',
            LOSSES_HEADER: losses_header(exported.losses),
        }
        return Response(exported.text, media_type=exported.media_type, headers=headers)

    @routes.get("/{session_id}/edl/export/{format_name}/losses", summary="All that a format cannot hold of the EDL",
                responses=missing)  # fmt: skip
    async def losses(
        session_id: str, format_name: str, _operator: Reader, version: int | None = None,
        fcpxml_version: Annotated[str | None, Query(alias="fcpxmlVersion", description=", ".join(FCPXML_VERSIONS))] = None,
    ) -> LossesView:  # fmt: skip
        exported = await export_edl(services, session_id, format_name, version, fcpxml_version=fcpxml_version)
        return LossesView(filename=exported.filename, losses=list(exported.losses))


def add_review(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes that change an EDL or its state."""
    stale = problem_responses(SessionNotFound, EdlNotFound, EdlVersionConflict, EdlStateConflict)
    refusals = problem_responses(EdlNotFound, CutNotFound, EdlVersionConflict, EdlIsLocked, CutIsLocked, EditRefused)

    @routes.post("/{session_id}/edl/edits", summary="Edit cuts; saves the next version",
                 responses=refusals)  # fmt: skip
    async def edit(session_id: str, body: EditRequest, operator: Operator) -> EdlBody:
        edits = [each.edit() for each in body.edits]
        return body_of(await edit_edl(services, session_id, edits, base_version=body.base_version, actor=operator.actor))

    @routes.post("/{session_id}/edl/submit", summary="Hand the draft over for review", responses=stale)
    async def submit(session_id: str, body: MoveRequest, operator: Operator) -> EdlBody:
        return body_of(
            await move_edl(services, session_id, "submit", version=body.version, actor=operator.actor, note=body.note)
        )

    @routes.post("/{session_id}/edl/withdraw", summary="Take it back to draft", responses=stale)
    async def withdraw(session_id: str, body: MoveRequest, operator: Operator) -> EdlBody:
        return body_of(
            await move_edl(services, session_id, "withdraw", version=body.version, actor=operator.actor, note=body.note)
        )

    @routes.post("/{session_id}/edl/approve", summary="Approve what is in review", responses=stale)
    async def approve(session_id: str, body: MoveRequest, operator: Operator) -> EdlBody:
        return body_of(
            await move_edl(services, session_id, "approve", version=body.version, actor=operator.actor, note=body.note)
        )

    @routes.post("/{session_id}/edl/lock", summary="Lock the approved EDL; it can render from now on", responses=stale)
    async def lock(session_id: str, body: MoveRequest, operator: Operator) -> EdlBody:
        return body_of(await lock_edl(services, session_id, version=body.version, actor=operator.actor, note=body.note))


def losses_header(losses: Sequence[str]) -> str:
    """Return the losses as a JSON list of at most 4000 bytes; if there are more, its last sentence says how many."""
    for kept in range(len(losses), -1, -1):
        more = f"and {len(losses) - kept} more: the route of this export followed by /losses lists them all"
        text = json.dumps([*losses[:kept], more] if kept < len(losses) else [*losses])
        if len(text) <= LOSSES_HEADER_MAX:
            break
    return text


def body_of(edl: CanonicalEDL) -> EdlBody:
    """Return the body of an EDL that was just made, with its findings."""
    return EdlBody.of(EdlView(edl, validate_edl(edl), edl.version))
