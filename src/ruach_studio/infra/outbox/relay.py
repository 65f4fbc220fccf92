"""Turn outbox rows into calls of consumers: at least once on the way, exactly once in effect.

First each consumer's cursor moves over the outbox in the order (transaction id, id), never past a transaction that is
still open, so that no late commit is skipped; what concerns the consumer becomes a delivery. Then each due delivery runs in
one transaction with its inbox row and its effect. A consumer that raises is tried again after 1, 2, 4, 8 s, then its
event is parked in the dead letters; the events behind it do not wait. Any number of relays may run, with any set of
consumers.

A consumer that kills its process (memory, a crash in a library) raises nothing. So in its first minute a process, which may
be there because the one before died, notes each attempt as failed before it begins; what was noted so to the end of the
ladder is parked like any other. Later it costs nothing: whatever kills it then is met again in the next one's first minute.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import store
from ruach_studio.infra.queues.failure import describe
from ruach_studio.infra.queues.ids import bind_event
from ruach_studio.infra.queues.listener import Listener
from ruach_studio.infra.queues.port import JobError
from ruach_studio.infra.tracing import Value, span
from ruach_studio.kernel.errors import Unavailable

LADDER_S = (1.0, 2.0, 4.0, 8.0)
_POLL_S = 1.0
_CAREFUL_S = 60.0
_DIED = JobError("process_died", "the process ended while it handled the event", retryable=True)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who wants to hear of what. `name` is stored: renaming a consumer makes it a new one that hears everything again.

    `handle(tx, envelope)` has its effect in `tx` only; anything outside (a mail, an upload) needs a key of its own.
    `triage(error)` names the playbook's row for an event that is parked.
    """

    name: str
    event_types: frozenset[str] | Sequence[str]
    handle: Callable[[AsyncConnection, Envelope], Awaitable[None]]
    triage: Callable[[JobError], Mapping[str, Any] | None] | None = None


class Relay:
    """Brings events to `consumers`. `ladder_s` are the pauses after failed attempts."""

    def __init__(self, database: Database, consumers: Sequence[Consumer], *, ladder_s: Sequence[float] = LADDER_S) -> None:
        self._database = database
        self._consumers = {consumer.name: consumer for consumer in consumers}
        if len(self._consumers) != len(consumers):
            raise ValueError("two consumers bear the same name")
        self._ladder_s = tuple(ladder_s)

    async def drain(self, *, careful_until_s: float = 0.0) -> int:
        """Deliver what is due now; return how many events took effect.

        Failed ones wait for their time; one behind a transaction that is still open waits for its end. Until
        `careful_until_s` (time.monotonic) an attempt is noted as failed before it begins, in case it ends the process.
        """
        effects = 0
        for consumer in self._consumers.values():
            while await self._collect(consumer):
                pass
            while True:
                careful = time.monotonic() < careful_until_s
                done = await (self._deliver_carefully(consumer) if careful else self._deliver_next(consumer))
                if done is None:
                    break
                effects += done
        return effects

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; woken by each commit that published, and once a second. Outlives outages."""
        woken = asyncio.Event()
        listener = Listener(self._database.dsn, [store.PUBLISHED_CHANNEL], lambda *_: woken.set())
        listening = asyncio.create_task(listener.run())
        stopped = asyncio.create_task(stop.wait())
        careful_until_s = time.monotonic() + _CAREFUL_S
        try:
            while not stop.is_set():
                woken.clear()
                try:
                    await self.drain(careful_until_s=careful_until_s)
                except Unavailable as error:
                    log.warning("relay.delayed", message=str(error))
                waking = asyncio.create_task(woken.wait())
                await asyncio.wait({waking, stopped}, timeout=_POLL_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopped):
                task.cancel()
            await asyncio.gather(listening, stopped, return_exceptions=True)

    async def _collect(self, consumer: Consumer) -> bool:
        """Move the consumer's cursor by one batch; say whether there may be more."""
        async with self._database.transaction() as tx:
            return await store.collect(tx, consumer.name, sorted(consumer.event_types))

    async def _deliver_next(self, consumer: Consumer) -> int | None:
        """Deliver one due event: 1 if it took effect, 0 if not, None if nothing is due."""
        async with self._database.transaction() as tx:
            delivery = await store.claim_due(tx, consumer.name)
            return None if delivery is None else await self._deliver(tx, consumer, delivery)

    async def _deliver_carefully(self, consumer: Consumer) -> int | None:
        """Do as `_deliver_next`, with the attempt noted and committed first: who dies in it leaves the note."""
        async with self._database.transaction() as tx:
            delivery = await store.claim_due(tx, consumer.name)
            if delivery is None:
                return None
            if delivery.attempts > len(self._ladder_s):
                with bind_event(delivery.envelope):
                    before = replace(delivery, attempts=delivery.attempts - 1, errors=delivery.errors[:-1])
                    await self._failed(tx, consumer, before, _DIED)
                return 0
            pause_s = (*self._ladder_s, _POLL_S)[delivery.attempts]
            await store.put_off(tx, consumer.name, delivery, _DIED.to_wire(), pause_s)
        async with self._database.transaction() as tx:
            if not await store.hold(tx, consumer.name, delivery.outbox_id, attempts=delivery.attempts + 1):
                return 0  # it took so long to come back that a rival has it
            return await self._deliver(tx, consumer, delivery)

    async def _deliver(self, tx: AsyncConnection, consumer: Consumer, delivery: store.Delivery) -> int:
        envelope = delivery.envelope
        facts: dict[str, Value] = {
            "consumer": consumer.name,
            "event_id": envelope.event_id,
            "event_type": envelope.event_type,
        }
        with bind_event(envelope), span(f"event {consumer.name}", "consumer", facts) as traced:
            try:
                async with tx.begin_nested():
                    fresh = await store.note_in_inbox(tx, consumer.name, envelope.event_id)
                    if fresh:
                        await consumer.handle(tx, envelope)
            except Exception as error:  # noqa: BLE001  (recorded: retried, then parked as a dead letter)
                traced.failed(str(error))
                await self._failed(tx, consumer, delivery, describe(error))
                return 0
            if fresh:
                log.info("event.consumed", **facts)
        await store.forget(tx, consumer.name, delivery.outbox_id)
        return int(fresh)

    async def _failed(self, tx: AsyncConnection, consumer: Consumer, delivery: store.Delivery, report: JobError) -> None:
        attempt = delivery.attempts + 1
        pause_s = self._ladder_s[attempt - 1] if report.retryable and attempt <= len(self._ladder_s) else None
        envelope = delivery.envelope
        log.warning(
            "event.failed", consumer=consumer.name, event_id=envelope.event_id, event_type=envelope.event_type,
            attempt=attempt, code=report.code, message=report.message, parked=pause_s is None,
        )  # fmt: skip
        if pause_s is None:
            named = consumer.triage(report) if consumer.triage else None
            await store.park(tx, consumer.name, delivery, report.to_wire(), triage=named)
        else:
            await store.put_off(tx, consumer.name, delivery, report.to_wire(), pause_s)
