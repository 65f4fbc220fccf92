"""Turn sync solutions and energy files into immutable version rows, and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.sound_quality import SoundQuality
from ruach_studio.assembly.store.tables import ENERGY, SYNC_APPROVAL, SYNC_VERSION
from ruach_studio.assembly.sync import PairResidual, Piece, Placement, SyncSolution
from ruach_studio.infra.db.numbers import version_key
from ruach_studio.kernel.errors import NotFound
from ruach_studio.kernel.hashing import plain

SyncOrigin = Literal["computed", "corrected"]
_ENERGY_COLUMNS = (ENERGY.c.window_ms, ENERGY.c.sha256, ENERGY.c.path, ENERGY.c.windows, ENERGY.c.cameras)


class SyncNotFound(NotFound):
    """The session has no such sync version."""

    code = "sync_not_found"


@dataclass(frozen=True, slots=True)
class SyncRow:
    """One version of a session's sync, and who accepted it, if anybody did."""

    session_id: str
    version: int
    parent_version: int | None
    origin: SyncOrigin
    solution: SyncSolution
    created_by: str
    notes: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """Where a session's energy lies: a path under the data folder, and the hash of its levels."""

    window_ms: int
    sha256: str
    path: str
    windows: int
    cameras: list[str]


async def insert(
    tx: AsyncConnection, session_id: str, solution: SyncSolution, *, parent: int | None, origin: SyncOrigin, actor: str,
    notes: str, at: datetime,
) -> int:  # fmt: skip
    """Save a solution as the next version and return its number. The session's row is locked by the caller."""
    last = sa.select(sa.func.coalesce(sa.func.max(SYNC_VERSION.c.version), 0)).where(SYNC_VERSION.c.session_id == session_id)
    version = int((await tx.execute(last)).scalar_one()) + 1
    await tx.execute(
        sa.insert(SYNC_VERSION).values(
            session_id=session_id, version=version, parent_version=parent, origin=origin, solution=plain(asdict(solution)),
            created_by=actor, notes=notes, created_at=at,
        )
    )  # fmt: skip
    return version


async def approve(tx: AsyncConnection, session_id: str, version: int, *, actor: str, notes: str, at: datetime) -> None:
    """Record who accepted a version; a second acceptance of the same version changes nothing."""
    values = {"session_id": session_id, "version": version, "approved_by": actor, "notes": notes, "approved_at": at}
    await tx.execute(upsert(SYNC_APPROVAL).values(values).on_conflict_do_nothing())


async def get(conn: AsyncConnection, session_id: str, version: int | None = None) -> SyncRow:
    """Return a version (default: the newest). Raises SyncNotFound."""
    statement = (
        sa.select(SYNC_VERSION, SYNC_APPROVAL.c.approved_by, SYNC_APPROVAL.c.approved_at)
        .outerjoin(
            SYNC_APPROVAL,
            (SYNC_APPROVAL.c.session_id == SYNC_VERSION.c.session_id) & (SYNC_APPROVAL.c.version == SYNC_VERSION.c.version),
        )
        .where(SYNC_VERSION.c.session_id == session_id)
        .order_by(SYNC_VERSION.c.version.desc())
        .limit(1)
    )
    if version is not None:
        statement = statement.where(SYNC_VERSION.c.version == version_key(version))
    row = (await conn.execute(statement)).one_or_none()
    if row is None:
        fact = "the session has not been synced" if version is None else f"there is no sync version {version}"
        raise SyncNotFound(fact, subject=session_id, remedy="Run the sync first." if version is None else "")
    return SyncRow(**{**row._mapping, "solution": _solution(row.solution)})


async def keep_energy(
    tx: AsyncConnection, session_id: str, sync_version: int, rows: list[EnergyRow], *, at: datetime
) -> None:
    """Record where energy lies; what is recorded already stays."""
    for row in rows:
        values = {"session_id": session_id, "sync_version": sync_version, "created_at": at, **asdict(row)}
        await tx.execute(upsert(ENERGY).values(values).on_conflict_do_nothing())


async def energy(conn: AsyncConnection, session_id: str, sync_version: int) -> dict[int, EnergyRow]:
    """Return the recorded energy of a sync version by window length."""
    statement = sa.select(*_ENERGY_COLUMNS).where(ENERGY.c.session_id == session_id, ENERGY.c.sync_version == sync_version)
    return {row.window_ms: EnergyRow(**row._mapping) for row in await conn.execute(statement)}


async def energy_of(conn: AsyncConnection, sha256: str) -> EnergyRow | None:
    """Return where energy of this hash lies, whichever session recorded it."""
    statement = sa.select(*_ENERGY_COLUMNS).where(ENERGY.c.sha256 == sha256).limit(1)
    row = (await conn.execute(statement)).one_or_none()
    return None if row is None else EnergyRow(**row._mapping)


def _solution(wire: Mapping[str, Any]) -> SyncSolution:
    placements = tuple(
        Placement(
            camera_id=each["camera_id"], clip_index=int(each["clip_index"]), offset_s=float(each["offset_s"]),
            drift_ppm=float(each["drift_ppm"]), confidence=float(each["confidence"]), classification=each["classification"],
            residual_ms=float(each["residual_ms"]), reasons=tuple(each["reasons"]),
            placed_by=each.get("placed_by", "sound"),  # versions before sync-v2 have sound alone, and no pairs
            pieces=tuple(Piece(**piece) for piece in each.get("pieces", ())),
        )
        for each in wire["placements"]
    )  # fmt: skip
    pairs = tuple(
        PairResidual(**{**each, "query": tuple(each["query"]), "reference": tuple(each["reference"])})
        for each in wire.get("pairs", ())
    )
    sound = tuple(SoundQuality(**{**each, "reasons": tuple(each["reasons"])}) for each in wire.get("sound", ()))
    return SyncSolution(wire["master"], placements, wire["sync_rules"], pairs, sound)
