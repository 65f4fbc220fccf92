"""Turn BullMQ's workers into ones that ask less and neither spin nor sleep too long at a queue's cap (bullmq 3.4.4)."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import bullmq as bull
from redis.exceptions import RedisError

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store import runs

log = get_logger(__name__)
Claim = tuple[str, str]  # job id and token: bullmq 3.4.4 gives the claims that it begins in one breath the same token
_WAKE = (
    "if redis.call('HEXISTS', KEYS[1], 'paused') == 0"
    " and (redis.call('LLEN', KEYS[2]) > 0 or redis.call('ZCARD', KEYS[3]) > 0) then redis.call('ZADD', KEYS[4], 0, '0') end"
)
# The job goes back before its 30 s are over: the lock is ended, marked as seen, if it is still the dead process's.
END_LOCK = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) redis.call('SADD', KEYS[2], ARGV[2])"
    " return 1 end return 0"
)
GIVE_BACK = (Path(bull.__file__).parent / "commands" / "moveJobFromActiveToWait-9.lua").read_text()

CLOSE_ANYWAY_S = 2.0
LOOK_AGAIN_S = 0.5  # at a queue whose shared concurrency is used up: nothing tells that there is room again


def claim_and_begin(backend: Any, begun: dict[Claim, Execution]) -> None:
    """Let a claim begin the run of its job, whose execution waits in `begun` under its claim for the processor.

    And let an idle worker claim as soon as it is told of a job, without asking first whether there is one; and let it sleep,
    `LOOK_AGAIN_S` at most, while the queue's shared concurrency is used up by other processes: bullmq 3.4.4 wakes as long as
    a job waits, claims nothing at the cap, and so asks without a pause. Who has just claimed nothing though a job waited
    asks whether the cap is why; nobody else pays for the question.
    """
    has_waiting, wait, connection = backend._has_waiting_job, backend.waitForJob, backend.connection
    fresh = seen = in_vain = False

    async def claiming(token: str, options: Mapping[str, Any]) -> Any:
        nonlocal seen, in_vain
        async with connection._conn_lock:
            found = await runs.claim(
                await connection._get_conn(), backend.queue_name, token, lock_ms=options["lockDuration"],
                worker=int(token.partition(".")[0]),
            )  # fmt: skip
        seen, in_vain = False, seen and not found
        if found is None:
            return await backend._next_job_result([], None, round(time.time() * 1000))
        job, execution = found
        if execution is not None:
            begun[execution.job_id, token] = execution
        return await backend._next_job_result([job], None, 0)

    async def has_claimable() -> bool:
        nonlocal fresh, seen
        told, fresh = not fresh, False
        if told and not in_vain:
            return True
        seen = await has_waiting()
        if not seen or not in_vain:
            return bool(seen)
        row = (await backend._run("is_maxed", [backend.queue_name])).first_map() or {}
        return not row.get("maxed")

    async def waiting(block_timeout: float) -> Any:
        nonlocal fresh
        fresh = True  # its first question is not an answer to a notice
        return await wait(min(block_timeout, LOOK_AGAIN_S) if in_vain else block_timeout)

    backend.moveToActive, backend._has_waiting_job, backend.waitForJob = claiming, has_claimable, waiting
    one_at_a_time(backend)


def one_at_a_time(backend: Any) -> None:
    """Let the claims of a worker go one after the other; one that finds nothing answers those that were asked for before it.

    bullmq 3.4.4 fills every free place at once: with room for ten it sends ten claims after each job that it has found, and
    that job's handler waits behind them. So a claim also lets what was found before it start first: one turn of the loop.
    """
    claim, turn = backend.moveToActive, asyncio.Lock()
    sent = empty = 0
    nothing: Any = None

    async def claiming(token: str, options: Mapping[str, Any]) -> Any:
        nonlocal sent, empty, nothing
        asked = sent
        async with turn:
            await asyncio.sleep(0)
            if empty > asked:
                return nothing
            sent += 1
            found = await claim(token, options)
            if not found[0]:
                empty, nothing = sent, found
            return found

    backend.moveToActive = claiming


def start_found_first(worker: Any) -> None:
    """Let the handler of a job that was found start before `worker` asks for as many jobs as it has room for.

    bullmq 3.4.4 makes those questions when it makes the job's task, so they come before the handler, which is a task of that
    one: nine of them at a concurrency of ten. One turn of the loop puts them behind it.
    """
    ask = worker.getNextJob

    async def asking(token: str) -> Any:
        await asyncio.sleep(0)
        return await ask(token)

    worker.getNextJob = asking


def wait_for_nothing_when_closing(worker: Any) -> None:
    """Let a `worker` that is closing not begin to wait for a job.

    `close` of bullmq 3.4.4 ends the wait that is under way and then waits for all that was asked. Who was about to wait,
    as one is whose job has just ended, waits for the next job that is due: up to an hour on PostgreSQL, and so did the stop.
    """
    wait = worker.waitForJob

    async def waiting() -> Any:
        if worker.closing:
            raise asyncio.CancelledError  # as if `close` had ended it
        return await wait()

    worker.waitForJob = waiting


def close_between_statements(connection: Any) -> None:
    """Let a stop close BullMQ's connection only when no statement is under way on it, or after `CLOSE_ANYWAY_S`.

    bullmq 3.4.4 closes it under a worker that is just naming itself; psycopg's C part then dies (seen once, SIGSEGV).
    """
    close = connection.close

    async def closing() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_ANYWAY_S):
                await connection._conn_lock.acquire()
            connection._conn_lock.release()
        await close()

    connection.close = closing


def told_already(backend: Any, told: set[Claim]) -> None:
    """Spare BullMQ the word of an end that it had with the execution's own: those of the claims in `told`."""
    finish = backend.moveToCompleted

    async def finishing(job: bull.Job, result: Any, keep: Any, token: str, **options: Any) -> Any:
        if (job.id, token) in told:
            told.remove((job.id, token))
            return None
        return await finish(job, result, keep, token, **options)

    backend.moveToCompleted = finishing


def wake_when_room(worker: bull.Worker) -> None:
    """Have a worker that ended a job tell the idle ones that there is room.

    bullmq 3.4.4 sets no mark when a job of a queue at its shared concurrency ends, and looks again only after drainDelay: 40
    jobs of 0.15 s at concurrency 3 took 56 s. A worker that is not asleep takes the next job itself and need not be told.
    """
    backend = worker.backend
    wake = backend.conn.register_script(_WAKE)
    keys = [backend.keys[kind] for kind in ("meta", "wait", "prioritized", "marker")]

    def then_wake(finish: Any) -> Any:
        async def finishing(*args: Any, **options: Any) -> Any:
            result = await finish(*args, **options)
            if worker.waiting or worker.closing:
                try:
                    await wake(keys=keys)
                except (RedisError, OSError) as error:  # they look again within a second anyway
                    log.debug("queue.wake.failed", queue=worker.name, message=type(error).__name__)
            return result

        return finishing

    backend.moveToCompleted = then_wake(backend.moveToCompleted)
    backend.moveToFailed = then_wake(backend.moveToFailed)
