"""Turn a set of handlers into a process that takes jobs until told to stop.

One BullMQ worker per queue, one listening connection, one sweeper. BullMQ options as measured: one attempt (the ladder is
ours), lock 30 s renewed every 7.5 s, stalled check 5 s, at most 3 stalls, 5 s between looks at an idle queue (a job wakes
it), 1 s between reconnections. Handlers must not block the event loop: it renews the locks of every job in the process.
On stop no job starts, running ones get `grace_s`, then they are cancelled and go back to the queue under the same id.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

import bullmq as bull
import psycopg

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_claims import start_found_first, wait_for_nothing_when_closing
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres
from ruach_studio.infra.queues.failure import Hooks
from ruach_studio.infra.queues.listener import Listener
from ruach_studio.infra.queues.policy import QueuePolicy, policy_of
from ruach_studio.infra.queues.port import Handler
from ruach_studio.infra.queues.runner import Runner
from ruach_studio.infra.queues.store import bullmq, executions
from ruach_studio.infra.queues.sweeper import Sweeper
from ruach_studio.kernel.errors import Unavailable

_RECONNECT_MS = 1000
GRACE_S = 20.0
LATE_S = 10.0  # how often a stop that waits says what it waits for

log = get_logger(__name__)


class Worker:
    """Takes the jobs of `queues` (default: every queue that a handler names) and runs them with `handlers`."""

    def __init__(
        self,
        database: Database,
        queue: BullmqPostgres,
        handlers: Mapping[tuple[str, str], Handler],
        *,
        queues: Sequence[str] | None = None,
        hooks: Hooks | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        """Take handlers and hooks by (queue name, job name); raise UnknownQueue for a queue that no policy has."""
        self._database = database
        self._queue = queue
        self._handlers = handlers
        self._hooks: Hooks = hooks or {}
        self._grace_s = grace_s
        names = sorted({name for name, _ in handlers}) if queues is None else queues
        self._policies = [policy_of(name, queue.policies) for name in names]

    async def run(self, stop: asyncio.Event) -> None:
        """Take jobs until `stop` is set, then end gracefully. Outlives outages of the database."""
        number = await self._enrol(stop)
        if number is None:
            return
        runner = Runner(self._database, self._queue, self._handlers, self._hooks, number)
        listener = self._listener(runner, number)
        sweeper = Sweeper(self._database, self._queue, self._hooks, [policy.name for policy in self._policies])
        own = [listener.run(), sweeper.run(), *self._queue.attendants()]
        background = [asyncio.create_task(each) for each in own]
        stopped = asyncio.create_task(stop.wait())
        serving: list[asyncio.Task[None]] = []
        try:
            # No job starts before this process can be seen to live.
            alive = asyncio.create_task(listener.connected.wait())
            await asyncio.wait({alive, stopped}, return_when=asyncio.FIRST_COMPLETED)
            alive.cancel()
            serving = [
                asyncio.create_task(self._serve(policy, runner, number, stop), name=policy.name) for policy in self._policies
            ]
            log.info("worker.started", worker=number, queues=[policy.name for policy in self._policies])
            # Ends at `stop`, or if one of our own tasks breaks: better a dead worker than one that only seems to work.
            await asyncio.wait({stopped, *background, *serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            runner.stopping = True
            stop.set()
            if serving:
                _done, late = await asyncio.wait(serving, timeout=self._grace_s)
                if late:
                    runner.abort()
                    await _ended(late, number)
            await runner.announcer.close()
            for task in (*background, stopped):
                task.cancel()
            await asyncio.gather(*background, stopped, return_exceptions=True)
        for task in (*serving, *background):
            if not task.cancelled():
                task.result()
        log.info("worker.stopped", worker=number)

    async def _enrol(self, stop: asyncio.Event) -> int | None:
        """Draw this process's number and prepare the queues, through an outage too; None if told to stop meanwhile."""
        while not stop.is_set():
            try:
                async with self._database.transaction() as tx:
                    number = await executions.next_worker_number(tx)
                await self._queue.prepare(self._policies)
                return number
            except Unavailable as error:
                log.warning("worker.start.delayed", message=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _RECONNECT_MS / 1000)
        return None

    def _listener(self, runner: Runner, number: int) -> Listener:
        async def prove_alive(conn: psycopg.AsyncConnection) -> None:
            await executions.prove_alive(conn, number)
            await self._queue.hush(conn, [policy.name for policy in self._policies])
            async with self._database.connection() as read:
                for job_id in await executions.cancelled_among(read, runner.running_ids()):
                    runner.cancel(job_id)

        return Listener(
            self._database.dsn,
            [executions.CANCEL_CHANNEL],
            lambda _channel, job_id: runner.cancel(job_id),
            on_connect=prove_alive,
        )

    async def _serve(self, policy: QueuePolicy, runner: Runner, number: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            worker = self._bull_worker(policy, runner)
            worker.id = f"{number}.{worker.id}"  # the tokens of its claims begin with this: the sweeper knows whose they are
            running = asyncio.create_task(worker.run())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            runner.stopping = runner.stopping or stop.is_set()
            await worker.close()
            await asyncio.wait({running})
            await worker.backend.close()  # bullmq 3.4.4: a loop that was asking while it closed has connected again
            if not stop.is_set():
                error = running.exception()
                log.warning("worker.queue.restarted", queue=policy.name, message=str(error))
                await asyncio.sleep(_RECONNECT_MS / 1000)

    def _bull_worker(self, policy: QueuePolicy, runner: Runner) -> bull.Worker:
        options = {
            "autorun": False, "concurrency": policy.concurrency, "lockDuration": round(policy.lock_s * 1000),
            "stalledInterval": round(policy.stalled_check_s * 1000), "maxStalledCount": policy.max_stalls,
            "runRetryDelay": _RECONNECT_MS,
            "removeOnComplete": bullmq.KEEP_COMPLETED, "removeOnFail": bullmq.KEEP_FAILED,
        }  # fmt: skip
        worker = self._queue.bull_worker(policy.name, runner.process, options)
        start_found_first(worker)
        wait_for_nothing_when_closing(worker)
        worker.on("error", lambda error, *_: log.warning("queue.error", queue=policy.name, message=str(error)))
        return worker


async def _ended(late: "set[asyncio.Task[None]]", number: int) -> None:
    """Wait for the queues whose jobs were told to stop, and say which do not: a deaf handler, a lost server."""
    while late:
        _done, late = await asyncio.wait(late, timeout=LATE_S)
        if late:
            log.warning("worker.stop.waits", worker=number, queues=sorted(task.get_name() for task in late))
