"""Turn the operator's word "go on" into a recovery command: paused work resumes, with a reason, and never by itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.ops import QueueResumed
from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.commands import Call, Command
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.policy import policy_of
from ruach_studio.infra.queues.store import pressure as store
from ruach_studio.kernel.errors import Conflict


class NotPaused(Conflict):
    """Nothing of this queue is held back."""

    code = "not_paused"


class ResumeParams(BaseModel):
    """The queue."""

    model_config = ConfigDict(extra="forbid")

    queue: str = Field(min_length=1, max_length=64)


def commands(queue: BullmqPostgres) -> list[Command[Any]]:
    """Return `queue.resume`."""

    async def resume(tx: AsyncConnection, call: Call[ResumeParams]) -> Mapping[str, Any]:
        name = policy_of(call.params.queue, queue.policies).name
        before = (await store.every(tx)).get(name)
        held = (await store.waiting(tx)).get(name, (0, 0.0))[0]
        depth = (await queue.counts(name)).depth
        if not call.dry_run:  # the row is held from here on: a job that is claimed now waits for this word
            before = await store.locked(tx, name)
        if before is None or before.paused_since is None:
            raise NotPaused(subject=name, remedy="`ruach ops queues` shows what is held.")
        answer: dict[str, Any] = {
            "queue": name, "level": before.level, "depth": depth, "released": held,
            "pausedSince": before.paused_since.isoformat(),
        }  # fmt: skip
        if call.dry_run:
            return answer
        await store.resume(tx, name)
        await queue.release(tx, name)
        answer["released"] = await store.tell_followers(tx, name)
        await publish(tx, QueueResumed(name, depth, before.level, answer["released"], call.actor, call.reason))
        await record_transition(
            tx, entity="queue", entity_id=name, from_state="paused", to_state="resumed", actor=call.actor, reason=call.reason
        )
        return answer

    return [
        Command(
            "queue.resume", "platform", "Non-critical work of a queue is paused by backpressure, and its cause is gone",
            "Held jobs run, under the same ids. It pauses again at the next rise to degraded. Logged with the reason.",
            ResumeParams, atomic=resume, supports_dry_run=True,
        )
    ]  # fmt: skip
