"""Turn transcripts into immutable version rows, and back; and keep the one that an EDL was locked with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.store.tables import EDL_TRANSCRIPT, TRANSCRIPT
from ruach_studio.assembly.transcript_place import Recorded, recorded_from_wire, recorded_to_wire, sha256_of
from ruach_studio.infra.db.numbers import version_key
from ruach_studio.kernel.errors import NotFound
from ruach_studio.kernel.hashing import plain

TranscriptOrigin = Literal["import", "transcriber", "operator"]


class TranscriptNotFound(NotFound):
    """The session has no transcript."""

    code = "transcript_not_found"


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """One saved version: segments on their own clocks, where they came from (`details`), and the hash that names them."""

    version: int
    recorded: tuple[Recorded, ...]
    origin: TranscriptOrigin
    language: str | None
    sha256: str
    details: Mapping[str, Any]
    created_by: str
    created_at: datetime


async def newest(conn: AsyncConnection, session_id: str, version: int | None = None) -> TranscriptRow | None:
    """Return a version (default: the newest), or None before the first. Raises TranscriptNotFound for a number."""
    statement = sa.select(TRANSCRIPT).where(TRANSCRIPT.c.session_id == session_id)
    if version is not None:
        statement = statement.where(TRANSCRIPT.c.version == version_key(version))
    row = (await conn.execute(statement.order_by(TRANSCRIPT.c.version.desc()).limit(1))).one_or_none()
    if row is None:
        if version is None:
            return None
        raise TranscriptNotFound(f"there is no version {version}", subject=session_id, remedy="Ask for the newest one.")
    recorded = recorded_from_wire(row.wire["segments"])
    sha256 = row.sha256 or sha256_of(recorded, row.language)
    return TranscriptRow(
        row.version, recorded, row.origin, row.language, sha256, row.details, row.created_by, row.created_at
    )


async def insert(tx: AsyncConnection, session_id: str, row: TranscriptRow) -> None:
    """Save a version; the session's row is locked by the caller."""
    await tx.execute(
        sa.insert(TRANSCRIPT).values(
            session_id=session_id, version=row.version, wire=plain({"segments": recorded_to_wire(row.recorded)}),
            origin=row.origin, language=row.language, sha256=row.sha256, details=plain(row.details),
            created_by=row.created_by, created_at=row.created_at,
        )
    )  # fmt: skip


async def keep_locked(
    tx: AsyncConnection, session_id: str, edl_version: int, transcript_version: int, wire: Mapping[str, Any], *, at: datetime
) -> None:
    """Keep the transcript (wire form) that an EDL was locked with; the EDL's row is locked by the caller."""
    await tx.execute(
        sa.insert(EDL_TRANSCRIPT).values(
            session_id=session_id,
            version=edl_version,
            transcript_version=transcript_version,
            wire=plain(wire),
            created_at=at,
        )
    )


async def locked_with(conn: AsyncConnection, session_id: str, edl_version: int) -> Mapping[str, Any] | None:
    """Return the transcript (wire form) that an EDL was locked with, None if there was none."""
    statement = sa.select(EDL_TRANSCRIPT.c.wire).where(
        EDL_TRANSCRIPT.c.session_id == session_id, EDL_TRANSCRIPT.c.version == edl_version
    )
    found: Mapping[str, Any] | None = (await conn.execute(statement)).scalar_one_or_none()
    return found
