"""Turn a name, or a job, into the output format that is meant: standard, added, or as the job was asked with."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render import presets as rules
from ruach_studio.render.presets import Preset, preset_named, preset_sha256
from ruach_studio.render.store import presets
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.store.presets import PresetRow
from ruach_studio.render.usecases.services import RenderServices


@dataclass(frozen=True, slots=True)
class ShownPreset:
    """A format that can be rendered. `saved` is None for a standard one."""

    preset: Preset
    sha256: str
    saved: PresetRow | None


async def list_presets(services: RenderServices) -> list[ShownPreset]:
    """Return the standard formats in their order, then the added ones by name, each in its newest version."""
    async with services.database.connection() as conn:
        added = await presets.newest(conn)
    standard = [ShownPreset(each, preset_sha256(each), None) for each in rules.PRESETS.values()]
    return [*standard, *(ShownPreset(row.preset, row.sha256, row) for row in added.values())]


async def list_versions(services: RenderServices, name: str) -> list[ShownPreset]:
    """Return a format's versions, newest first (a standard one has the one). Raises UnknownFormat."""
    if name in rules.PRESETS:
        return [ShownPreset(rules.PRESETS[name], preset_sha256(rules.PRESETS[name]), None)]
    async with services.database.connection() as conn:
        rows = await presets.versions(conn, name)
        if not rows:
            await named(conn, [name])
    return [ShownPreset(row.preset, row.sha256, row) for row in rows]


async def named(conn: AsyncConnection, names: Sequence[str]) -> list[Preset]:
    """Return the formats called so, each once: standard ones first, in their order. Raises UnknownFormat with the list."""
    wanted = dict.fromkeys(names)
    others = [] if all(name in rules.PRESETS for name in wanted) else list((await presets.newest(conn)).values())
    found = {name: preset_named(name, [row.preset for row in others]) for name in wanted}
    order = [*(name for name in rules.PRESETS if name in found), *(name for name in found if name not in rules.PRESETS)]
    return [found[name] for name in order]


async def of_job(conn: AsyncConnection, job: RenderJob) -> Preset:
    """Return the format as it was when `job` was asked for."""
    return preset_named(job.format) if job.preset_sha256 is None else await presets.kept(conn, job.preset_sha256)
