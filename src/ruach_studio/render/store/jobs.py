"""Turn render jobs into rows and back. Every change of state is checked here and leaves an audit row.

Lock order: job rows first, the audit's chain last. So `insert` writes no audit; `announce` follows once all rows are in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import NotFound
from ruach_studio.render.lifecycle import ENDED, State, checked_transition
from ruach_studio.render.store.tables import RENDER_JOB

_LIVE = sa.text("state IN ('queued', 'processing', 'completed')")


class RenderJobNotFound(NotFound):
    """There is no such render job."""

    code = "render_job_not_found"


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One execution of one format's render."""

    render_job_id: str
    session_id: str
    format: str
    edl_version: int
    automation_id: str
    state: State
    step: str | None
    attempt: int
    retry_of: str | None
    critical: bool
    requested_by: str
    reason: str
    error: Mapping[str, Any] | None
    notes: Sequence[str]
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    preset_sha256: str | None = None  # what the format was when it was asked for; None: asked for before that was kept


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is known when a job is asked for."""

    render_job_id: str
    session_id: str
    format: str
    edl_version: int
    automation_id: str
    critical: bool
    requested_by: str
    attempt: int = 1
    retry_of: str | None = None
    reason: str = ""
    preset_sha256: str | None = None


async def insert(tx: AsyncConnection, job: NewJob, at: datetime) -> RenderJob | None:
    """Insert a queued job; None if its session, format and EDL version already have a live one (waits for a rival)."""
    values = {name: getattr(job, name) for name in NewJob.__slots__}
    statement = upsert(RENDER_JOB).values(**values, state="queued", notes=[], created_at=at, updated_at=at)
    guarded = statement.on_conflict_do_nothing(index_elements=["session_id", "format", "edl_version"], index_where=_LIVE)
    row = (await tx.execute(guarded.returning(*RENDER_JOB.c))).one_or_none()
    return None if row is None else _job(row)


async def announce(tx: AsyncConnection, job: RenderJob) -> None:
    """Write the audit row of a job that was just inserted."""
    await record_transition(
        tx, entity="render-job", entity_id=job.render_job_id, from_state=None, to_state="queued",
        actor=job.requested_by, reason=job.reason,
    )  # fmt: skip


async def live(conn: AsyncConnection, session_id: str, format_name: str, edl_version: int) -> RenderJob | None:
    """Return the job that waits, works or is done for this key."""
    key = sa.and_(
        RENDER_JOB.c.session_id == session_id, RENDER_JOB.c.format == format_name, RENDER_JOB.c.edl_version == edl_version
    )
    row = (await conn.execute(sa.select(RENDER_JOB).where(key, _LIVE))).one_or_none()
    return None if row is None else _job(row)


async def get(conn: AsyncConnection, render_job_id: str, *, lock: bool = False) -> RenderJob:
    """Return a job; `lock=True` holds its row until the transaction ends. Raises RenderJobNotFound."""
    statement = sa.select(RENDER_JOB).where(RENDER_JOB.c.render_job_id == render_job_id)
    row = (await conn.execute(statement.with_for_update() if lock else statement)).one_or_none()
    if row is None:
        raise RenderJobNotFound(subject=render_job_id, remedy="`ruach render-jobs SESSION` lists a session's.")
    return _job(row)


async def of_session(conn: AsyncConnection, session_id: str, limit: int = 200) -> list[RenderJob]:
    """Return a session's jobs, newest first."""
    statement = sa.select(RENDER_JOB).where(RENDER_JOB.c.session_id == session_id)
    newest = statement.order_by(RENDER_JOB.c.created_at.desc(), RENDER_JOB.c.format, RENDER_JOB.c.attempt.desc()).limit(
        limit
    )
    return [_job(row) for row in await conn.execute(newest)]


async def of_automation(conn: AsyncConnection, automation_id: str) -> list[RenderJob]:
    """Return the jobs of one automation, oldest first."""
    statement = sa.select(RENDER_JOB).where(RENDER_JOB.c.automation_id == automation_id)
    return [_job(row) for row in await conn.execute(statement.order_by(RENDER_JOB.c.created_at, RENDER_JOB.c.format))]


async def move(
    tx: AsyncConnection, render_job_id: str, target: State, *, actor: str, at: datetime, reason: str = "",
    error: Mapping[str, Any] | None = None,
) -> RenderJob:  # fmt: skip
    """Take a job to another state with its audit row. Raises IllegalTransition, RenderJobNotFound."""
    job = await get(tx, render_job_id, lock=True)
    checked_transition(render_job_id, job.state, target)
    values: dict[str, Any] = {"state": target, "updated_at": at}
    if target == "processing":
        values["started_at"] = at
    if target in ENDED or target == "failed":
        values["finished_at"] = at
    if error is not None:
        values["error"] = dict(error)
    await _update(tx, render_job_id, values)
    await record_transition(
        tx, entity="render-job", entity_id=render_job_id, from_state=job.state, to_state=target, actor=actor, reason=reason
    )
    return await get(tx, render_job_id)


async def note(tx: AsyncConnection, render_job_id: str, at: datetime, **values: Any) -> None:
    """Write down where a job is: its `step`, and the plan's `notes`."""
    await _update(tx, render_job_id, {**values, "updated_at": at})


async def _update(tx: AsyncConnection, render_job_id: str, values: Mapping[str, Any]) -> None:
    await tx.execute(sa.update(RENDER_JOB).where(RENDER_JOB.c.render_job_id == render_job_id).values(**values))


def _job(row: sa.Row[Any]) -> RenderJob:
    values = dict(row._mapping)
    values["state"] = cast(State, values["state"])
    return RenderJob(**values)
