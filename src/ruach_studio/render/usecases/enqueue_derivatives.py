"""Turn the news that derivatives are wanted, or not wanted any more, into jobs of media-transcoding and their end.

The job's id comes with the wish, so a wish that is heard twice is one job. A job that is withdrawn before it was heard of is
made and cancelled in one transaction: no worker gets it, and the wish that comes after it finds its id used.
"""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues import get_execution, successor_of
from ruach_studio.render.usecases.make_derivative import DERIVE_JOB, QUEUE
from ruach_studio.render.usecases.services import RenderServices

log = get_logger(__name__)


async def enqueue_derivatives(tx: AsyncConnection, services: RenderServices, envelope: Envelope) -> None:
    """Enqueue what a `derivatives.requested` event asks for and was not enqueued before."""
    payload = cast(Mapping[str, Any], envelope.payload)
    for wanted in payload["derivatives"]:
        if await get_execution(tx, str(wanted["jobId"])) is None:
            await _enqueue(tx, services, wanted, str(payload["sessionId"]), str(payload["requestedBy"]))


async def withdraw_derivative(tx: AsyncConnection, services: RenderServices, envelope: Envelope) -> None:
    """Cancel the open run of the ladder that a `derivative.withdrawn` event names; one that has ended stays as it ended."""
    payload = cast(Mapping[str, Any], envelope.payload)
    job_id = str(payload["jobId"])
    execution = await get_execution(tx, job_id, lock=True)
    if execution is None:
        await _enqueue(tx, services, payload, str(payload["sessionId"]), str(payload["withdrawnBy"]))
    while execution is not None and execution.state == "failed":
        following = await successor_of(tx, execution.job_id)
        execution = None if following is None else await get_execution(tx, following, lock=True)
        job_id = execution.job_id if execution is not None else job_id
    if await services.queue.cancel(tx, job_id):
        log.info("derivative.withdrawn", job=job_id, by=payload["withdrawnBy"], reason=payload["reason"])


async def _enqueue(
    tx: AsyncConnection, services: RenderServices, wanted: Mapping[str, Any], session_id: str, actor: str
) -> None:
    payload = {
        "sessionId": session_id, "derivativeId": wanted["derivativeId"], "kind": wanted["kind"], "path": wanted["path"],
        "recipe": wanted["recipe"], "actor": actor,
    }  # fmt: skip
    await services.queue.add(tx, QUEUE, DERIVE_JOB, payload, job_id=str(wanted["jobId"]))
