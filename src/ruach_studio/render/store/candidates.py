"""Keep the pictures that were offered for a thumbnail, and which of them an operator took. Both are facts, row by row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render.store.tables import THUMBNAIL_CANDIDATE, THUMBNAIL_CHOICE


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One offered picture; `place` 1 is the rule's own choice."""

    render_job_id: str
    place: int
    key: str
    url: str
    size_bytes: int
    sha256: str
    frame: int
    camera: str
    score: float
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """An operator's choice; the highest `number` holds."""

    render_job_id: str
    number: int
    place: int
    chosen_by: str
    reason: str
    chosen_at: datetime


async def insert(tx: AsyncConnection, rows: Sequence[CandidateRow]) -> None:
    """Write what was offered."""
    for row in rows:
        await tx.execute(sa.insert(THUMBNAIL_CANDIDATE).values(asdict(row)))


async def of_job(conn: AsyncConnection, render_job_id: str) -> list[CandidateRow]:
    """Return what was offered, best first."""
    table = THUMBNAIL_CANDIDATE
    rows = await conn.execute(sa.select(table).where(table.c.render_job_id == render_job_id).order_by(table.c.place))
    return [CandidateRow(**row._mapping) for row in rows]


async def choose(tx: AsyncConnection, row: ChoiceRow) -> None:
    """Write a choice."""
    await tx.execute(sa.insert(THUMBNAIL_CHOICE).values(asdict(row)))


async def choices(conn: AsyncConnection, render_job_ids: Sequence[str]) -> dict[str, ChoiceRow]:
    """Return the choice that holds, by job, where somebody chose."""
    table = THUMBNAIL_CHOICE
    rows = await conn.execute(sa.select(table).where(table.c.render_job_id.in_(render_job_ids)).order_by(table.c.number))
    return {row.render_job_id: ChoiceRow(**row._mapping) for row in rows}


async def chosen(conn: AsyncConnection, render_job_ids: Sequence[str]) -> dict[str, CandidateRow]:
    """Return the picture that an operator took, by job, where somebody chose."""
    held = await choices(conn, render_job_ids)
    if not held:
        return {}
    table = THUMBNAIL_CANDIDATE
    rows = await conn.execute(sa.select(table).where(table.c.render_job_id.in_(list(held))))
    return {row.render_job_id: CandidateRow(**row._mapping) for row in rows if row.place == held[row.render_job_id].place}
