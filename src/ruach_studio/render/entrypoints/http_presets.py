"""Turn HTTP requests into the use cases about output formats: list them, add one. Operators only."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.errors import Malformed
from ruach_studio.render.entrypoints.http import Operator, Reader
from ruach_studio.render.presets import preset_to_wire
from ruach_studio.render.usecases.read_presets import ShownPreset, list_presets, list_versions
from ruach_studio.render.usecases.save_preset import save_preset
from ruach_studio.render.usecases.services import RenderServices

Name = Annotated[str, Path(max_length=40)]


class PresetRequest(BaseModel):
    """A format's settings under their written names (`preset`), the version that was looked at, and why."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    preset: dict[str, Any]
    base_version: int | None = Field(default=None, ge=0)
    reason: str = Field(default="", max_length=500)


class PresetOut(BaseModel):
    """A format: its settings, and for one that an operator added its version. `sha256` is what a job pins."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    standard: bool
    version: int | None
    sha256: str
    preset: dict[str, Any]
    saved_by: str | None
    reason: str | None
    saved_at: datetime | None


def router(services: RenderServices) -> Routes:
    """Return the routes under /render-presets."""
    api = Routes(prefix="/render-presets", tags=["render"])

    @api.get("")
    async def everything(_: Reader) -> list[PresetOut]:
        """List the output formats: the four standard ones, then those that operators added."""
        return [preset_out(shown) for shown in await list_presets(services)]

    @api.get("/{name}")
    async def one(_: Reader, name: Name) -> list[PresetOut]:
        """Show a format's versions, newest first."""
        return [preset_out(shown) for shown in await list_versions(services, name)]

    @api.put("/{name}")
    async def save(operator: Operator, name: Name, body: PresetRequest) -> PresetOut:
        """Save a format's next version; the same settings again change nothing. Renders asked for keep theirs."""
        if body.preset.get("name", name) != name:
            raise Malformed(f"the preset calls itself {body.preset['name']!r}", subject=name, remedy="Use one name.")
        row = await save_preset(
            services, {**body.preset, "name": name}, actor=operator.actor, reason=body.reason, base_version=body.base_version
        )
        return preset_out(ShownPreset(row.preset, row.sha256, row))

    return api


def preset_out(shown: ShownPreset) -> PresetOut:
    """Return the wire form of a format."""
    saved = shown.saved
    return PresetOut(
        name=shown.preset.name, standard=saved is None, version=saved.version if saved else None, sha256=shown.sha256,
        preset=preset_to_wire(shown.preset), saved_by=saved.saved_by if saved else None,
        reason=saved.reason if saved else None, saved_at=saved.saved_at if saved else None,
    )  # fmt: skip
