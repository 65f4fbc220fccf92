"""Turn an operator's output format into its next version. A version is never altered; the same again changes nothing."""

from collections.abc import Mapping
from typing import Any

from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict
from ruach_studio.render.presets import FORMATS, read_preset
from ruach_studio.render.store import presets
from ruach_studio.render.store.presets import PresetRow
from ruach_studio.render.usecases.services import RenderServices


class StandardPreset(Conflict):
    """A standard output format stays as it is."""

    code = "standard_preset"


class PresetMoved(Conflict):
    """Somebody saved another version in the meantime."""

    code = "preset_moved"


async def save_preset(
    services: RenderServices, wire: Mapping[str, Any], *, actor: str, reason: str = "", base_version: int | None = None
) -> PresetRow:
    """Save the format that `wire` says and return its version (the newest one if it says the same).

    `base_version` is the version that the operator looked at (0: none); None does not ask. Renders that were asked for
    keep what they were asked with. Raises BadPreset, StandardPreset, PresetMoved.
    """
    preset = read_preset(wire)
    if preset.name in FORMATS:
        raise StandardPreset(subject=preset.name, remedy="Save it under another name.")
    async with services.database.transaction() as tx:
        await presets.lock(tx, preset.name)
        before = next(iter(await presets.versions(tx, preset.name)), None)
        version = 0 if before is None else before.version
        if base_version is not None and base_version != version:
            raise PresetMoved(f"the newest version is {version}, not {base_version}", subject=preset.name,
                              remedy="Look at it again, then save.")  # fmt: skip
        if before is not None and before.preset == preset:
            return before
        digest = await presets.keep(tx, preset)
        row = PresetRow(preset, version + 1, digest, actor, reason, services.clock.now())
        await presets.add(tx, row)
        await record_transition(
            tx, entity="render-preset", entity_id=preset.name, from_state=f"v{version}" if version else None,
            to_state=f"v{row.version}", actor=actor, reason=reason or f"content {digest[:12]}",
        )  # fmt: skip
    return row
