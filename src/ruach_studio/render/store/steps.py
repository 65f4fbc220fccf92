"""Remember which steps of (automation, format) are done, and by which file with which checksum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render.store.tables import RENDER_STEP


@dataclass(frozen=True, slots=True)
class DoneStep:
    """A finished step: `file_name` in the automation's working folder, its SHA-256, and facts worth keeping."""

    step: str
    file_name: str
    sha256: str
    facts: Mapping[str, Any]


async def done(conn: AsyncConnection, automation_id: str, format_name: str) -> dict[str, DoneStep]:
    """Return the finished steps of one format by name."""
    statement = sa.select(RENDER_STEP).where(
        RENDER_STEP.c.automation_id == automation_id, RENDER_STEP.c.format == format_name
    )
    rows = await conn.execute(statement)
    return {row.step: DoneStep(row.step, row.file_name, row.sha256, row.facts) for row in rows}


async def record(
    tx: AsyncConnection, automation_id: str, format_name: str, render_job_id: str, step: DoneStep, at: datetime
) -> None:
    """Write a finished step; a step that had to be done again replaces its older record."""
    key = {"automation_id": automation_id, "format": format_name, "step": step.step}
    rest = {
        "render_job_id": render_job_id, "file_name": step.file_name, "sha256": step.sha256,
        "facts": dict(step.facts), "done_at": at,
    }  # fmt: skip
    statement = upsert(RENDER_STEP).values(**key, **rest)
    await tx.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest))


async def forget(tx: AsyncConnection, automation_id: str, format_name: str, names: Sequence[str]) -> None:
    """Drop the records of these steps, so that they are done again."""
    await tx.execute(
        sa.delete(RENDER_STEP).where(
            RENDER_STEP.c.automation_id == automation_id,
            RENDER_STEP.c.format == format_name,
            RENDER_STEP.c.step.in_(names),
        )
    )
