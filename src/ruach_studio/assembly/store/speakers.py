"""Turn speaker maps into immutable version rows, and back; version 0 means that none was saved yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.mapping import SpeakerMap, map_from_wire, map_to_wire
from ruach_studio.assembly.store.tables import SPEAKER_MAP
from ruach_studio.infra.db.numbers import version_key
from ruach_studio.kernel.errors import NotFound

MapOrigin = Literal["proposed", "operator"]


class SpeakerMapNotFound(NotFound):
    """The session has no such version of its speaker map."""

    code = "speaker_map_not_found"


@dataclass(frozen=True, slots=True)
class SpeakersRow:
    """One saved version of who speaks where and who is filmed by what."""

    version: int
    origin: MapOrigin
    speakers: SpeakerMap
    notes: str
    created_by: str
    created_at: datetime


async def newest_map(conn: AsyncConnection, session_id: str, version: int | None = None) -> SpeakersRow | None:
    """Return a version (default: the newest), or None before the first. Raises SpeakerMapNotFound for a number."""
    statement = sa.select(SPEAKER_MAP).where(SPEAKER_MAP.c.session_id == session_id)
    if version is not None:
        statement = statement.where(SPEAKER_MAP.c.version == version_key(version))
    row = (await conn.execute(statement.order_by(SPEAKER_MAP.c.version.desc()).limit(1))).one_or_none()
    if row is None:
        if version is None:
            return None
        raise SpeakerMapNotFound(f"there is no version {version}", subject=session_id, remedy="Ask for the newest one.")
    return SpeakersRow(row.version, row.origin, map_from_wire(row.speakers), row.notes, row.created_by, row.created_at)


async def insert_map(tx: AsyncConnection, session_id: str, row: SpeakersRow) -> None:
    """Save a version; the session's row is locked by the caller."""
    await tx.execute(
        sa.insert(SPEAKER_MAP).values(
            session_id=session_id, version=row.version, origin=row.origin, speakers=map_to_wire(row.speakers),
            notes=row.notes, created_by=row.created_by, created_at=row.created_at,
        )
    )  # fmt: skip
