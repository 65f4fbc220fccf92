"""Turn two actions on dead letters into entries of the registry: `deadLetter.discard` and `event.redeliver`.

Both stand beside the specification's six (decision record 0049): the playbook itself says "discard safely" of one row, and
a parked event has no other door back. Everything else leads through the pillars' own commands and requests.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import UUID4, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.commands import Call, Command
from ruach_studio.infra.dead_letters.board import found_letter
from ruach_studio.infra.dead_letters.playbooks import Playbooks, row_of, ways_back_of
from ruach_studio.infra.outbox import NotParked, redeliver
from ruach_studio.infra.queues import JobQueue, get_dead_letter
from ruach_studio.infra.queues.store import dead_letters
from ruach_studio.kernel.errors import Conflict


class LetterClosed(Conflict):
    """The dead letter is resolved already."""

    code = "dead_letter_closed"


class NotDiscardable(Conflict):
    """Only what the playbook says to discard may be discarded."""

    code = "not_discardable"


class _Params(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class DiscardParams(_Params):
    """The dead letter, by its own id."""

    dead_letter_id: UUID4


class RedeliverParams(_Params):
    """The consumer that parked the event, and the event."""

    consumer: str = Field(pattern=r"^[a-z][a-z0-9.-]{0,63}$")
    event_id: UUID4


def commands(queue: JobQueue, playbooks: Playbooks) -> list[Command[Any]]:
    """Return the commands with what runs them, each in one transaction with its audit."""

    async def discard(tx: AsyncConnection, call: Call[DiscardParams]) -> Mapping[str, Any]:
        letter = await found_letter(tx, str(call.params.dead_letter_id), lock=not call.dry_run)
        if letter["resolved_at"] is not None:
            raise LetterClosed(f"it was resolved by {letter['resolved_by']}: {letter['resolution']}", subject=letter["id"])
        row = row_of(playbooks, letter)
        if not row.discard:
            ways = [each.line for each in ways_back_of(playbooks, letter, row)]
            raise NotDiscardable(f"the playbook says of {row.title!r}: {row.requeue_when}", subject=letter["id"],
                                 remedy=f"The way back is: {ways[0]}" if ways else "Report it.")  # fmt: skip
        if not call.dry_run:
            resolution = f"discarded: {call.reason}"
            kind, name, source_id = letter["kind"], letter["queue"], letter["source_id"]
            if kind == "job":
                await queue.settle(tx, name, source_id, actor=call.actor, resolution=resolution)
            else:
                await dead_letters.resolve(
                    tx, kind=kind, queue=name, source_id=source_id, actor=call.actor, resolution=resolution
                )
            await record_transition(
                tx, entity="dead-letter", entity_id=letter["id"], from_state="open", to_state="discarded",
                actor=call.actor, reason=call.reason,
            )  # fmt: skip
        return {"deadLetterId": letter["id"], "queue": letter["queue"], "sourceId": letter["source_id"], "title": row.title}

    async def redeliver_event(tx: AsyncConnection, call: Call[RedeliverParams]) -> Mapping[str, Any]:
        consumer, event_id = call.params.consumer, str(call.params.event_id)
        if call.dry_run:
            letter = await get_dead_letter(tx, kind="event", source_id=event_id, queue=consumer)
            if letter is None or letter["resolved_at"] is not None:
                raise NotParked(subject=f"{consumer}/{event_id}")
        else:
            await redeliver(tx, consumer, event_id, actor=call.actor, reason=call.reason)
        return {"consumer": consumer, "eventId": event_id}

    return [
        Command(
            "deadLetter.discard", "platform", 'Dead letter of which the playbook says "discard safely" (a duplicate event)',
            "Resolves the letter and takes it out of its queue; refused for every other row.", DiscardParams, atomic=discard,
            supports_dry_run=True,
        ),
        Command(
            "event.redeliver", "platform", "Event parked for a consumer, root cause fixed",
            "The relay delivers the event to that consumer again, with a full ladder; the inbox keeps it to one effect.",
            RedeliverParams, atomic=redeliver_event, supports_dry_run=True,
        ),
    ]  # fmt: skip
