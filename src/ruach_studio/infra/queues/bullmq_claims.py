"""Turn BullMQ's workers into ones that neither spin nor sleep too long at a queue's shared concurrency (bullmq 3.4.4)."""

from typing import Any

import bullmq as bull
from redis.exceptions import RedisError

from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)
_WAKE = (
    "if redis.call('HEXISTS', KEYS[1], 'paused') == 0"
    " and (redis.call('LLEN', KEYS[2]) > 0 or redis.call('ZCARD', KEYS[3]) > 0) then redis.call('ZADD', KEYS[4], 0, '0') end"
)


LOOK_AGAIN_S = 0.5  # at a queue whose shared concurrency is used up: nothing tells that there is room again


def look_before_claiming(backend: Any) -> None:
    """Let an idle worker sleep while the queue's shared concurrency is used up by other processes, `LOOK_AGAIN_S` at most.

    bullmq 3.4.4 wakes as long as a job waits, claims nothing at the cap, and so asks without a pause. Who has just claimed
    nothing though a job waited asks whether the cap is why; nobody else pays for the question.
    """
    has_waiting, claim, wait = backend._has_waiting_job, backend.moveToActive, backend.waitForJob
    seen = in_vain = False

    async def claiming(*args: Any, **options: Any) -> Any:
        nonlocal seen, in_vain
        found = await claim(*args, **options)
        seen, in_vain = False, seen and not (found and found[0])
        return found

    async def has_claimable() -> bool:
        nonlocal seen
        seen = await has_waiting()
        if not seen:
            return False
        if not in_vain:
            return True
        row = (await backend._run("is_maxed", [backend.queue_name])).first_map() or {}
        return not row.get("maxed")

    async def waiting(block_timeout: float) -> Any:
        return await wait(min(block_timeout, LOOK_AGAIN_S) if in_vain else block_timeout)

    backend.moveToActive, backend._has_waiting_job, backend.waitForJob = claiming, has_claimable, waiting


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
