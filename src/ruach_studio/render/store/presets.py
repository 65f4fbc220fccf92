"""Keep what each output format is: contents by their hash, and the versions of the formats that operators added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.kernel.errors import NotFound
from ruach_studio.render.presets import Preset, preset_sha256, preset_to_wire, read_preset
from ruach_studio.render.store.tables import PRESET_CONTENT, PRESET_VERSION

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext('render.preset'), hashtext(:name))")


class PresetNotKept(NotFound):
    """What the format was is not stored."""

    code = "preset_not_kept"


@dataclass(frozen=True, slots=True)
class PresetRow:
    """One version of an added format."""

    preset: Preset
    version: int
    sha256: str
    saved_by: str
    reason: str
    saved_at: datetime


async def keep(tx: AsyncConnection, preset: Preset) -> str:
    """Store what `preset` says unless it is stored already; return its SHA-256."""
    digest = preset_sha256(preset)
    values = {"sha256": digest, "content": preset_to_wire(preset)}
    await tx.execute(upsert(PRESET_CONTENT).values(values).on_conflict_do_nothing())
    return digest


async def kept(conn: AsyncConnection, sha256: str) -> Preset:
    """Return the preset with that hash. Raises PresetNotKept."""
    statement = sa.select(PRESET_CONTENT.c.content).where(PRESET_CONTENT.c.sha256 == sha256)
    content = (await conn.execute(statement)).scalar_one_or_none()
    if content is None:
        raise PresetNotKept(subject=f"preset {sha256[:12]}")
    return read_preset(content)


async def lock(tx: AsyncConnection, name: str) -> None:
    """Let nobody else save a version of `name` until the transaction ends."""
    await tx.execute(_LOCK, {"name": name})


async def add(tx: AsyncConnection, row: PresetRow) -> None:
    """Write another version; its content is kept first."""
    values = {"name": row.preset.name, "version": row.version, "sha256": await keep(tx, row.preset)}
    about = {"saved_by": row.saved_by, "reason": row.reason, "saved_at": row.saved_at}
    await tx.execute(sa.insert(PRESET_VERSION).values(**values, **about))


async def versions(conn: AsyncConnection, name: str | None = None) -> Sequence[PresetRow]:
    """Return the versions of one added format, or of all: by name, newest first."""
    joined = PRESET_VERSION.join(PRESET_CONTENT, PRESET_CONTENT.c.sha256 == PRESET_VERSION.c.sha256)
    statement = sa.select(PRESET_VERSION, PRESET_CONTENT.c.content).select_from(joined)
    if name is not None:
        statement = statement.where(PRESET_VERSION.c.name == name)
    rows = await conn.execute(statement.order_by(PRESET_VERSION.c.name, PRESET_VERSION.c.version.desc()))
    return [
        PresetRow(read_preset(row.content), row.version, row.sha256, row.saved_by, row.reason, row.saved_at) for row in rows
    ]


async def newest(conn: AsyncConnection) -> dict[str, PresetRow]:
    """Return the newest version of each added format, by name."""
    found: dict[str, PresetRow] = {}
    for row in await versions(conn):
        found.setdefault(row.preset.name, row)
    return found
