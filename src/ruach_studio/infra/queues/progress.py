"""Turn a job's row into the sequence of states that a browser follows.

`follow` gives (sequence number, state) whenever the row has changed, latest state only, numbers rising, and ends after a
final state. One listening connection serves all followers of a process; while it is away, rows are read every second.
"""

from collections.abc import AsyncIterator
from typing import Any

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.bullmq_postgres import JobNotFound
from ruach_studio.infra.queues.hub import hub_of
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.infra.queues.store import executions

_POLL_S = 10.0


async def follow(database: Database, job_id: str, after_seq: int = 0) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yield (seq, {jobId, state, progress, error, result, retriedAs, held}) for each change after `after_seq`, to the end.

    A job that has ended yields its final state once (if newer than `after_seq`) and the iteration ends.
    Raises JobNotFound. Close the iterator (`aclosing`) when you leave it early.
    """
    hub = hub_of(database, executions.CHANGED_CHANNEL)
    with_changes = hub.join(job_id)
    try:
        while True:
            with_changes.clear()
            async with database.connection() as conn:
                found = await executions.snapshot(conn, job_id)
            if found is None:
                raise JobNotFound(subject=job_id)
            seq, shown = found
            if seq > after_seq:
                yield seq, shown
                after_seq = seq
            if shown["state"] in TERMINAL:
                return
            await hub.wait(with_changes, _POLL_S)
    finally:
        await hub.leave(job_id, with_changes)
