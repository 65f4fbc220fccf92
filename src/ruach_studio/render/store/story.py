"""The SQL of render's part of a story: what is published and which steps are done."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_KNOWN = text(
    "SELECT CAST(render_job_id AS text) AS job_id, CAST(automation_id AS text) AS automation_id, session_id"
    " FROM render.render_job WHERE session_id = :id OR CAST(render_job_id AS text) = :id"
)
_STEPS = text(
    "SELECT s.format, s.step, s.file_name, s.sha256, s.done_at, CAST(s.render_job_id AS text) AS job_id,"
    " CAST(s.automation_id AS text) AS automation_id FROM render.render_step s"
    " WHERE s.automation_id = ANY(CAST(:automations AS uuid[])) OR s.render_job_id = ANY(CAST(:jobs AS uuid[]))"
)
_ARTIFACTS = text(
    "SELECT a.format, a.url, a.content_type, a.size_bytes, a.sha256, a.duration_ms, a.loudness_lufs, a.true_peak_dbtp,"
    " a.stored_at, a.files, CAST(a.render_job_id AS text) AS job_id, CAST(j.automation_id AS text) AS automation_id,"
    " a.session_id, a.edl_version FROM render.artifact a JOIN render.render_job j ON j.render_job_id = a.render_job_id"
    " WHERE j.automation_id = ANY(CAST(:automations AS uuid[])) OR a.render_job_id = ANY(CAST(:jobs AS uuid[]))"
)


async def known(conn: AsyncConnection, asked: str) -> list[Row[Any]]:
    """Return the jobs that `asked` (a session or a job) names."""
    return list(await conn.execute(_KNOWN, {"id": asked}))


async def steps(conn: AsyncConnection, automations: Collection[str], jobs: Collection[str]) -> list[Row[Any]]:
    """Return the finished steps of these automations and jobs."""
    return list(await conn.execute(_STEPS, {"automations": sorted(automations), "jobs": sorted(jobs)}))


async def published(conn: AsyncConnection, automations: Collection[str], jobs: Collection[str]) -> list[Row[Any]]:
    """Return the artifacts of these automations and jobs."""
    return list(await conn.execute(_ARTIFACTS, {"automations": sorted(automations), "jobs": sorted(jobs)}))
