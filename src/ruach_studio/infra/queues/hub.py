"""Turn one listening connection into wake-ups for everybody in this process who waits on its channel.

Started by the first waiter, stopped by the last. While the connection is away, waiters look every second.
"""

import asyncio
from collections import defaultdict
from weakref import WeakKeyDictionary

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.listener import Listener

_POLL_S = 1.0


class Hub:
    """The one listening connection of a database and channel. Waiters join under the payload that they wait for."""

    def __init__(self, dsn: str, channel: str) -> None:
        """Take where to listen; nothing connects before the first waiter."""
        self._listener = Listener(dsn, [channel], self._wake, on_connect=self._wake_all)
        self._task: asyncio.Task[None] | None = None
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)

    def join(self, key: str) -> asyncio.Event:
        """Return an event that is set whenever the channel says `key`."""
        event = asyncio.Event()
        self._waiters[key].add(event)
        if self._task is None:
            self._task = asyncio.create_task(self._listener.run())
        return event

    async def leave(self, key: str, event: asyncio.Event) -> None:
        """Give an event back; the last one ends the connection."""
        self._waiters[key].discard(event)
        if not self._waiters[key]:
            del self._waiters[key]
        if not self._waiters and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def wait(self, event: asyncio.Event, poll_s: float) -> None:
        """Wait for the event, at most `poll_s` while the connection stands and a second while it does not."""
        try:
            async with asyncio.timeout(poll_s if self._listener.connected.is_set() else min(poll_s, _POLL_S)):
                await event.wait()
        except TimeoutError:
            event.set()

    def _wake(self, _channel: str, key: str) -> None:
        for event in self._waiters.get(key, ()):
            event.set()

    async def _wake_all(self, _conn: object) -> None:
        for events in self._waiters.values():
            for event in events:
                event.set()


_HUBS: "WeakKeyDictionary[Database, dict[str, Hub]]" = WeakKeyDictionary()


def hub_of(database: Database, channel: str) -> Hub:
    """Return this process's hub for a channel of `database`."""
    hubs = _HUBS.setdefault(database, {})
    if channel not in hubs:
        hubs[channel] = Hub(database.dsn, channel)
    return hubs[channel]
