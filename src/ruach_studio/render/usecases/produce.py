"""Turn a plan into a finished file in three steps that can each be repeated alone: preflight, draw, finish.

preflight refuses what cannot work before anything is written; draw makes the picture (or the still); finish lays, masters
and joins the sound. The queue's worker and the command line walk the same steps; only who remembers them differs.
"""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ruach_studio.infra.fonts import check_fonts
from ruach_studio.infra.media import check_filter, check_media
from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.render.plan import ClipRef, Decided, RenderPlan
from ruach_studio.render.ports import MediaChanged, OnProgress, Others, ReadsMezzanines, RemotionRunner, SharesWork, nobody
from ruach_studio.render.sidecars import ffmetadata
from ruach_studio.render.usecases.disk import check_room, disk_errors
from ruach_studio.render.usecases.join_film import join_film
from ruach_studio.render.usecases.lay_audio import lay_audio
from ruach_studio.render.usecases.master_audio import Mastered, master_audio
from ruach_studio.render.usecases.take_thumbnail import Offered, take_thumbnail

LENGTH_TOLERANCE_S = 0.25


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture without sound (or the finished still): the file, its SHA-256, what was decided and noted on the way."""

    path: Path
    sha256: str
    decided: tuple[Decided, ...] = ()
    offered: tuple[Offered, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """A file ready to be stored; `sound` is None for a still."""

    path: Path
    sha256: str
    sound: Mastered | None


async def preflight(plan: RenderPlan, workdir: Path) -> None:
    """Check media, permission and room, and what writing on the picture needs.

    Raises BadMedia (missing, unreadable, damaged), MediaChanged, NotWritable, OutOfSpace, FontMissing, FilterMissing.
    """
    if plan.lettering.on_picture:
        await asyncio.to_thread(check_fonts)
        await asyncio.to_thread(check_filter, "ass")
    await in_long_thread(_check_media, plan)
    await asyncio.to_thread(check_room, plan, workdir)


async def draw(
    plan: RenderPlan, runner: RemotionRunner, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event,
    others: Others = nobody, mezzanines: Path | None = None,
) -> Drawn:  # fmt: skip
    """Make the picture track, or for a still the picture itself. `others`: the formats that may share its decoding.

    `mezzanines`: the folder of what the formats share for a browser; None is one of this render's own.
    """
    with disk_errors(workdir):
        await asyncio.to_thread(workdir.mkdir, parents=True, exist_ok=True)
        if plan.preset.is_still:
            still = await take_thumbnail(plan, workdir / f"still.{plan.preset.extension}", cancelled)
            return Drawn(still.path, await in_long_thread(sha256_of, still.path), (still.decided,), still.offered)
        if isinstance(runner, SharesWork):
            picture = await runner.render(plan, workdir, on_progress, cancelled, others)
        elif isinstance(runner, ReadsMezzanines):
            picture = await runner.render(plan, workdir, on_progress, cancelled, mezzanines)
        else:
            picture = await runner.render(plan, workdir, on_progress, cancelled)
    return Drawn(picture.path, picture.sha256, notes=picture.notes)


async def finish(plan: RenderPlan, drawn: Drawn, workdir: Path, cancelled: asyncio.Event) -> Finished:
    """Give the picture its sound at the target loudness. A still passes through."""
    target = plan.preset.audio
    if target is None:
        return Finished(drawn.path, drawn.sha256, None)
    raw = workdir / "programme.f32"
    with disk_errors(workdir):
        try:
            await in_thread(partial(lay_audio, plan.audio, raw), cancelled)
            sound = await master_audio(raw, target, workdir / "sound.m4a", cancelled)
        finally:
            await asyncio.to_thread(raw.unlink, missing_ok=True)
        target_path = workdir / f"finished.{plan.preset.extension}"
        path = await join_film(
            drawn.path, sound.path, target_path, cancelled,
            frames=plan.frames, length_s=plan.duration_s, chapters=ffmetadata(plan),
        )  # fmt: skip
        return Finished(path, await in_long_thread(sha256_of, path), sound)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_media(plan: RenderPlan) -> None:
    needs: dict[str, tuple[ClipRef, bool, bool]] = {}
    for clip in plan.picture_clips:
        needs[clip.path] = (clip, False, True)
    for clip in plan.audio_clips:
        needs[clip.path] = (clip, True, needs.get(clip.path, (clip, False, False))[2])
    for path, (clip, need_audio, need_video) in needs.items():
        if not os.path.isabs(path):
            raise MediaChanged("the EDL names it by a relative path", subject=path, remedy="Assemble the session again.")
        info = check_media(path, need_audio=need_audio, need_video=need_video)
        if abs(info.local_duration_s - float(clip.duration_s)) > LENGTH_TOLERANCE_S:
            raise MediaChanged(
                f"it lasts {info.local_duration_s:.2f} s, the EDL was made from {float(clip.duration_s):.2f} s",
                subject=path, remedy="Put the original file back, or assemble the session again.",
            )  # fmt: skip
