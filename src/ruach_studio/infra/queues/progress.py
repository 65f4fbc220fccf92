"""Turn a job's row into the sequence of states that a browser follows.

`follow` gives (sequence number, state) whenever the row has changed, latest state only, numbers rising, and ends after a
final state. One listening connection serves all followers of a process; while it is away, rows are read every second.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakKeyDictionary

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.bullmq_postgres import JobNotFound
from ruach_studio.infra.queues.listener import Listener
from ruach_studio.infra.queues.port import TERMINAL
from ruach_studio.infra.queues.store import executions

_POLL_S = 1.0
_POLL_WHILE_LISTENING_S = 10.0


async def follow(database: Database, job_id: str, after_seq: int = 0) -> AsyncIterator[tuple[int, dict[str, Any]]]:
    """Yield (seq, {jobId, state, progress, error, result, retriedAs}) for each change after `after_seq`, up to the end.

    A job that has ended yields its final state once (if newer than `after_seq`) and the iteration ends.
    Raises JobNotFound. Close the iterator (`aclosing`) when you leave it early.
    """
    hub = _hub_of(database)
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
            await hub.wait(with_changes)
    finally:
        await hub.leave(job_id, with_changes)


class _Hub:
    """The one listening connection of a database; started by the first follower, stopped by the last."""

    def __init__(self, dsn: str) -> None:
        self._listener = Listener(dsn, [executions.CHANGED_CHANNEL], self._wake, on_connect=self._wake_all)
        self._task: asyncio.Task[None] | None = None
        self._followers: dict[str, set[asyncio.Event]] = defaultdict(set)

    def join(self, job_id: str) -> asyncio.Event:
        event = asyncio.Event()
        self._followers[job_id].add(event)
        if self._task is None:
            self._task = asyncio.create_task(self._listener.run())
        return event

    async def leave(self, job_id: str, event: asyncio.Event) -> None:
        self._followers[job_id].discard(event)
        if not self._followers[job_id]:
            del self._followers[job_id]
        if not self._followers and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def wait(self, event: asyncio.Event) -> None:
        poll_s = _POLL_WHILE_LISTENING_S if self._listener.connected.is_set() else _POLL_S
        try:
            async with asyncio.timeout(poll_s):
                await event.wait()
        except TimeoutError:
            event.set()

    def _wake(self, _channel: str, job_id: str) -> None:
        for event in self._followers.get(job_id, ()):
            event.set()

    async def _wake_all(self, _conn: object) -> None:
        for events in self._followers.values():
            for event in events:
                event.set()


_HUBS: "WeakKeyDictionary[Database, _Hub]" = WeakKeyDictionary()


def _hub_of(database: Database) -> _Hub:
    hub = _HUBS.get(database)
    if hub is None:
        hub = _HUBS[database] = _Hub(database.dsn)
    return hub
