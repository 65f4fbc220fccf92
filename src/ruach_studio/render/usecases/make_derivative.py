"""Turn a job of media-transcoding into a finished derivative and the news of it; a second run of the job makes it again.

What render tells (begun, made, failed) is published in the transaction that makes it true. The row that says how far it
is belongs to assembly, which hears of it. A job that an older release queued has the same payload, without `recipe`.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.derivative import DerivativeBegun, DerivativeFailed, DerivativeMade, Run
from ruach_studio.infra.media import check_media, resolve_under
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues import Execution, JobContext, JobError, chain_of, get_execution
from ruach_studio.infra.queues.report_progress import Reporter, until_cancelled
from ruach_studio.kernel.derivative import RECIPES, Kind, place_of
from ruach_studio.kernel.errors import Cancelled, Conflict, Unavailable
from ruach_studio.render.usecases.derive_files import Made, derivative_id, derive, removed_on_error
from ruach_studio.render.usecases.services import RenderServices

QUEUE = "media-transcoding"
DERIVE_JOB = "derive"


class SourceChanged(Conflict):
    """The file is not the one that was asked about."""

    code = "source_changed"


class RecipeUnknown(Unavailable):
    """This worker makes it in another way than was asked for; start one of the release that asks."""

    code = "recipe_unknown"


def root_of(services: RenderServices) -> Path:
    """Return the folder that holds every derivative."""
    return services.settings.data_dir / "derivatives"


async def make_derivative(services: RenderServices, context: JobContext, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run the job. Raises what `derive` raises, PathRefused, SourceChanged, RecipeUnknown, Cancelled."""
    name, kind = str(payload["derivativeId"]), _kind(payload)
    path = resolve_under(str(payload["path"]), services.settings.media_roots)
    async with services.database.transaction() as tx:
        await publish(tx, DerivativeBegun(await _open_run(tx, context.job_id)))
    if payload.get("recipe", RECIPES[kind]) != RECIPES[kind]:
        raise RecipeUnknown(f"it asks for recipe {payload['recipe']} of {kind}, ours is {RECIPES[kind]}", subject=name)
    await asyncio.to_thread(check_media, path, need_audio=False, need_video=False)  # a file that is gone is said to be
    if await asyncio.to_thread(derivative_id, path, kind) != name:
        raise SourceChanged("it was replaced meanwhile", subject=str(path), remedy="Ask for it again.")
    async with Reporter(context) as reporter:

        def tell(part: float, left_s: float | None) -> None:
            eta_s = None if left_s is None else round(left_s, 1)
            reporter.say(lambda: {"step": kind, "progress": round(part, 4), "etaSeconds": eta_s, "file": path.name})

        tell(0.0, None)
        made = await until_cancelled(derive(path, kind, root_of(services), tell), context.cancelled)
        await _tell_made(services, context.job_id, name, made)
        tell(1.0, 0.0)
    return {"derivativeId": name, "state": "ready"}


async def tell_failed(tx: AsyncConnection, failed: Execution, error: JobError, *, retried_as: str | None) -> None:
    """Tell why a run failed, and which one follows it."""
    told = {key: value for key, value in error.to_wire().items() if key != "traceback"}
    await publish(tx, DerivativeFailed(await _run_of(tx, failed), told, retried_as))


async def _tell_made(services: RenderServices, job_id: str, name: str, made: Made) -> None:
    with removed_on_error(made):
        async with services.database.transaction() as tx:
            await publish(tx, DerivativeMade(await _open_run(tx, job_id), place_of(name), made.facts))


async def _open_run(tx: AsyncConnection, job_id: str) -> Run:
    """Return the run, which cannot be cancelled until `tx` ends. Raises Cancelled if it has been."""
    execution = await get_execution(tx, job_id, lock=True)
    if execution is None or execution.state != "running":
        raise Cancelled("the job was cancelled", subject=job_id)
    return await _run_of(tx, execution)


async def _run_of(tx: AsyncConnection, execution: Execution) -> Run:
    payload = execution.payload
    before = [str(each["jobId"]) for each in await chain_of(tx, execution.job_id) if each["jobId"] != execution.job_id]
    name = str(payload.get("derivativeId"))
    return Run(str(payload.get("sessionId")), name, _kind(payload), execution.job_id, before)


def _kind(payload: Mapping[str, Any]) -> Kind:
    kind: Kind = payload["kind"]
    return kind
