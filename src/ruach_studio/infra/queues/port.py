"""Turn work that must survive a crash into jobs: the words that handlers, workers and use cases share.

`add` happens inside the caller's transaction, so a job exists exactly if the rows around it do. A handler is a coroutine
`(JobContext, payload) -> result or None`. It must be idempotent (a crash runs it again under the same id), must check
`context.cancelled`, and must keep CPU work in threads or child processes: a blocked event loop renews no lock, and the
job would be handed to another worker. worker.py calls handlers; failure.py decides what an error leads to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db import Database

State = Literal["queued", "running", "completed", "failed", "cancelled", "dead-letter"]
Dispatch = Literal["queued", "pending"]
TERMINAL: frozenset[str] = frozenset({"completed", "failed", "cancelled", "dead-letter"})


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a job as its row tells it. A retry is another execution with another id and `retry_of` this one."""

    job_id: str
    queue: str
    name: str
    payload: Mapping[str, Any]
    automation_id: str | None
    correlation_id: str
    attempt: int
    retry_of: str | None
    priority: int
    state: State
    starts: int
    error: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    pausable: bool = False  # non-critical: held while backpressure pauses its queue


@dataclass(frozen=True, slots=True)
class JobError:
    """Why an execution failed, as stored and shown. `traceback` holds the last lines only."""

    code: str
    message: str
    retryable: bool
    traceback: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object that rows, dead letters and the API carry."""
        return {
            "code": self.code, "message": self.message, "retryable": self.retryable,
            "traceback": self.traceback, "details": dict(self.details),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs a queue holds, by state; counted up to a cap of 10 000 each."""

    waiting: int = 0
    paused: int = 0
    delayed: int = 0
    prioritized: int = 0
    active: int = 0
    failed: int = 0

    @property
    def depth(self) -> int:
        """Return what backpressure looks at: everything that still has to start."""
        return self.waiting + self.paused + self.delayed + self.prioritized


@dataclass(slots=True)
class JobContext:
    """What a handler knows about its run. `cancelled` is set when an operator cancels the job."""

    job_id: str
    queue: str
    name: str
    attempt: int
    automation_id: str | None
    correlation_id: str
    database: Database
    cancelled: asyncio.Event
    report: Callable[[Mapping[str, Any]], Awaitable[None]]

    async def progress(self, state: Mapping[str, Any]) -> None:
        """Store `state` as the job's latest progress and wake whoever follows it."""
        await self.report(state)


Handler = Callable[[JobContext, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]
OnRetry = Callable[[AsyncConnection, Execution, str, JobError], Awaitable[None]]
OnDead = Callable[[AsyncConnection, Execution, JobError], Awaitable[None]]
Triage = Callable[[Execution, JobError], Mapping[str, Any] | None]
OnSweep = Callable[[], Awaitable[None]]
Settled = Callable[[AsyncConnection, Execution], Awaitable[Mapping[str, Any] | None]]
Facts = Callable[[AsyncConnection, Execution], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class HandlerHooks:
    """What a pillar does to its own rows in the very transaction that closes a failed execution.

    on_retry(tx, failed execution, id of the next one, error); on_dead(tx, last execution, error);
    triage(execution, error) names the playbook's cause for the dead letter and reads no database; facts(tx, execution)
    measures what its alarms count beside that (the size of the files, say).
    subject names the keys of the payload that say what the job is about: a later job of its kind about the same subject
    that completes settles the dead letter, if its `version` (another key, a number) is not below the dead one's.
    settled(tx, execution) gives the result of work that the pillar's own rows say is done, else None: a worker may die
    between that commit and the execution's own, so often that BullMQ gives the job up; then it ends as completed.
    on_sweep() runs every 2 s in every worker that serves the queue: it mends rows whose job ended without a word to them
    (cancelled or removed while it waited), so it must be idempotent and cheap where there is nothing to mend.
    """

    on_retry: OnRetry | None = None
    on_dead: OnDead | None = None
    triage: Triage | None = None
    on_sweep: OnSweep | None = None
    settled: Settled | None = None
    facts: Facts | None = None
    subject: tuple[str, ...] = ()
    version: str | None = None


class JobQueue(Protocol):
    """Where jobs wait: bullmq_postgres.BullmqPostgres, or bullmq_redis.BullmqRedis."""

    async def add(
        self, tx: AsyncConnection, queue: str, name: str, payload: Mapping[str, Any], *,
        job_id: str | None = None, automation_id: str | None = None, priority: int = 0, delay_s: float = 0.0,
        pausable: bool = False,
    ) -> str:  # fmt: skip
        """Enqueue in `tx` and return the job's id (a UUIDv4, drawn unless given). Priority 0 runs first, then 1, 2, …

        The ids of the request come from infra.context; `automation_id` overrides. A `pausable` job is
        not critical: backpressure may hold it until an operator says go on. Raises UnknownQueue, BadInput.
        """
        ...

    async def dispatch(self) -> Dispatch:
        """Say what becomes of a job that was just added: a worker may have it, or it waits until Redis is back."""
        ...

    async def cancel(self, tx: AsyncConnection, job_id: str) -> bool:
        """Mark a queued or running job cancelled; a waiting one is removed, a running one is told. False if it had ended."""
        ...

    async def requeue(self, tx: AsyncConnection, job_id: str, *, actor: str, reason: str) -> str:
        """Start a dead job anew (new id, same automation, full ladder) and resolve its dead letter; return the new id."""
        ...

    async def release(self, tx: AsyncConnection, queue: str) -> int:
        """Let the held jobs of `queue` that a claim has set aside be claimed again; return how many."""
        ...

    async def settle(self, tx: AsyncConnection, queue: str, job_id: str, *, actor: str, resolution: str) -> bool:
        """Resolve the open dead letter of a job that needs no more runs; False if there is none."""
        ...

    async def counts(self, queue: str) -> Counts:
        """Count the jobs of `queue`, which may be a dead-letter queue."""
        ...

    async def paused_among(self, queues: Sequence[str]) -> frozenset[str]:
        """Return those of `queues` of which no job may start. Raises RedisAway where Redis knows and is away."""
        ...

    async def pause(self, queue: str) -> None:
        """Let no job of `queue` start; running ones go on."""
        ...

    async def resume(self, queue: str) -> None:
        """Let the jobs of `queue` start again."""
        ...

    async def remove(self, queue: str, job_id: str) -> bool:
        """Take a job that is not running out of `queue`; its execution, if still queued, ends as cancelled."""
        ...
