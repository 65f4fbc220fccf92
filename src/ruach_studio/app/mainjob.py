"""Turn footage into published artifacts in one go: the main job, for the command line and the demo.

First everything is tried that can be tried without leaving a trace (files, folder, sync, room on the disk). Then the same
use cases as in the service run, under the local operator's name: session, sync, draft, approval, lock, and one render job
per format through the queue. Given the same footage again, it goes on where it stands.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ruach_studio.app.background import background
from ruach_studio.app.naming import session_of
from ruach_studio.app.outdir import check_room, check_writable
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.assembly.edl import CanonicalEDL, to_wire
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions, draft
from ruach_studio.assembly.usecases.footage import gather
from ruach_studio.assembly.usecases.hearing import Hearing
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile
from ruach_studio.assembly.usecases.run_to_lock import run_to_lock
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.media import check_ffmpeg
from ruach_studio.infra.queues import follow
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import MediaFailure, Unavailable
from ruach_studio.render.plan import plan_render
from ruach_studio.render.presets import FORMATS, preset_named
from ruach_studio.render.store.edls import NoLockedEdl
from ruach_studio.render.usecases.read_jobs import ShownJob, get_job
from ruach_studio.render.usecases.request_renders import request_renders

EVENT_PATIENCE_S = 30.0
Tell = Callable[[str, float, str], None]


@dataclass(frozen=True, slots=True)
class MainJob:
    """What to make of which files. `session_id` None: the session is named by its footage."""

    cameras: list[CameraFiles]
    out: Path
    options: DraftOptions
    session_id: str | None = None
    title: str = ""
    transcript: TranscriptFile | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What came out: the locked EDL, the sync behind it, and each format's job with its artifact."""

    session_id: str
    correlation_id: str
    edl: CanonicalEDL
    solution: SyncSolution
    renders: dict[str, ShownJob]


async def main_job(settings: Settings, job: MainJob, tell: Tell) -> Made:
    """Do the whole job. `tell(what, part, note)` hears how far each piece is. Raises RuachError; see `ruach run`."""
    await gather(job.cameras)
    store_dirs = [settings.store_dir] if settings.storage == "disk" else []
    for folder in (job.out, settings.data_dir, *store_dirs):
        check_writable(folder)
    await asyncio.to_thread(check_ffmpeg)
    session_id = job.session_id
    if session_id is None:
        session_id = await asyncio.to_thread(session_of, job.cameras)
    tell("listen", 0.0, "")
    scratch = settings.data_dir / "scratch"
    tried = await draft(
        session_id, job.cameras, job.options, scratch=scratch, progress=lambda s, p: tell("listen", p, s),
        hearing=lambda now: _tell_hearing(tell, now),
    )  # fmt: skip
    tell("listen", 1.0, "")
    wire = to_wire(replace(tried.edl, status="locked"))
    plans = [await in_long_thread(plan_render, wire, preset_named(name)) for name in FORMATS]
    for folder, copies in ((job.out, 1), (settings.data_dir, 3), *((folder, 1) for folder in store_dirs)):
        check_room(plans, folder, copies=copies)
    correlation_id = new_id()
    with bind(correlation_id=correlation_id, automation_id=new_id()):
        async with open_services(settings) as services, background(services):
            async with services.database.transaction() as tx:
                actor = (await ensure_local_operator(tx)).actor
            edl = await run_to_lock(
                services, session_id, job.cameras, job.options, actor=actor, title=job.title, transcript=job.transcript,
                tell=lambda step, part: tell("assemble", part, step),
            )  # fmt: skip
            tell("assemble", 1.0, "locked")
            renders = await _render(services, session_id, edl.version, actor, tell)
    return Made(session_id, correlation_id, edl, tried.solution, renders)


def _tell_hearing(tell: Tell, now: Hearing) -> None:
    """Say how far the listening is, and the file that is furthest behind; may be called from any thread."""
    behind = min(now.files, key=lambda file: file.part)
    left = "" if now.eta_s is None else f", {now.eta_s:.0f} s left"
    tell("listen", now.part, f"{behind.camera_id} {behind.part:.0%}{left}")


async def _render(services: Services, session_id: str, version: int, actor: str, tell: Tell) -> dict[str, ShownJob]:
    deadline = asyncio.get_running_loop().time() + EVENT_PATIENCE_S
    while True:
        try:
            asked = await request_renders(services, session_id, actor=actor, edl_version=version)
            break
        except NoLockedEdl:  # the event is on its way
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(
                    "the locked EDL did not reach render", subject=session_id, remedy="Run it again."
                ) from None
            await asyncio.sleep(0.1)
    ends = await asyncio.gather(*(_watch(services, each.job.format, each.job.render_job_id, tell) for each in asked))
    return dict(ends)


async def _watch(services: Services, format_name: str, job_id: str, tell: Tell) -> tuple[str, ShownJob]:
    """Follow a job, and the retries that take its place, to the end. Raises MediaFailure if it never completes."""
    while True:
        tell(format_name, 0.0, "waits")
        state: dict[str, object] = {}
        async for _, state in follow(services.database, job_id):
            progress = state.get("progress")
            if isinstance(progress, dict) and "progress" in progress:
                pace = progress.get("fps")
                tell(format_name, float(progress["progress"]), f"{progress['step']}" + (f" {pace:.0f} fps" if pace else ""))
        if state.get("state") == "completed":
            tell(format_name, 1.0, "published")
            return format_name, await get_job(services, job_id)
        following = state.get("retriedAs")
        if not isinstance(following, str):
            error = state.get("error")
            said = error.get("message") if isinstance(error, dict) else state.get("state")
            raise MediaFailure(f"rendering ended: {said}", subject=f"{format_name} (job {job_id})",
                               remedy="Mend the cause, then give the same command again.")  # fmt: skip
        job_id = following
