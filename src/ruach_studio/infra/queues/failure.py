"""Turn an execution's error into what follows: the next rung of the ladder, or the dead-letter queue.

One transaction closes the failed execution and makes its successor: a new id, `retry_of` the failed one, the same
automation, after the ladder's delay. An error that no repetition can mend (a RuachError with retryable False and a
status below 500) skips the ladder. At its end: a dead-letter row and one job in `<queue>-dlq`.
"""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.bullmq_postgres import BullmqPostgres, dlq_job_id, job_data
from ruach_studio.infra.queues.policy import policy_of
from ruach_studio.infra.queues.port import Execution, HandlerHooks, JobError
from ruach_studio.infra.queues.store import dead_letters, executions
from ruach_studio.infra.queues.store.jsonb import without_nul
from ruach_studio.kernel.errors import RuachError
from ruach_studio.kernel.hashing import plain

_TAIL_CHARACTERS = 4000
_MESSAGE_CHARACTERS = 2000
STALLED = "stalled"

log = get_logger(__name__)
Hooks = Mapping[tuple[str, str], HandlerHooks]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a failed execution: the id of its retry, or dead, or done after all; `message` is what BullMQ shows."""

    message: str
    retried_as: str | None = None
    dead: bool = False
    settled: bool = False


def describe(error: BaseException) -> JobError:
    """Turn an exception into the report that rows, dead letters and events keep: nothing in it can fail to be stored."""
    tail = _storable("".join(traceback.format_exception(error))[-_TAIL_CHARACTERS:])
    message = _storable((str(error) or type(error).__name__)[:_MESSAGE_CHARACTERS])
    if isinstance(error, RuachError):
        return JobError(error.code, message, not is_final(error), tail, _plain_details(error))
    return JobError(type(error).__name__, message, True, tail)


def is_final(error: BaseException) -> bool:
    """Say whether repeating can not help: the input, the state or the rights are wrong, not the moment."""
    return isinstance(error, RuachError) and not error.retryable and error.status < 500


async def record_failure(
    tx: AsyncConnection, queue: BullmqPostgres, hooks: Hooks, job_id: str, error: JobError, *, starts: int | None = None
) -> Outcome | None:
    """Close the open execution `job_id` with `error` and make what follows; None if it had ended or runs elsewhere."""
    execution = await executions.get(tx, job_id, lock=True)
    if execution is None or execution.state not in ("queued", "running"):
        return None
    if starts is not None and execution.starts != starts:
        return None
    hook = hooks.get((execution.queue, execution.name), HandlerHooks())
    result = None if hook.settled is None else await hook.settled(tx, execution)
    if result is not None:
        await executions.finish(tx, job_id, "completed", result=result)
        log.info("job.settled", job=job_id, queue=execution.queue, code=error.code, message=error.message)
        return Outcome(error.message, settled=True)
    policy = policy_of(execution.queue, queue.policies)
    delay_s = policy.delay_after(execution.attempt) if error.retryable else None
    if delay_s is None:
        return await _bury(tx, queue, execution, policy.dlq, hook, error)
    await executions.finish(tx, job_id, "failed", error=error.to_wire())
    next_id = await queue.retry(tx, execution, attempt=execution.attempt + 1, delay_s=delay_s)
    if hook.on_retry is not None:
        await hook.on_retry(tx, execution, next_id, error)
    log.warning(
        "job.failed", job=job_id, queue=execution.queue, attempt=execution.attempt, code=error.code,
        message=error.message, retried_as=next_id, delay_s=delay_s,
    )  # fmt: skip
    return Outcome(error.message, retried_as=next_id)


def dead_job_data(execution: Execution, error: Mapping[str, object]) -> dict[str, object]:
    """Return the data of a dead execution's job in its dead-letter queue. `error` is a JobError's wire form."""
    code, message = (_storable(str(error.get(key, ""))) for key in ("code", "message"))
    return job_data(execution) | {"jobId": execution.job_id, "error": {"code": code, "message": message}}


async def _bury(
    tx: AsyncConnection, queue: BullmqPostgres, execution: Execution, dlq: str, hook: HandlerHooks, error: JobError
) -> Outcome:
    await executions.finish(tx, execution.job_id, "dead-letter", error=error.to_wire())
    attempts = await executions.chain_of(tx, execution.job_id)
    subject = {key: execution.payload[key] for key in hook.subject if key in execution.payload}
    await dead_letters.bury(
        tx, kind="job", queue=execution.queue, name=execution.name, source_id=execution.job_id,
        payload=execution.payload, automation_id=execution.automation_id, correlation_id=execution.correlation_id,
        error=error.to_wire(), attempts=attempts, triage=hook.triage(execution, error) if hook.triage else None,
        subject=subject, version_key=hook.version, facts=await _facts(tx, execution, hook),
    )  # fmt: skip
    data = dead_job_data(execution, error.to_wire())
    await queue.put(
        tx, queue=dlq, job_id=dlq_job_id(execution.job_id), name=execution.name, data=data, priority=0, delay_s=0.0
    )
    if hook.on_dead is not None:
        await hook.on_dead(tx, execution, error)
    log.error(
        "job.died", job=execution.job_id, queue=execution.queue, attempt=execution.attempt, code=error.code,
        message=error.message, dlq=dlq,
    )  # fmt: skip
    return Outcome(error.message, dead=True)


async def _facts(tx: AsyncConnection, execution: Execution, hook: HandlerHooks) -> Mapping[str, object]:
    if hook.facts is None:
        return {}
    try:
        async with tx.begin_nested():
            return await hook.facts(tx, execution)
    except Exception as error:  # a job must be buried even if nobody can measure why it died
        log.exception("job.facts.failed", job=execution.job_id, queue=execution.queue)
        return {"unmeasured": str(error)}


def _plain_details(error: RuachError) -> dict[str, object]:
    details: dict[str, object] = {"subject": error.subject, "remedy": error.remedy}
    for name, value in error.details.items():
        try:
            details[name] = plain(value)
        except TypeError:
            details[name] = repr(value)
    stored: dict[str, object] = json.loads(_storable(without_nul(details)))
    return stored


def _storable(text: str) -> str:
    """Return `text` without NUL, which PostgreSQL refuses, and what UTF-8 has not (of a file name in another encoding)."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
