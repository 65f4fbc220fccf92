"""Turn the many small questions of a BullMQ worker on Redis into few: claims, beginnings, ends of one moment go together.

Under load a worker is bound by Python's work for each way to a server and back. Here no timer waits for company: what is
asked while nothing is under way goes at once, and what is asked meanwhile goes with the next.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from ruach_studio.infra.db import Database
from ruach_studio.infra.db.combine import ALONE, Combiner, Later
from ruach_studio.infra.db.kept import KeptConnection
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_claims import Claim
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.queues.store import runs

log = get_logger(__name__)
Asked = tuple[str, Mapping[str, Any], asyncio.Future[Any]]  # token, options, answer
Call = tuple[Sequence[Any], Sequence[Any]]  # keys and arguments of a script


def ask_together(backend: Any, kept: KeptConnection, begun: dict[Claim, Execution]) -> None:
    """Let the questions of a worker's `backend` go together; the runs that its claims begin on `kept` wait in `begun`."""
    run_together(backend.scripts.commands, "moveToFinished")
    together = copy(backend.scripts)
    together.commands = dict(together.commands)
    run_together(together.commands, "moveToActive")
    claim_and_begin_together(backend, together.moveToActive, kept, begun)


def claim_and_begin_together(
    backend: Any, together: Callable[..., Awaitable[Any]], kept: KeptConnection, begun: dict[Claim, Execution]
) -> None:
    """Let the claims of a worker go in turn, as many together as there seem to be jobs, and begin the runs of their jobs.

    bullmq 3.4.4 asks for a claim for every free place at once, so most are in vain while jobs come one by one, and the job
    found waits behind them. So one goes first; each time that all found a job, twice as many go next; after one in vain, one
    again, and it answers all that were asked for before it went. The runs begin in one statement, before BullMQ hears of the
    jobs. What can not begin, or not now, is left to the processor; what BullMQ gave up ("defa") is claimed to be failed.
    `together` claims as the backend does, where more than one claim goes: a lone one takes the short way.
    """
    alone, room = backend.moveToActive, 1
    asked: list[Asked] = []
    turning: asyncio.Task[None] | None = None

    async def claiming(token: str, options: Mapping[str, Any]) -> Any:
        nonlocal turning
        told = asyncio.get_running_loop().create_future()
        asked.append((token, options, told))
        if turning is None:
            turning = asyncio.create_task(take_turns())
        return await told

    async def take_turns() -> None:
        nonlocal turning
        try:
            while asked:
                await asyncio.sleep(0)  # what was found just now starts first
                await take_turn()
        finally:
            turning = None
            for *_, told in asked:  # only if this task was cancelled with the whole program
                told.cancel()

    async def take_turn() -> None:
        nonlocal room
        asked[:] = [each for each in asked if not each[2].done()]  # some have gone
        number, going = len(asked), asked[:room]
        answers: list[Any]
        if len(going) == 1:
            answers = [await _outcome(alone(*going[0][:2]))]
        else:
            answers = await asyncio.gather(*(_outcome(together(token, options)) for token, options, _ in going))
        nothing = [each for each in answers if not isinstance(each, BaseException) and not each[0]]
        jobs = [(each, token) for each, (token, *_) in zip(answers, going, strict=True) if _is_job(each)]
        await begin([(job[1], token) for job, token in jobs if not job[0].get("defa")])
        if nothing:
            answers += nothing[:1] * (number - len(going))
        for answer, (*_, told) in zip(answers, asked, strict=False):
            _tell(told, answer)
        del asked[: len(answers)]
        room = 1 if len(jobs) < len(going) else max(room, 2 * len(going))

    async def begin(claims: Sequence[Claim]) -> None:
        if not claims:
            return
        try:
            async with kept.driver() as conn:
                started = await runs.begin_all(conn, [job_id for job_id, _ in claims], int(claims[0][1].partition(".")[0]))
        except Exception as error:  # noqa: BLE001  (the processor meets it, and tells BullMQ)
            log.debug("job.begin.delayed", jobs=len(claims), message=str(error))
        else:
            begun.update(((job_id, token), started[job_id]) for job_id, token in claims if job_id in started)

    backend.moveToActive = claiming


async def _outcome(claim: Awaitable[Any]) -> Any:
    try:
        return await claim
    except Exception as error:  # noqa: BLE001  (whoever asked for it gets it)
        return error


def _is_job(found: Any) -> bool:
    return not isinstance(found, BaseException) and bool(found[0])


def _tell(told: asyncio.Future[Any], answer: Any) -> None:
    if told.done():
        return
    if isinstance(answer, BaseException):
        told.set_exception(answer)
    else:
        told.set_result(answer)


def run_together(commands: dict[str, Any], name: str) -> None:
    """Let the calls of one of BullMQ's scripts go to Redis in one pipeline, if they are made in one moment."""
    script = commands[name]
    number = itertools.count()

    async def together(calls: Sequence[Call]) -> Sequence[Any | Exception | Later]:
        try:
            if len(calls) == 1:
                return [await alone(calls[0])]
            async with script.registered_client.pipeline(transaction=False) as pipe:
                for keys, args in calls:
                    pipe.evalsha(script.sha, len(keys), *keys, *args)
                answers = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            return [error] * len(calls)
        return [ALONE if isinstance(each, NoScriptError) else each for each in answers]

    async def alone(call: Call) -> Any:
        return await script(keys=call[0], args=call[1])

    combined: Combiner[Call, Any] = Combiner(together, alone)

    async def calling(keys: Sequence[Any], args: Sequence[Any], client: Any = None) -> Any:
        if client is not None:
            return await script(keys=keys, args=args, client=client)
        return await combined.submit(str(next(number)), (keys, args))

    commands[name] = calling


class Ends:
    """Ends runs as completed, those of one moment in one statement."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._combined: Combiner[runs.Ended, bool] = Combiner(self._together, self._alone)

    async def end(self, run: Execution, result: Mapping[str, Any] | None) -> bool:
        """End the run; False if that takes more than this, or the run owns nothing any more (see runs.end_all)."""
        return await self._combined.submit(f"{run.job_id} {run.starts}", runs.ended(run, result))

    async def _together(self, ended: Sequence[runs.Ended]) -> Sequence[bool]:
        async with self._database.driver() as conn:
            done = await runs.end_all(conn, ended)
        return [each.id in done for each in ended]

    async def _alone(self, ended: runs.Ended) -> bool:
        return (await self._together([ended]))[0]
