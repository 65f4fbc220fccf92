"""Turn a dead job of media-transcoding into the playbook's row and into what its alarms count: the size of its file."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues import Execution, JobError
from ruach_studio.render.triage_derivatives import triage_of


def named(_execution: Execution, error: JobError) -> Mapping[str, Any] | None:
    """Name the row for a dead job; None where nobody knows one."""
    row = triage_of(error.code, error.message)
    return None if row is None else row.to_wire()


async def weigh(_tx: AsyncConnection, execution: Execution) -> Mapping[str, Any]:
    """Measure the job's file: `largestFileBytes`, 0 if it is gone."""
    return {"largestFileBytes": await asyncio.to_thread(_size, Path(str(execution.payload.get("path"))))}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
