"""Turn one queued render job into a published artifact: preflight, render, normalize, upload.

Each finished step is recorded with its file's checksum under (automation, format). A job that is taken up again (a crash, a
retry with a new id, another worker on the same disk) checks those files and starts after the last good one. One run at a
time works there: a retry of a cancelled run waits for its end, which removes the files. The last
transaction writes artifact, step, state, audit and event together, so that an artifact is announced exactly once.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruach_studio.events.render import RenderCompleted
from ruach_studio.infra import tracing
from ruach_studio.infra.audit import DecisionEntry, record_decisions
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues.port import JobContext
from ruach_studio.infra.storage.port import ChecksumMismatch, StoredObject
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.render.lifecycle import Step
from ruach_studio.render.plan import Decided, RenderPlan, plan_render
from ruach_studio.render.ports import Others, RemotionRunner
from ruach_studio.render.store import artifacts, candidates, edls, jobs, steps
from ruach_studio.render.store.artifacts import ArtifactRow
from ruach_studio.render.store.jobs import RenderJob
from ruach_studio.render.store.steps import DoneStep
from ruach_studio.render.usecases.await_mezzanines import await_mezzanines
from ruach_studio.render.usecases.find_subjects import Subjects
from ruach_studio.render.usecases.follow_progress import ProgressReporter
from ruach_studio.render.usecases.hold_folder import at_work_in, remove
from ruach_studio.render.usecases.keep_candidates import all_there, candidate_facts, put_candidates
from ruach_studio.render.usecases.produce import Drawn, draw, finish, preflight, sha256_of
from ruach_studio.render.usecases.put_sidecars import put_sidecars
from ruach_studio.render.usecases.read_presets import of_job
from ruach_studio.render.usecases.read_subjects import subjects_of_job, subjects_to_facts
from ruach_studio.render.usecases.services import RenderServices, work_folder
from ruach_studio.render.usecases.share_render import ask_for_help
from ruach_studio.render.usecases.waiting_formats import waiting_formats
from ruach_studio.render.usecases.withdraw import key_of, withdraw, withdraw_unannounced

WORKER = "worker:render"

log = get_logger(__name__)


async def process_job(services: RenderServices, runner: RemotionRunner, context: JobContext) -> Mapping[str, Any]:
    """Run the job of `context` to its end and return {outputUrl, …}. Raises whatever a step raises, or Cancelled."""
    async with services.database.connection() as conn:
        asked = await jobs.get(conn, context.job_id)
    async with at_work_in(work_folder(services, asked.automation_id, asked.format), context.cancelled) as folder:
        return await _process(services, runner, context, folder)


async def _process(services: RenderServices, runner: RemotionRunner, context: JobContext, folder: Path) -> Mapping[str, Any]:
    job = await _begin(services, context.job_id)
    if job.state == "completed":  # it was done, only the queue did not hear of it
        return await _answer(services, job)
    if job.state != "processing":
        raise Cancelled(f"it is {job.state}", subject=f"render job {job.render_job_id}")
    async with services.database.connection() as conn:
        wire = (await edls.get(conn, job.session_id, job.edl_version)).wire
        preset = await of_job(conn, job)
        began = (await steps.done(conn, job.automation_id, job.format)).get("preflight")
    subjects = await subjects_of_job(services, job.session_id, wire, preset, began, context.cancelled)
    plan = await in_long_thread(plan_render, wire, preset, places=subjects.places)
    plan = replace(plan, notes=plan.notes + subjects.notes)
    try:
        async with ProgressReporter(context) as report:
            others = waiting_formats(services, job, wire, plan)
            result = await _Run(services, runner, context, job, plan, subjects, folder, report, others).walk()
    finally:
        if context.cancelled.is_set():
            await remove(folder)  # the next run, if there is one, waits until this one lets go of it
    await remove(folder)
    return result


class _Run:
    """One walk through the steps."""

    def __init__(
        self, services: RenderServices, runner: RemotionRunner, context: JobContext, job: RenderJob, plan: RenderPlan,
        subjects: Subjects, folder: Path, report: ProgressReporter, others: Others,
    ) -> None:  # fmt: skip
        self._services, self._runner, self._context = services, runner, context
        self._job, self._plan, self._subjects = job, plan, subjects
        self._folder, self._report, self._others = folder, report, others
        self._notes = list(plan.notes)
        self._entered_ns = time.time_ns()

    async def walk(self) -> Mapping[str, Any]:
        """Do what is not done yet, in order."""
        async with self._services.database.connection() as conn:
            done = await steps.done(conn, self._job.automation_id, self._job.format)
        finished = await self._kept(done.get("normalize"))
        drawn = await self._kept(done.get("render")) if finished is None else None
        if (finished or drawn) and "render" in done:  # drawn by another run: what it had to work around holds for this one
            self._notes += done["render"].facts.get("notes", [])
        if finished is None:
            drawn = drawn or await self._draw()
            finished = await self._finish(Drawn(self._folder / drawn.file_name, drawn.sha256), drawn.facts)
        return await self._publish(finished)

    async def _draw(self) -> DoneStep:
        await self._enter("preflight")
        await preflight(self._plan, self._folder)
        facts: dict[str, Any] = {"plan": self._plan.fingerprint(), **subjects_to_facts(self._subjects)}
        await self._done(DoneStep("preflight", "", "", facts), self._subjects.decided)
        await self._enter("render")
        await ask_for_help(self._services, self._runner, self._job, self._plan.duration_s)
        drawing, stop = self._report.drawing, self._context.cancelled
        made = await await_mezzanines(self._services, self._runner, self._job, self._plan, self._report, stop)
        drawn = await draw(self._plan, self._runner, self._folder, drawing, stop, self._others, made)
        facts = {"frames": 1 if self._plan.preset.is_still else self._plan.frames, "runner": self._runner.name}
        facts |= await asyncio.to_thread(candidate_facts, drawn.offered)
        if drawn.notes:
            facts["notes"] = list(drawn.notes)
            self._notes += drawn.notes
        window = [self._plan.window] if self._plan.window and not self._plan.preset.is_still else []
        return await self._done(DoneStep("render", drawn.path.name, drawn.sha256, facts), [*window, *drawn.decided])

    async def _finish(self, drawn: Drawn, drawn_facts: Mapping[str, Any]) -> DoneStep:
        await self._enter("normalize")
        made = await finish(self._plan, drawn, self._folder, self._context.cancelled)
        facts = {name: drawn_facts[name] for name in ("candidates",) if name in drawn_facts}
        if made.sound is not None:
            facts = dict(made.sound.final.measured.to_facts())
            facts |= {"verdict": made.sound.decided.verdict.decision, "trials": made.sound.trials}
        step = DoneStep("normalize", made.path.name, made.sha256, facts)
        return await self._done(step, () if made.sound is None else (made.sound.decided,))

    async def _publish(self, finished: DoneStep) -> Mapping[str, Any]:
        await self._enter("upload")
        job, preset = self._job, self._plan.preset
        key = key_of(job, preset)
        await withdraw_unannounced(self._services, self._plan, job, finished.facts)
        stored = await self._put(key, self._folder / finished.file_name, preset.content_type)
        if stored.sha256 != finished.sha256:
            raise ChecksumMismatch("the store holds other bytes than were rendered", subject=key)
        files = await put_sidecars(self._plan, key, self._folder, self._put, self._services.store.delete)
        now = self._services.clock.now()
        artifact = ArtifactRow(
            job.render_job_id, job.session_id, job.format, job.edl_version, key, stored.url, preset.content_type,
            stored.size_bytes, stored.sha256, None if preset.is_still else round(self._plan.duration_s * 1000, 3),
            1 if preset.is_still else self._plan.frames, finished.facts.get("lufs"), finished.facts.get("truePeakDbtp"), now,
            files,
        )  # fmt: skip
        try:
            offered = await put_candidates(artifact, finished.facts, self._folder, self._put)
        except Cancelled:
            await withdraw(self._services, self._plan, key, finished.facts)
            raise
        async with self._services.database.transaction() as tx:
            current = await jobs.get(tx, job.render_job_id, lock=True)
            if current.state == "cancelled":  # nobody will ever hear of the objects
                await withdraw(self._services, self._plan, key, finished.facts)
            if current.state != "processing":
                raise Cancelled(f"it is {current.state}", subject=f"render job {job.render_job_id}")
            await artifacts.insert(tx, artifact)
            await candidates.insert(tx, offered)
            done = DoneStep("upload", key, stored.sha256, {"url": stored.url})
            await steps.record(tx, job.automation_id, job.format, job.render_job_id, done, now)
            await publish(tx, _completed(artifact))
            await jobs.move(tx, job.render_job_id, "completed", actor=WORKER, at=now)
        tracing.ended("render.step upload", self._entered_ns, {"format": job.format})
        log.info("render.completed", format=job.format, url=stored.url, size_bytes=stored.size_bytes)
        return result_of(artifact)

    async def _put(self, key: str, path: Path, content_type: str) -> StoredObject:
        """Store the file; a cancellation stops it at once and takes back what was stored."""
        store, cancelled = self._services.store, asyncio.ensure_future(self._context.cancelled.wait())
        storing = asyncio.ensure_future(store.put_file(key, path, content_type=content_type))
        try:
            await asyncio.wait({storing, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if storing.done():
                return storing.result()
        finally:
            for task in (storing, cancelled):
                task.cancel()
            await asyncio.gather(storing, cancelled, return_exceptions=True)
        await store.delete(key)
        raise Cancelled(subject=f"render job {self._job.render_job_id}")

    async def _enter(self, step: Step) -> None:
        if self._context.cancelled.is_set():
            raise Cancelled(subject=f"render job {self._job.render_job_id}")
        async with self._services.database.transaction() as tx:
            await jobs.note(tx, self._job.render_job_id, self._services.clock.now(), step=step, notes=self._notes)
        await self._report.begin(step)
        self._entered_ns = time.time_ns()
        log.info("render.step.started", step=step, format=self._job.format)

    async def _done(self, step: DoneStep, made: Sequence[Decided]) -> DoneStep:
        now = self._services.clock.now()
        subject = f"render:{self._job.session_id}/{self._job.format}/v{self._job.edl_version}"
        entries = [
            DecisionEntry(DecisionResult(d.verdict, now, self._context.correlation_id), subject, d.inputs) for d in made
        ]
        async with self._services.database.transaction() as tx:
            await steps.record(tx, self._job.automation_id, self._job.format, self._job.render_job_id, step, now)
            await record_decisions(tx, entries)
        tracing.ended(f"render.step {step.step}", self._entered_ns, {"format": self._job.format})
        log.info("render.step.finished", step=step.step, format=self._job.format)
        return step

    async def _kept(self, step: DoneStep | None) -> DoneStep | None:
        """Return a recorded step if its file is still there with the same bytes."""
        if step is None:
            return None
        path = self._folder / step.file_name
        good = await in_long_thread(
            lambda: path.is_file() and sha256_of(path) == step.sha256 and all_there(self._folder, step.facts)
        )
        return step if good else None


async def _begin(services: RenderServices, job_id: str) -> RenderJob:
    """Take the job to `processing`, or find it there (a run before this one died), or find it ended."""
    async with services.database.transaction() as tx:
        job = await jobs.get(tx, job_id, lock=True)
        if job.state != "queued":
            return job
        return await jobs.move(tx, job_id, "processing", actor=WORKER, at=services.clock.now())


async def _answer(services: RenderServices, job: RenderJob) -> Mapping[str, Any]:
    async with services.database.connection() as conn:
        return result_of((await artifacts.of_jobs(conn, [job.render_job_id]))[job.render_job_id])


def result_of(artifact: ArtifactRow) -> Mapping[str, Any]:
    """Return what the queue keeps as the job's result."""
    return {"outputUrl": artifact.url, "sha256": artifact.sha256, "sizeBytes": artifact.size_bytes}


def _completed(artifact: ArtifactRow) -> RenderCompleted:
    return RenderCompleted(
        artifact.session_id, artifact.render_job_id, artifact.edl_version, artifact.format, artifact.url,
        artifact.content_type, artifact.size_bytes, artifact.sha256, artifact.duration_ms, artifact.loudness_lufs,
        artifact.true_peak_dbtp, artifact.files,
    )  # fmt: skip
