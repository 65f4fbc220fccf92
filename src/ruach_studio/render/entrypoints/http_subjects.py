"""Turn HTTP requests into the use cases about where a camera's subject stands. Operators only."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.routes import Routes
from ruach_studio.render.entrypoints.http import Operator, Reader, SessionId
from ruach_studio.render.store.positions import PositionRow
from ruach_studio.render.usecases.read_subjects import list_positions
from ruach_studio.render.usecases.services import RenderServices
from ruach_studio.render.usecases.set_subject import set_subject

Camera = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class SubjectRequest(BaseModel):
    """Where the subject stands, 0 (left) to 1 (right); null lets the rule find it again."""

    model_config = ConfigDict(extra="forbid")

    x: float | None = Field(ge=0, le=1, allow_inf_nan=False)
    reason: str = Field(default="", max_length=500)


class SubjectOut(BaseModel):
    """An operator's newest word about one camera; `x` null: by rule."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    camera: str
    version: int
    x: float | None
    set_by: str
    reason: str
    set_at: datetime


def router(services: RenderServices) -> Routes:
    """Return the routes under /render-subjects."""
    api = Routes(prefix="/render-subjects", tags=["render"])

    @api.get("/{session_id}")
    async def everything(_: Reader, session_id: SessionId) -> list[SubjectOut]:
        """List what operators said about the session's cameras; the others are placed by rule."""
        return [_out(row) for row in await list_positions(services, session_id)]

    @api.put("/{session_id}/{camera}")
    async def place(operator: Operator, session_id: SessionId, camera: Camera, body: SubjectRequest) -> SubjectOut:
        """Say where a camera's subject stands; renders that begin later crop around it."""
        return _out(await set_subject(services, session_id, camera, body.x, actor=operator.actor, reason=body.reason))

    return api


def _out(row: PositionRow) -> SubjectOut:
    return SubjectOut(**{name: getattr(row, name) for name in SubjectOut.model_fields})
