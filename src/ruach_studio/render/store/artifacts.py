"""Turn a stored object into the artifact row of its render job, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.render.store.tables import ARTIFACT


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One published file. `duration_ms` and loudness are None for a still, loudness also for silence.

    `files` are those beside it: {name, key, url, contentType, sizeBytes, sha256} each.
    """

    render_job_id: str
    session_id: str
    format: str
    edl_version: int
    key: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_ms: float | None
    frames: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    stored_at: datetime
    files: Sequence[Mapping[str, Any]] = ()


async def insert(tx: AsyncConnection, artifact: ArtifactRow) -> None:
    """Write an artifact; a job has at most one."""
    await tx.execute(sa.insert(ARTIFACT).values({**asdict(artifact), "files": [dict(file) for file in artifact.files]}))


async def of_jobs(conn: AsyncConnection, render_job_ids: list[str]) -> dict[str, ArtifactRow]:
    """Return the artifacts of these jobs by job id."""
    rows = await conn.execute(sa.select(ARTIFACT).where(ARTIFACT.c.render_job_id.in_(render_job_ids)))
    return {row.render_job_id: ArtifactRow(**_values(row)) for row in rows}


def _values(row: sa.Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)
