"""Turn a locked EDL into finished files in a folder, in the foreground: no database, no queue, no service.

The same plan and the same steps as the queue's worker. Every format is checked before the first is drawn. A finished file
appears under its name at once or not at all; after an error or an interrupt the folder holds no half-made work. Work that
was killed (power, kill -9) is taken up again after its last finished chunk.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from ruach_studio.infra.media import check_ffmpeg
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.decision import Verdict
from ruach_studio.render.lettering_style import LetteringStyle
from ruach_studio.render.lifecycle import Step
from ruach_studio.render.loudness import Measurement
from ruach_studio.render.plan import Decided, RenderPlan, plan_render
from ruach_studio.render.ports import Beside, Others, RemotionRunner, RenderProgress
from ruach_studio.render.presets import Preset, preset_named
from ruach_studio.render.sidecars import sidecars
from ruach_studio.render.usecases.alone import alone_in
from ruach_studio.render.usecases.disk import disk_errors, has_room
from ruach_studio.render.usecases.find_subjects import Subjects, find_subjects
from ruach_studio.render.usecases.produce import Finished, draw, finish, preflight
from ruach_studio.render.usecases.services import MEZZANINES

WORK_FOLDER = ".ruach-render"


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far one format is: `part` of its current step in [0, 1]; pace and time left while pictures are drawn."""

    format: str
    step: Step
    part: float
    fps: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """One finished file. `verdicts` are the decisions taken for it; `notes` say what the plan had to work around.

    `files` lie beside it: <format>.captions.vtt, .captions.srt and .chapters.vtt, as far as there is something to write.
    """

    format: str
    path: Path
    content_type: str
    size_bytes: int
    sha256: str
    frames: int
    duration_s: float
    loudness: Measurement | None
    verdicts: tuple[Verdict[str], ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...] = ()


OnFileProgress = Callable[[FileProgress], None]


async def render_files(
    edl_wire: Mapping[str, object],
    formats: Sequence[str],
    out_dir: Path,
    on_progress: OnFileProgress,
    *,
    runner: RemotionRunner,
    cancelled: asyncio.Event | None = None,
    places: Mapping[str, Fraction] | None = None,
    others: Sequence[Preset] = (),
    lettering: Callable[[LetteringStyle], LetteringStyle] = lambda style: style,
) -> list[Artifact]:
    """Render `formats` of a locked EDL (wire form) to `out_dir`/<format>.<extension>, in order.

    `places` says where the subjects of cameras stand (the rule finds the others), `others` are formats besides the four,
    `lettering` may change what a format shows in writing.

    Raises FfmpegMissing, UnknownFormat, EdlNotLocked, EdlUnreadable, BadMedia, MediaChanged, NotWritable, OutOfSpace,
    FolderInUse (another run renders into it), MediaFailure and Cancelled.
    """
    stop = cancelled or asyncio.Event()
    presets = [preset_named(name, others) for name in dict.fromkeys(formats)]
    presets = [replace(preset, lettering=lettering(preset.lettering)) for preset in presets]
    await asyncio.to_thread(check_ffmpeg)
    subjects = await find_subjects(edl_wire, presets, places or {}, stop)
    plans = [await in_long_thread(_planned, edl_wire, preset, subjects) for preset in presets]
    work = out_dir / WORK_FOLDER
    made_folder = not await asyncio.to_thread(out_dir.exists)
    done = False
    held = ExitStack()
    with disk_errors(out_dir):
        held.enter_context(alone_in(work))
    try:
        for plan in plans:
            on_progress(FileProgress(plan.preset.name, "preflight", 0.0))
            await preflight(plan, work)
            on_progress(FileProgress(plan.preset.name, "preflight", 1.0))
        artifacts = []
        for i, plan in enumerate(plans):
            beside = _following(plans[i:], work)
            artifacts.append(await _one(plan, subjects, runner, out_dir, work, on_progress, stop, beside))
        done = True
        return artifacts
    finally:
        await asyncio.to_thread(_tidy, work, None if done or not made_folder else out_dir)
        held.close()


def _planned(edl_wire: Mapping[str, object], preset: Preset, subjects: Subjects) -> RenderPlan:
    plan = plan_render(edl_wire, preset, places=subjects.places)
    return replace(plan, notes=plan.notes + subjects.notes) if preset.follows_subject else plan


def _folder(work: Path, plan: RenderPlan) -> Path:
    return work / f"{plan.preset.name}-{plan.fingerprint()[:12]}"


def _following(plans: Sequence[RenderPlan], work: Path) -> Others:
    """Return what tells which videos come after the first of `plans`; none where the disk has no room for all at once."""
    videos = [plan for plan in plans if not plan.preset.is_still]
    following = [Beside(plan, _folder(work, plan)) for plan in videos if plan is not plans[0]]

    async def others() -> Sequence[Beside]:
        return following if await asyncio.to_thread(has_room, videos, work) else ()

    return others


async def _one(
    plan: RenderPlan, subjects: Subjects, runner: RemotionRunner, out_dir: Path, work: Path, report: OnFileProgress,
    cancelled: asyncio.Event, others: Others,
) -> Artifact:  # fmt: skip
    name = plan.preset.name
    folder = _folder(work, plan)

    def drawing(progress: RenderProgress) -> None:
        report(FileProgress(name, "render", progress.frames / progress.total_frames, progress.fps, progress.eta_s))

    drawn = await draw(plan, runner, folder, drawing, cancelled, others, work / MEZZANINES)
    report(FileProgress(name, "render", 1.0))
    report(FileProgress(name, "normalize", 0.0))
    finished = await finish(plan, drawn, folder, cancelled)
    report(FileProgress(name, "normalize", 1.0))
    target = out_dir / f"{name}.{plan.preset.extension}"
    with disk_errors(out_dir):
        await asyncio.to_thread(os.replace, finished.path, target)
        await asyncio.to_thread(partial(shutil.rmtree, folder, ignore_errors=True))
        beside = await asyncio.to_thread(_write_beside, plan, out_dir)
        size = (await asyncio.to_thread(target.stat)).st_size
    report(FileProgress(name, "upload", 1.0))
    placed = subjects.decided if plan.preset.follows_subject else ()
    made = _artifact(plan, finished, target, size, (*placed, *drawn.decided))
    return replace(made, files=beside)


def _write_beside(plan: RenderPlan, out_dir: Path) -> tuple[Path, ...]:
    """Write captions and chapters, each whole or not at all."""
    written = []
    for each in sidecars(plan):
        path = out_dir / f"{plan.preset.name}.{each.name}"
        part = path.with_name(path.name + ".part")
        part.write_text(each.text, "utf-8")
        os.replace(part, path)
        written.append(path)
    return tuple(written)


def _artifact(plan: RenderPlan, made: Finished, path: Path, size: int, drawn: tuple[Decided, ...]) -> Artifact:
    still, sound = plan.preset.is_still, made.sound
    decided = [plan.window if not still else None, *drawn, None if sound is None else sound.decided]
    return Artifact(
        plan.preset.name, path, plan.preset.content_type, size, made.sha256, 1 if still else plan.frames,
        0.0 if still else plan.duration_s, None if sound is None else sound.final.measured,
        tuple(d.verdict for d in decided if d is not None), plan.notes,
    )  # fmt: skip


def _tidy(work: Path, fresh_folder: Path | None) -> None:
    """Remove the working folder, and the output folder too if this run made it and it stayed empty."""
    shutil.rmtree(work, ignore_errors=True)
    if fresh_folder is not None and fresh_folder.is_dir() and not any(fresh_folder.iterdir()):
        fresh_folder.rmdir()
