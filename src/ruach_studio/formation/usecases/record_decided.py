"""Turn a decision on a member's journal into what it writes there, without holding the member's turn while deciding.

What was decided holds only while the journal stands where it stood when it was read: the writer is told that version, and
refuses another. Then the journey is read and decided on anew; after a few times under the member's turn, where nothing can
come between. So the transaction that writes is short, and the recorder joins it with those of other members (decision 31).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store.journal import JournalMoved, take_turn
from ruach_studio.formation.store.recorder import Facts
from ruach_studio.formation.usecases.load_journey import Journey
from ruach_studio.formation.usecases.write_fact import Fact, projection_of
from ruach_studio.infra.audit import DecisionEntry
from ruach_studio.infra.context import bind, new_id

Subject = TypeVar("Subject")
_FREE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Decided(Generic[Subject]):
    """What was decided about the user's journey, the facts that it writes (none, perhaps), and how it came about."""

    subject: Subject
    journey: Journey
    facts: Sequence[Fact]
    decisions: Sequence[DecisionEntry] = ()


async def record_decided(
    services: FormationServices, user_id: str, decide: Callable[[AsyncConnection], Awaitable[Decided[Subject]]], *,
    at: datetime,
) -> tuple[Decided[Subject], bool]:  # fmt: skip
    """Decide, write, and return what was decided and whether anything was written: a repeat within a second is not.

    `decide` may be called several times; it reads and writes nothing. With what is written the projection's job is enqueued
    and the decisions are recorded. Raises what `decide` raises, BadInput (payload), EnrollmentNotFound, CorrelationMissing.
    """
    for _ in range(_FREE_TRIES):
        async with services.database.connection() as conn:
            decided = await decide(conn)
        if not decided.facts:
            return decided, False
        with bind(enrollment_id=decided.journey.enrollment.enrollment_id):
            try:
                told = await services.recorder.record(_facts(decided, at))
            except JournalMoved:
                continue
        return decided, any(each.version is not None for each in told)
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        decided = await decide(tx)
        if not decided.facts:
            return decided, False
        with bind(enrollment_id=decided.journey.enrollment.enrollment_id):
            told = await services.recorder.write_in(tx, _facts(decided, at))
        return decided, any(each.version is not None for each in told)


def _facts(decided: Decided[Subject], at: datetime) -> Facts:
    enrollment = decided.journey.enrollment
    events = [
        JournalEvent(new_id(), enrollment.user_id, enrollment.enrollment_id, event_type, content_id, at, data)
        for event_type, content_id, data in decided.facts
    ]
    # the row was read before the state: a journal that went on between the two is at another version as well
    return Facts(events, enrollment.journal_version, [projection_of(enrollment.enrollment_id)], decided.decisions)
