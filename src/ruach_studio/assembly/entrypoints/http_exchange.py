"""Turn HTTP requests that bring an edited EDL back from another program into the use case that saves it."""

from typing import Annotated

from fastapi import Query, Request

from ruach_studio.assembly.edl import EdlIsLocked, validate_edl
from ruach_studio.assembly.entrypoints.http_edl import Operator
from ruach_studio.assembly.entrypoints.wire_edl import EdlBody
from ruach_studio.assembly.exchange import IMPORTS, BadReturn, Imported
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store.edls import EdlNotFound
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict
from ruach_studio.assembly.usecases.get_edl import EdlView
from ruach_studio.assembly.usecases.import_edl import import_edl
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes


class ImportBody(EdlBody):
    """The EDL after a file came back: which cuts are new or changed, which are gone, what the file held besides."""

    changed_cuts: list[str]
    removed_cuts: list[str]
    chapters_changed: bool
    notices: list[str]

    @classmethod
    def of_import(cls, imported: Imported) -> "ImportBody":
        """Return the body of what came back; the version is the base's own where nothing had changed."""
        told = EdlBody.of(EdlView(imported.edl, validate_edl(imported.edl), imported.edl.version))
        return cls(
            edl=told.edl, errors=told.errors, warnings=told.warnings, head_version=told.head_version,
            changed_cuts=list(imported.changed), removed_cuts=list(imported.removed),
            chapters_changed=imported.chapters_changed, notices=list(imported.notices),
        )  # fmt: skip


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the route that takes an edited EDL back; the body is the file itself, up to the API's body limit of 8 MB."""
    refusals = problem_responses(EdlNotFound, EdlVersionConflict, EdlIsLocked, BadReturn)
    content = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}

    @routes.post("/{session_id}/edl/import/{format_name}", summary=f"Take an edited EDL back: {', '.join(IMPORTS)}",
                 responses=refusals, openapi_extra=content)  # fmt: skip
    async def take_back(
        session_id: str, format_name: str, request: Request, operator: Operator,
        base_version: Annotated[int, Query(alias="baseVersion", description="The version that was exported.")],
    ) -> ImportBody:  # fmt: skip
        body = await request.body()
        imported = await import_edl(services, session_id, format_name, body, base_version=base_version, actor=operator.actor)
        return ImportBody.of_import(imported)
