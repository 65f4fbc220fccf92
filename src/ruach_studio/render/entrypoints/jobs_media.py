"""Turn jobs of the queue media-transcoding into proxies, peaks, thumbnails and mezzanines, and their ends into events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.queues import Execution, Handler, HandlerHooks, JobContext, JobError
from ruach_studio.render.ports import RemotionRunner
from ruach_studio.render.usecases.await_mezzanines import MEZZANINE_JOB
from ruach_studio.render.usecases.make_derivative import DERIVE_JOB, QUEUE, make_derivative, tell_failed
from ruach_studio.render.usecases.make_mezzanines import make_mezzanines
from ruach_studio.render.usecases.services import RenderServices
from ruach_studio.render.usecases.share_render import render_goes_on
from ruach_studio.render.usecases.weigh_dead_derivative import named, weigh


def handlers(services: RenderServices, runner: RemotionRunner) -> dict[tuple[str, str], Handler]:
    """Return the handler by (queue, job name); `runner` is the one that draws the pictures of this installation."""

    async def work(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return await make_derivative(services, context, payload)

    async def mezzanine(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return await make_mezzanines(services, runner, context, payload)

    return {(QUEUE, DERIVE_JOB): work, (QUEUE, MEZZANINE_JOB): mezzanine}


def hooks() -> dict[tuple[str, str], HandlerHooks]:
    """Return what a failed or dead job tells."""

    async def retried(tx: AsyncConnection, failed: Execution, next_id: str, error: JobError) -> None:
        await tell_failed(tx, failed, error, retried_as=next_id)

    async def died(tx: AsyncConnection, dead: Execution, error: JobError) -> None:
        await tell_failed(tx, dead, error, retried_as=None)

    return {
        (QUEUE, DERIVE_JOB): HandlerHooks(
            on_retry=retried, on_dead=died, triage=named, facts=weigh, subject=("derivativeId",)
        ),
        (QUEUE, MEZZANINE_JOB): HandlerHooks(settled=render_goes_on),
    }
