"""Turn a failed execution into what happens to its render job, in the queue's own transaction.

A failure with a rung left: the job is `failed`, and a new job with a new id, `retryOf` it and the same automation is
queued. The last failure: `failed`, then `dead-letter`, and `render.failed` is announced. The working folder stays, so
that an operator's retry goes on after the last finished step.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.render import RenderFailed
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues.port import Execution, JobError
from ruach_studio.kernel.clock import Clock
from ruach_studio.render.store import jobs
from ruach_studio.render.store.jobs import NewJob
from ruach_studio.render.usecases.process_job import WORKER

_REFUSED = {"store_refused", "no_such_bucket"}  # 401, 403 and the like: it stays so until somebody corrects it
# The specification's triage playbook for render-jobs-dlq, by error code.
_UPLOAD = {"checksum_mismatch", "unavailable", "store_unavailable", "out_of_space", "bad_key", *_REFUSED}
_FFMPEG = {"media_failure", "frame_count_wrong", "undecodable_sound", "unmeasurable", "no_picture", "mapping_inexpressible"}
_PLAYBOOK: Mapping[int, Mapping[str, Any]] = {
    1: {
        "cause": 1, "title": "Lambda timeout", "safeToRequeue": True,
        "checkFirst": "The invocation's log, and the input's length against the timeout.",
        "escalateWhen": "3 or more timeouts on the same session: likely a media format issue.",
    },
    2: {
        "cause": 2, "title": "Upload failure", "safeToRequeue": True,
        "checkFirst": "The store's status and credentials; for local disk its free space.",
        "escalateWhen": "401/403: rotate credentials. 5xx for more than 10 minutes: escalate to the provider.",
    },
    3: {
        "cause": 3, "title": "FFmpeg crash", "safeToRequeue": False,
        "checkFirst": "The error's last lines: usually a codec issue or a corrupt input frame.",
        "escalateWhen": "Crashes on several sessions: possibly an FFmpeg version regression.",
    },
}  # fmt: skip
# What else Remotion Lambda dies of; the playbook has no number for these.
_LAMBDA: Mapping[str, tuple[bool, str, str]] = {
    "lambda_throttled": (True, "The account's concurrent executions, and what else runs there.",
                         "It stays so for an hour: ask AWS for a higher quota."),
    "lambda_out_of_memory": (False, "The function's memory (10240 MB) and the sources' size.", "It dies with 10240 MB."),
    "lambda_disk_full": (False, "The function's disk (10240 MB) and the sources' size.", "It dies with 10240 MB."),
    "lambda_version_mismatch": (False, "Function, site and client must be of one version.", "They are of one."),
    "lambda_access_denied": (False, "The key and its policy.", "Rotate the credentials."),
    "lambda_not_found": (False, "RUACH_LAMBDA_FUNCTION, _SITE and _BUCKET.", "They are there, and it is said anyway."),
    "cost_cap_exceeded": (False, "`ruach lambda costs`, and RUACH_LAMBDA_MONTHLY_CAP_USD.", "Nobody asked for that much."),
    "rendering_disabled": (False, "Who set RUACH_LAMBDA_DISABLED, and why.", "The reason is gone and the switch is not."),
}  # fmt: skip


def triage(execution: Execution, error: JobError) -> Mapping[str, Any] | None:
    """Name the playbook's cause for a dead render job; None where the playbook knows none."""
    if "timeout" in error.code:
        return _PLAYBOOK[1]
    if error.code in _LAMBDA:
        safe, check_first, escalate_when = _LAMBDA[error.code]
        title = error.code.replace("_", " ").capitalize()
        return {"cause": None, "title": title, "safeToRequeue": safe, "checkFirst": check_first,
                "escalateWhen": escalate_when}  # fmt: skip
    if error.code in _FFMPEG:
        return _PLAYBOOK[3]
    if error.code in _REFUSED:
        return {**_PLAYBOOK[2], "safeToRequeue": False}
    return _PLAYBOOK[2] if error.code in _UPLOAD else None


async def plan_retry(tx: AsyncConnection, failed: Execution, next_id: str, error: JobError, *, clock: Clock) -> None:
    """Close the failed job and write its successor's row."""
    now = clock.now()
    job = await jobs.get(tx, failed.job_id, lock=True)
    await jobs.move(tx, failed.job_id, "failed", actor=WORKER, at=now, reason=error.code, error=error.to_wire())
    successor = NewJob(
        next_id, job.session_id, job.format, job.edl_version, job.automation_id, job.critical, job.requested_by,
        attempt=failed.attempt + 1, retry_of=failed.job_id, reason=f"retry after {error.code}",
    )  # fmt: skip
    made = await jobs.insert(tx, successor, now)
    if made is not None:
        await jobs.announce(tx, made)


async def bury(tx: AsyncConnection, dead: Execution, error: JobError, *, clock: Clock) -> None:
    """Take the chain's last job to the dead letters and tell the others."""
    now = clock.now()
    await jobs.move(tx, dead.job_id, "failed", actor=WORKER, at=now, reason=error.code, error=error.to_wire())
    job = await jobs.move(tx, dead.job_id, "dead-letter", actor=WORKER, at=now, reason="no attempt is left")
    await publish(tx, RenderFailed(job.session_id, job.render_job_id, job.format, error.code, error.message))
