"""Turn render's use cases into the handlers and hooks that the queue's worker calls."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ruach_studio.infra.queues.port import Handler, HandlerHooks, JobContext
from ruach_studio.render.ports import RemotionRunner
from ruach_studio.render.usecases.clear_work import clear_work
from ruach_studio.render.usecases.fail_job import bury, plan_retry, settled, triage
from ruach_studio.render.usecases.process_job import process_job
from ruach_studio.render.usecases.request_renders import JOB_NAME, QUEUE
from ruach_studio.render.usecases.services import RenderServices
from ruach_studio.render.usecases.share_render import CHUNK_JOB, help_render, render_goes_on


def handlers(services: RenderServices, runner: RemotionRunner) -> dict[tuple[str, str], Handler]:
    """Return the handler of each (queue, job name); `runner` draws the pictures."""

    async def render(context: JobContext, _payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return await process_job(services, runner, context)

    async def chunk(context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        return await help_render(services, runner, context, payload)

    return {(QUEUE, JOB_NAME): render, (QUEUE, CHUNK_JOB): chunk}


def hooks(services: RenderServices) -> dict[tuple[str, str], HandlerHooks]:
    """Return what happens to a render job's row when its execution fails or dies, and what is cleared away after a crash."""
    clock = services.clock

    async def sweep() -> None:
        await clear_work(services)

    return {
        (QUEUE, JOB_NAME): HandlerHooks(
            on_retry=partial(plan_retry, clock=clock),
            on_dead=partial(bury, clock=clock),
            triage=triage,
            settled=settled,
            on_sweep=sweep,
            subject=("sessionId", "format"),
            version="edlVersion",
        ),
        (QUEUE, CHUNK_JOB): HandlerHooks(settled=render_goes_on),
    }
