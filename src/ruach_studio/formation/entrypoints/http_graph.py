"""Turn operators' requests into paths: draft, validate, publish, versions, differences and pieces."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from ruach_studio.formation.entrypoints.wire_graph import (
    DraftIn,
    DraftOut,
    GraphIn,
    PathIn,
    PathOut,
    PieceOut,
    PieceWire,
    PublishIn,
    VersionOut,
    authored_of,
    draft_out,
    path_out,
    piece_of,
    version_out,
)
from ruach_studio.formation.entrypoints.wire_impact import AffectedPageOut, ImpactOut, affected_out, impact_out
from ruach_studio.formation.entrypoints.wire_report import (
    DiffOut,
    GraphOut,
    ReportOut,
    diff_out,
    graph_out,
    report_out,
)
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.diff_versions import diff_versions
from ruach_studio.formation.usecases.list_affected import Effect, list_affected
from ruach_studio.formation.usecases.list_paths import list_paths
from ruach_studio.formation.usecases.preview_impact import preview_impact
from ruach_studio.formation.usecases.publish_draft import publish_draft
from ruach_studio.formation.usecases.read_draft import read_draft
from ruach_studio.formation.usecases.read_graph import read_graph
from ruach_studio.formation.usecases.read_piece import read_piece
from ruach_studio.formation.usecases.read_versions import read_versions
from ruach_studio.formation.usecases.save_draft import save_draft
from ruach_studio.formation.usecases.validate_graph import validate_graph
from ruach_studio.formation.usecases.write_path import write_path
from ruach_studio.formation.usecases.write_piece import write_piece
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes

Operator = Annotated[Principal, Depends(require("operator"))]
PathId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")]
Number = Annotated[int, Path(ge=1)]


def router(services: FormationServices) -> Routes:
    """Return the authoring routes under /formation-dependency."""
    api = Routes(prefix="/formation-dependency", tags=["formation graph"])

    @api.get("")
    async def paths(_operator: Operator) -> list[PathOut]:
        """List the paths."""
        return [path_out(path, revision) for path, revision in await list_paths(services)]

    # Before the routes of a path, so that "pieces" is not taken for one.
    @api.get("/pieces/{content_ref:path}")
    async def piece(content_ref: Ref, _operator: Operator) -> PieceOut:
        """Show a content piece."""
        return _piece_out(await read_piece(services, content_ref))

    @api.put("/pieces/{content_ref:path}")
    async def put_piece(content_ref: Ref, body: PieceWire, operator: Operator) -> PieceOut:
        """Write a content piece; members see the new words at once."""
        written = piece_of(content_ref, body)
        await write_piece(services, written, actor=operator.actor)
        return _piece_out(written)

    @api.put("/{path_id}")
    async def put_path(path_id: PathId, body: PathIn, operator: Operator) -> PathOut:
        """Create a path, or rewrite its title and description."""
        written = await write_path(services, path_id, body.title, body.description, actor=operator.actor)
        return path_out(written, (await read_draft(services, path_id)).revision)

    @api.get("/{path_id}/draft")
    async def draft(path_id: PathId, _operator: Operator) -> DraftOut:
        """Show the draft; without one, the newest version as revision 0."""
        return draft_out(await read_draft(services, path_id))

    @api.put("/{path_id}/draft")
    async def put_draft(path_id: PathId, body: DraftIn, operator: Operator) -> DraftOut:
        """Save the draft at the next revision, or refuse it with every fault (422) or because it went on (409)."""
        saved = await save_draft(services, path_id, authored_of(body), revision=body.revision, actor=operator.actor)
        return draft_out(saved)

    @api.post("/{path_id}/validate")
    async def validate(path_id: PathId, _operator: Operator, body: GraphIn | None = None) -> ReportOut:
        """Check these nodes, or the draft, as the next version. Nothing is written."""
        return report_out(await validate_graph(services, path_id, authored_of(body) if body else None))

    @api.get("/{path_id}/draft/impact")
    async def impact(path_id: PathId, _operator: Operator) -> ImpactOut:
        """Show who would gain or lose what if the draft were published and all were migrated. Nothing is written."""
        return impact_out(await preview_impact(services, path_id))

    @api.get("/{path_id}/draft/impact/enrollments")
    async def affected(
        path_id: PathId, _operator: Operator, node_id: Annotated[str | None, Query(alias="nodeId")] = None,
        effect: Effect = "any", after: Annotated[UUID | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> AffectedPageOut:  # fmt: skip
        """List the enrollments for which the draft would change something, by id."""
        page = await list_affected(
            services, path_id, node_id=node_id, effect=effect, after=str(after) if after else None, limit=limit
        )
        return affected_out(page)

    @api.post("/{path_id}/versions", status_code=201)
    async def publish(path_id: PathId, body: PublishIn, operator: Operator) -> GraphOut:
        """Publish the draft as the next version, for good. Enrollments stay on theirs until they are migrated."""
        return graph_out(
            await publish_draft(services, path_id, revision=body.draft_revision, reason=body.reason, actor=operator.actor)
        )

    @api.get("/{path_id}/versions")
    async def versions(path_id: PathId, _operator: Operator) -> list[VersionOut]:
        """List what was published, the newest first."""
        return [version_out(each) for each in await read_versions(services, path_id)]

    @api.get("/{path_id}/versions/{version}")
    async def version(path_id: PathId, version: Number, _operator: Operator) -> GraphOut:
        """Show a version with its nodes."""
        return graph_out(await read_graph(services, path_id, version))

    @api.get("/{path_id}/versions/{version}/diff")
    async def diff(path_id: PathId, version: Number, _operator: Operator, against: Annotated[int, Query(ge=1)]) -> DiffOut:
        """Show how a version differs from another, field by field."""
        return diff_out(await diff_versions(services, path_id, against, version))

    return api


def _piece_out(piece: Piece) -> PieceOut:
    return PieceOut(
        content_ref=piece.content_ref, title=piece.title, body=piece.body, prompt=piece.prompt,
        session_id=piece.session_id, sha256=piece.sha256,
    )  # fmt: skip
