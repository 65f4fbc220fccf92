"""Turn the facts that many members' requests write at the same time into few transactions (decision 31).

A request that has decided what to write, and would write it in a transaction of its own, hands it over as `Facts`. Those of
several members go into one transaction: one statement for all their events, then the jobs and the decisions beside them.
Each has its own verdict, by the same rules as `journal.append`.
"""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent, checked
from ruach_studio.formation.store import journal
from ruach_studio.formation.store.journal import Appended, EnrollmentNotFound, JournalMoved, Part
from ruach_studio.infra.audit import DecisionEntry, record_decisions
from ruach_studio.infra.context import bind, current, require_correlation_id
from ruach_studio.infra.db import Database, mapped_errors
from ruach_studio.infra.db.combine import ALONE, Combiner, Later
from ruach_studio.infra.queues.port import JobQueue


@dataclass(frozen=True, slots=True)
class Job:
    """A job to enqueue, as JobQueue.add takes it."""

    queue: str
    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Events of one enrollment, decided on while its journal stood at `expected_version` (None: whatever it stands at).

    If any of them is written, and not a repeat, `jobs` are enqueued and `decisions` recorded in the same transaction.
    """

    events: Sequence[JournalEvent]
    expected_version: int | None = None
    jobs: Sequence[Job] = ()
    decisions: Sequence[DecisionEntry] = ()

    @property
    def beside(self) -> bool:
        """Say whether anything but the journal is written."""
        return bool(self.jobs or self.decisions)


@dataclass(frozen=True, slots=True)
class _Asked:
    facts: Facts
    correlation_id: str | None
    automation_id: str | None

    @property
    def part(self) -> Part:
        return Part(self.facts.events, self.facts.expected_version, self.correlation_id)


class Recorder:
    """The one through which a process writes facts that stand alone in their transaction."""

    def __init__(self, database: Database, queue: JobQueue) -> None:
        """Take where to write; nothing connects before first use."""
        self._database, self._queue = database, queue
        self._combiner: Combiner[_Asked, list[Appended]] = Combiner(self._together, self._alone, rest=self._let_go)
        self._kept: AsyncExitStack | None = None
        self._conn: AsyncConnection | None = None

    async def record(self, facts: Facts) -> list[Appended]:
        """Write facts and return what became of each event, once they are durable.

        Raises BadInput (payload), EnrollmentNotFound, JournalMoved (the enrollment's version is another), CorrelationMissing
        (with a job or decisions), Unavailable.
        """
        for event in facts.events:
            checked(event, allow_control=True)
        if facts.beside:
            require_correlation_id()
        ids = current()
        asked = _Asked(facts, ids.correlation_id, ids.automation_id)
        # one of each user in a group: what a user's second request may do hangs on what became of the first
        return await self._combiner.submit(facts.events[0].user_id, asked) if facts.events else []

    async def append(self, event: JournalEvent) -> Appended:
        """Write one event and nothing beside it, as `record` does."""
        return (await self.record(Facts((event,))))[0]

    async def write_in(self, tx: AsyncConnection, facts: Facts) -> list[Appended]:
        """Write facts in the caller's transaction, waiting for the user's turn."""
        appended = await journal.append_many(tx, facts.events, expected_version=facts.expected_version)
        if any(each.version is not None for each in appended):
            ids = current()
            await self._beside(tx, [_Asked(facts, ids.correlation_id, ids.automation_id)])
        return appended

    async def close(self) -> None:
        """Wait for what is under way."""
        await self._combiner.close()

    async def _alone(self, asked: _Asked) -> list[Appended]:
        with bind(correlation_id=asked.correlation_id, automation_id=asked.automation_id):
            async with self._database.transaction() as tx:
                return await self.write_in(tx, asked.facts)

    async def _together(self, group: Sequence[_Asked]) -> list[list[Appended] | Exception | Later]:
        sql, values = journal.of_parts([each.part for each in group], wait=False)
        if not any(each.facts.beside for each in group):  # one statement is a transaction of its own
            with mapped_errors():
                return _outcomes(group, await journal.run(await self._held(), sql, values))
        async with self._database.transaction() as tx:
            outcomes = _outcomes(group, await journal.run(tx, sql, values))
            written = [
                asked for asked, told in zip(group, outcomes, strict=True)
                if isinstance(told, list) and any(each.version is not None for each in told)
            ]  # fmt: skip
            await self._beside(tx, written)
            return outcomes

    async def _held(self) -> AsyncConnection:
        """Return the connection for single statements, which one group after the other uses while they come."""
        if self._conn is None:
            self._kept = AsyncExitStack()
            self._conn = await self._kept.enter_async_context(self._database.statements())
        return self._conn

    async def _let_go(self) -> None:
        kept, self._kept, self._conn = self._kept, None, None
        if kept is not None:
            await kept.aclose()

    async def _beside(self, tx: AsyncConnection, written: Sequence[_Asked]) -> None:
        for asked in written:
            with bind(correlation_id=asked.correlation_id, automation_id=asked.automation_id):
                for job in asked.facts.jobs:
                    await self._queue.add(tx, job.queue, job.name, job.payload)
        # decisions come last: the audit's chain is locked from the first to the end of the transaction
        for automation_id, of_it in itertools.groupby(written, key=lambda asked: asked.automation_id):
            with bind(automation_id=automation_id):
                await record_decisions(tx, [entry for asked in of_it for entry in asked.facts.decisions])


def _outcomes(group: Sequence[_Asked], words: Sequence[str]) -> list[list[Appended] | Exception | Later]:
    found: list[list[Appended] | Exception | Later] = []
    rest = iter(words)
    for asked in group:
        events = asked.facts.events
        mine = list(itertools.islice(rest, len(events)))
        try:
            found.append(ALONE if "busy" in mine else journal.told(events, mine, asked.facts.expected_version))
        except (EnrollmentNotFound, JournalMoved) as error:
            found.append(error)
    return found
