"""Turn a session's render jobs into a list, and with --follow into bars that move until the last job has ended."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Annotated

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.infra.queues.progress import follow
from ruach_studio.kernel.errors import NotFound
from ruach_studio.render.entrypoints.progress import HELD, shown
from ruach_studio.render.entrypoints.schemas import job_out
from ruach_studio.render.lifecycle import ENDED
from ruach_studio.render.usecases.read_jobs import ShownJob, list_jobs


class NoRenderJobs(NotFound):
    """No render was asked for in this session."""

    code = "no_render_jobs"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("render-jobs")(render_jobs)


def render_jobs(
    session: Annotated[str, typer.Argument(help="The session.")],
    following: Annotated[bool, typer.Option("--follow", "-F", help="Show bars until every job has ended.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a list.")] = False,
) -> None:
    """List a session's render jobs, or follow them to their end (exit 1 if one of the newest failed for good)."""
    settings = local_settings()
    configure(settings)

    async def do() -> list[ShownJob]:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                if following:
                    await _follow(services, session, quiet=json)
                return await list_jobs(services, session)

    found = asyncio.run(do())
    if not found:
        raise NoRenderJobs(subject=f"session {session}", remedy="Lock its EDL, then ask for renders.")
    if json:
        show.print_json([job_out(each).model_dump(mode="json", by_alias=True) for each in found])
    else:
        for line in _lines(found):
            show.line(escape(line))
    newest: dict[str, ShownJob] = {}
    for each in found:
        newest.setdefault(each.job.format, each)
    if following and any(each.job.state == "dead-letter" for each in newest.values()):
        raise typer.Exit(1)


async def _follow(services: Services, session: str, *, quiet: bool) -> None:
    """Move one bar per format until nothing of the session waits or works; a retry moves its predecessor's bar on."""
    with show.Bars(quiet=quiet) as bars:
        watched: set[str] = set()
        while True:
            live = [each.job for each in await list_jobs(services, session)
                    if each.job.state not in (*ENDED, "failed") and each.job.render_job_id not in watched]  # fmt: skip
            if not live:
                return
            watched.update(job.render_job_id for job in live)
            await asyncio.gather(*(_one(services, job.render_job_id, job.format, bars) for job in live))


async def _one(services: Services, job_id: str, name: str, bars: show.Bars) -> None:
    async with aclosing(follow(services.database, job_id)) as changes:  # type: ignore[type-var]
        async for _, state in changes:
            view = shown(job_id, state)
            note = view["message"] if view["status"] == "processing" else view["status"]  # the list after it says why
            bars.update(name, view["progress"], note)


def _lines(found: list[ShownJob]) -> Iterator[str]:
    for each in found:
        job = each.job
        again = f", attempt {job.attempt}" if job.attempt > 1 else ""
        yield f"{job.format:<12} {job.state:<12} {job.render_job_id}{again}"
        if each.artifact:
            yield f"    {each.artifact.url}"
        if job.error:
            yield f"    {job.error.get('message', '')}"
        if each.held:
            yield f"    {HELD}"
        yield from (f"    {note}" for note in job.notes)
