"""Turn one BullMQ job into one run of its handler, recorded from start to end.

BullMQ may deliver a job twice (a crash, a lost lock), so the execution row decides: a run starts only on an open row,
`starts` counts the runs, and only the latest run may end it. Results and failures are committed before BullMQ hears
of them; if the process dies in between, the second delivery finds the row closed and merely repeats the answer.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from bullmq import Job
from bullmq.custom_errors import DelayedError, UnrecoverableError

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.announcer import Announcer
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.failure import Hooks, Outcome, describe, record_failure
from ruach_studio.infra.queues.ids import bind_execution, job_span
from ruach_studio.infra.queues.port import Execution, Handler, JobContext, JobError
from ruach_studio.infra.queues.store import executions, pressure, runs
from ruach_studio.infra.queues.store.jsonb import to_jsonb
from ruach_studio.infra.taps import JobEnded, tell_job
from ruach_studio.infra.tracing import Span
from ruach_studio.kernel.errors import Unavailable

_RECORD_PAUSES_S = (0.2, 1.0, 2.0, 5.0)
CANCEL_GRACE_S = 10.0

log = get_logger(__name__)
T = TypeVar("T")


class NoHandler(Unavailable):
    """This worker has no handler for the job; start one whose release knows it."""

    code = "no_handler"


@dataclass(slots=True)
class _Run:
    context: JobContext
    task: "asyncio.Task[Mapping[str, Any] | None]"


class Runner:
    """Runs jobs for one worker process, known to the others as `worker` (a number)."""

    def __init__(
        self,
        database: Database,
        queue: BullmqPostgres,
        handlers: Mapping[tuple[str, str], Handler],
        hooks: Hooks,
        worker: int,
    ) -> None:
        self.stopping = False
        self._database = database
        self._queue = queue
        self._handlers = handlers
        self._hooks = hooks
        self._worker = worker
        self._running: dict[str, _Run] = {}
        self.announcer = Announcer(database)

    async def process(self, job: Job, token: str) -> Mapping[str, Any] | None:
        """Run the job; the processor that BullMQ calls. Raises its DelayedError when the job was given back."""
        execution = self._queue.begun(job.id, token)
        if self.stopping:
            async with self._database.transaction() as tx:
                if execution is not None:
                    await executions.release(tx, job.id, execution.starts)
                await self._queue.give_back(tx, job.queue.name, job.id, token)
            raise DelayedError
        if execution is None:
            async with self._database.driver() as conn:
                execution = await runs.begin(conn, job.id, self._worker)
        if execution is None:
            execution = await self._begin_or_set_aside(job, token)
        if execution is None:
            return await self._repeat_answer(job.id)
        parent = job.data.get("traceparent") if isinstance(job.data, dict) else None
        with bind_execution(execution), job_span(execution, parent) as span:
            return await self._run(execution, token, span)

    async def _begin_or_set_aside(self, job: Job, token: str) -> Execution | None:
        """Set a held job aside (raises DelayedError); None if it has ended; else it was released between the two looks."""
        async with self._database.transaction() as tx:
            held = await pressure.holds(tx, job.id)
            if not held:
                return await runs.begin(tx, job.id, self._worker)
            await self._queue.park(tx, job.queue.name, job.id, token)
        raise DelayedError

    def cancel(self, job_id: str) -> None:
        """Tell the handler of `job_id`, if it runs here, to stop; after 10 s its task is cancelled."""
        run = self._running.get(job_id)
        if run is not None and not run.context.cancelled.is_set():
            run.context.cancelled.set()
            asyncio.get_running_loop().call_later(CANCEL_GRACE_S, run.task.cancel)

    def running_ids(self) -> list[str]:
        """Return the ids of the jobs that run here."""
        return list(self._running)

    def abort(self) -> None:
        """Cancel every handler; their jobs go back to the queue."""
        for run in self._running.values():
            run.task.cancel()

    async def _run(self, execution: Execution, token: str, span: Span) -> Mapping[str, Any] | None:
        context = JobContext(
            job_id=execution.job_id, queue=execution.queue, name=execution.name, attempt=execution.attempt,
            automation_id=execution.automation_id, correlation_id=execution.correlation_id, database=self._database,
            cancelled=asyncio.Event(), report=partial(self._save_progress, execution),
        )  # fmt: skip
        task = asyncio.create_task(self._call(context, execution.payload))
        self._running[execution.job_id] = _Run(context, task)
        self.announcer.tell(execution.job_id)
        log.info(
            "job.started", job=execution.job_id, queue=execution.queue, job_name=execution.name, attempt=execution.attempt
        )
        began_s = time.perf_counter()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()) is not None:
                log.warning("job.failed.unrecorded", job=execution.job_id, queue=execution.queue, message=str(error))
            raise
        finally:
            del self._running[execution.job_id]
        outcome = "cancelled" if task.cancelled() else "completed" if task.exception() is None else "failed"
        tell_job(JobEnded(execution.queue, execution.name, outcome, time.perf_counter() - began_s))
        if task.cancelled():
            return await self._stopped(execution, token, context)
        error = task.exception()
        if error is not None:
            span.failed(str(error))
            return await self._failed(execution, describe(error))
        return await self._completed(execution, token, task.result())

    async def _call(self, context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        handler = self._handlers.get((context.queue, context.name))
        if handler is None:
            raise NoHandler(subject=f"{context.queue}/{context.name}")
        result = await handler(context, payload)
        to_jsonb(result, subject=f"result of {context.queue}/{context.name}")  # a result that cannot be stored is a failure
        return result

    async def _completed(
        self, execution: Execution, token: str, result: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        async def record() -> list[str] | None:
            if await self._queue.end(execution, token, result):
                self.announcer.tell(execution.job_id)
                return []
            async with self._database.transaction() as tx:
                settled = await runs.complete(tx, execution.job_id, starts=execution.starts, result=result or {})
                for dead in settled or ():
                    await self._queue.forget_dead(tx, execution.queue, dead)
                return settled

        settled = await _insist(record)
        if settled is not None:
            if settled:
                log.info("dead_letter.settled", job=execution.job_id, queue=execution.queue, dead=settled)
            log.info("job.completed", job=execution.job_id, queue=execution.queue, attempt=execution.attempt)
            return result
        return await self._repeat_answer(execution.job_id)

    async def _failed(self, execution: Execution, error: JobError) -> Mapping[str, Any] | None:
        async def record() -> Outcome | None:
            async with self._database.transaction() as tx:
                return await record_failure(tx, self._queue, self._hooks, execution.job_id, error, starts=execution.starts)

        outcome = await _insist(record)
        if outcome is None or outcome.settled:
            return await self._repeat_answer(execution.job_id)
        raise UnrecoverableError(error.message)

    async def _stopped(self, execution: Execution, token: str, context: JobContext) -> Mapping[str, Any] | None:
        if context.cancelled.is_set():
            return await self._repeat_answer(execution.job_id)
        if not self.stopping:
            return await self._failed(execution, JobError("aborted", "the handler's task was cancelled", retryable=True))
        async with self._database.transaction() as tx:
            if await executions.release(tx, execution.job_id, execution.starts):
                await self._queue.give_back(tx, execution.queue, execution.job_id, token)
        log.info("job.given_back", job=execution.job_id, queue=execution.queue)
        raise DelayedError

    async def _repeat_answer(self, job_id: str) -> Mapping[str, Any] | None:
        """Tell BullMQ again how a closed execution ended."""
        async with self._database.connection() as conn:
            execution = await executions.get(conn, job_id)
        if execution is None:
            raise UnrecoverableError("the job has no execution row; add jobs through JobQueue.add")
        if execution.state == "completed":
            return execution.result
        if execution.state in ("queued", "running"):
            raise DelayedError  # another run owns it now; leave its BullMQ job alone
        raise UnrecoverableError(f"the job is {execution.state}")

    async def _save_progress(self, execution: Execution, progress: Mapping[str, Any]) -> None:
        async with self._database.transaction() as tx:
            await executions.save_progress(tx, execution.job_id, execution.starts, progress)


async def _insist(record: Callable[[], Awaitable[T]]) -> T:
    """Record an end through a short outage of the database: the work itself is done and costly."""
    for pause_s in _RECORD_PAUSES_S:
        try:
            return await record()
        except Unavailable as error:
            log.warning("job.record.delayed", message=str(error), pause_s=pause_s)
            await asyncio.sleep(pause_s)
    return await record()
