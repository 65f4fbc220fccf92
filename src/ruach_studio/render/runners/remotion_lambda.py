"""Turn a render plan into a picture track with Remotion Lambda: sources up, one render, its file down, counted.

The output's key in the bucket is the hash of everything that shapes the picture, and the render's id is kept in the working
folder as soon as there is one. So a job that is taken up again goes on waiting for the render that is paid for, or finds
its file; it starts no second one. A file that is there counts as done, whatever the progress says: Remotion is known to
lose its last progress report. A render that died and a file that is not the plan's are forgotten at once, so that the next
attempt begins anew. Money is asked for before the start and settled after it (`LambdaBudget`).
"""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.media import FfmpegStalled, run
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import Cancelled, MediaFailure, RuachError
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.ports import LambdaBudget, OnProgress, RenderedPicture, RenderProgress
from ruach_studio.render.runners.encode import FrameCountWrong, count_frames
from ruach_studio.render.runners.kept import sha256_of
from ruach_studio.render.runners.lambda_client import LambdaClient, LambdaPlace
from ruach_studio.render.runners.lambda_errors import LambdaTimeout, LambdaUnreachable, classified
from ruach_studio.render.runners.output import timescale
from ruach_studio.render.runners.remotion_props import props_of
from ruach_studio.render.runners.remotion_site import fonts
from ruach_studio.render.runners.remotion_source import MezzanineReader, Readable

POLL_S = 1.0
FRAME_TIMEOUT_MS = 120_000
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Render:
    """A render that was started, as the working folder remembers it."""

    key: str
    render_id: str


class RemotionLambdaRunner(MezzanineReader):
    """Renders on AWS Lambda. `patience_s` is how long a render may take as a whole, `frames` how many one function draws."""

    name = "lambda"

    def __init__(
        self, place: LambdaPlace, budget: LambdaBudget, *, frames: int | None = None, patience_s: float = 900.0
    ) -> None:
        """Take where to render and who guards the money. Raises LambdaClientMissing."""
        super().__init__()
        self._client, self._budget = LambdaClient(place), budget
        self._place, self._frames, self._patience_s = place, frames, patience_s

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event,
        mezzanines: Path | None = None,
    ) -> RenderedPicture:  # fmt: skip
        """See `ReadsMezzanines.render`. Raises the errors of lambda_errors.py, RenderingDisabled, CostCapExceeded too."""
        if plan.preset.video is None:
            raise ValueError(f"{plan.preset.name} is a still; a runner makes video")
        await asyncio.to_thread(workdir.mkdir, parents=True, exist_ok=True)
        files = await self.readable(plan, mezzanines or workdir / "mezzanines", workdir / "joined", cancelled)
        key = self._key(plan, files)
        note = workdir / "lambda.json"
        started = await asyncio.to_thread(_noted, note, key)
        if not await asyncio.to_thread(self._client.exists, key):
            if started is None:
                started = await self._start(plan, files, key, note, cancelled)
            await self._wait(started, plan, note, on_progress, cancelled)
        elif started is not None:  # it ended while nobody looked
            await self._budget.settle(key, (await asyncio.to_thread(self._client.progress, started.render_id)).cost_usd)
        picture = await self._fetch(plan, key, note, workdir, cancelled)
        on_progress(RenderProgress(plan.frames, plan.frames, 0.0, 0.0))
        await self._forget(key, note)
        return picture

    async def _forget(self, key: str, note: Path) -> None:
        """Remove the note, then the file: the other way round, a death between the two leaves a wait for what is gone."""
        await asyncio.to_thread(note.unlink, missing_ok=True)
        await asyncio.to_thread(self._client.delete, key)

    async def _start(
        self, plan: RenderPlan, files: Mapping[str, Readable], key: str, note: Path, cancelled: asyncio.Event
    ) -> _Render:
        await self._budget.reserve(key, plan.session_id, plan.preset.name, plan.duration_s)
        try:
            seen = {}
            for path, file in files.items():
                _check(cancelled)
                name = f"ruach-sources/{inputs_hash(file.identity)}{file.path.suffix.lower()}"
                seen[path] = file.at(await in_long_thread(self._client.upload, file.path, name))
            _check(cancelled)
            props = props_of(plan, seen, fonts()).wire()
            render_id = await asyncio.to_thread(self._client.start, props, key, self._encode(plan))
        except (LambdaTimeout, LambdaUnreachable):
            raise  # it may have begun for all we know: what was set aside stays so
        except BaseException:
            await self._budget.settle(key, 0.0)
            raise
        started = _Render(key, render_id)
        await asyncio.to_thread(_remember, note, started)
        log.info("lambda.render.started", render_id=render_id, key=key, frames=plan.frames)
        return started

    async def _wait(
        self, started: _Render, plan: RenderPlan, note: Path, on_progress: OnProgress, cancelled: asyncio.Event
    ) -> None:
        """Wait until the render's file is there; one that died loses its note. The cost is settled however this ends."""
        began, cost = time.monotonic(), 0.0
        try:
            while True:
                if cancelled.is_set():
                    await asyncio.to_thread(self._client.cancel, started.render_id)
                    raise Cancelled("the render on Lambda was told to stop", subject=started.render_id)
                seen = await asyncio.to_thread(self._client.progress, started.render_id)
                cost = max(cost, seen.cost_usd)
                elapsed = time.monotonic() - began
                fps = seen.frames / elapsed if elapsed > 0 else 0.0
                frames = min(seen.frames, plan.frames)
                on_progress(
                    RenderProgress(frames, plan.frames, round(fps, 1), (plan.frames - frames) / fps if fps else None)
                )
                if seen.done:
                    return
                if seen.fatal is not None or elapsed > self._patience_s:
                    if await asyncio.to_thread(self._client.exists, started.key):
                        log.warning("lambda.progress.lost", render_id=started.render_id, said=seen.fatal)
                        return
                    if seen.fatal is not None:
                        await asyncio.to_thread(note.unlink, missing_ok=True)
                    raise _ended(seen.fatal, started.render_id, self._patience_s)
                await _sleep(cancelled)
        finally:
            await self._budget.settle(started.key, cost)

    async def _fetch(
        self, plan: RenderPlan, key: str, note: Path, workdir: Path, cancelled: asyncio.Event
    ) -> RenderedPicture:
        raw, part = (workdir / f"picture.{token_hex(4)}.{kind}" for kind in ("raw", "part"))
        target = workdir / "picture.mp4"
        try:
            await in_long_thread(self._client.download, key, raw)
            try:
                await run([*_exact(raw, plan.rate), str(part)], cancelled=cancelled)
                frames = await in_long_thread(count_frames, part)
                if frames != plan.frames:
                    raise FrameCountWrong(f"{frames} frames from Lambda, {plan.frames} planned", subject=key)
            except FfmpegStalled:
                raise  # this machine's fault, not the file's
            except MediaFailure:
                await self._forget(key, note)
                raise
            await asyncio.to_thread(os.replace, part, target)
        finally:
            for path in (raw, part):
                await asyncio.to_thread(path.unlink, missing_ok=True)
        return RenderedPicture(target, frames, await in_long_thread(sha256_of, target))

    def _key(self, plan: RenderPlan, files: Mapping[str, Readable]) -> str:
        props = props_of(plan, {path: file.at(file.identity) for path, file in files.items()}, fonts()).wire()
        identity = ["lambda-1", self._place.site, self._place.function, self._encode(plan), props]
        return f"ruach-renders/{plan.session_id}/{inputs_hash(identity)[:32]}.mp4"

    def _encode(self, plan: RenderPlan) -> dict[str, Any]:
        codec = plan.preset.video
        if codec is None:
            raise ValueError(f"{plan.preset.name} is a still")
        return {
            "crf": codec.crf, "x264_preset": codec.speed, "pixel_format": codec.pixel_format,
            "gop_size": round_half_up(codec.gop_s * plan.rate.value), "frames_per_lambda": self._frames,
            "timeout_in_milliseconds": FRAME_TIMEOUT_MS,
        }  # fmt: skip


def _exact(raw: Path, rate: FrameRate) -> list[str]:
    """Copy the packets with their stamps on the exact grid: Remotion knows 30000/1001 only as a decimal."""
    grid = "round({stamp}*TB*{rate})/({rate})/TB_OUT"
    stamps = ":".join(f"{name}='{grid.format(stamp=name.upper(), rate=rate)}'" for name in ("pts", "dts"))
    ticks = timescale(rate)
    return [
        "-i", str(raw), "-map", "0:v:0", "-c", "copy", "-bsf:v", f"setts={stamps}:time_base=1/{ticks}",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-video_track_timescale", str(ticks), "-f", "mp4", "-y",
    ]  # fmt: skip


def _ended(fatal: str | None, render_id: str, patience_s: float) -> RuachError:
    if fatal is not None:
        return classified(fatal, subject=render_id)
    remedy = "Raise RUACH_LAMBDA_PATIENCE_S, or look for a stuck function in CloudWatch"
    return LambdaTimeout(f"it was not finished after {patience_s:.0f} s", subject=render_id, remedy=remedy)


def _check(cancelled: asyncio.Event) -> None:
    if cancelled.is_set():
        raise Cancelled("cancelled before the render on Lambda began", subject="lambda")


async def _sleep(cancelled: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(cancelled.wait(), POLL_S)
    except TimeoutError:
        return


def _remember(note: Path, started: _Render) -> None:
    part = note.with_suffix(".part")
    part.write_text(json.dumps({"key": started.key, "renderId": started.render_id}))
    os.replace(part, note)


def _noted(note: Path, key: str) -> _Render | None:
    """Return the render that was started for exactly this output, if any was."""
    if not note.is_file():
        return None
    facts = json.loads(note.read_text())
    return _Render(key, facts["renderId"]) if facts["key"] == key else None
