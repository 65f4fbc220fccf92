"""Turn a render plan into a picture track with FFmpeg: chunks encoded side by side, checked, then joined by copying.

Two encoders of one thread each beat one encoder of two threads, and give the same bytes every time. A finished chunk
stays in the working folder with its checksum; a job that was killed goes on after it. A chunk counts as finished only
when FFmpeg ended with 0 *and* the file holds exactly the planned number of frames (a terminated FFmpeg leaves a playable,
shorter file).
"""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from ruach_studio.infra.media import probe, run
from ruach_studio.kernel.errors import Cancelled, MediaFailure
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.ports import OnProgress, RenderedPicture, RenderProgress
from ruach_studio.render.presets import VideoCodec
from ruach_studio.render.runners.at_once import all_of, forward
from ruach_studio.render.runners.burn_in import BurnIn, unlettered
from ruach_studio.render.runners.chunks import Chunk
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.footage import Footage, read_footage
from ruach_studio.render.runners.graph import build_graph
from ruach_studio.render.runners.kept import is_kept, keep, sha256_of
from ruach_studio.render.runners.smart_copy import Copied, Parted, part, scheduled
from ruach_studio.render.runners.splice import NotSpliced, Piece, splice

# A frame that cannot be decoded holds the one before; more than this part of a chunk is no longer a blemish but a bad file.
MAX_ERROR_RATE = "0.02"
_LOOK_AGAIN_S = 0.25  # while another process encodes a chunk
_ENGINE = "ffmpeg-2"  # part of a chunk's key: raise it when the same plan would give other bytes


class FrameCountWrong(MediaFailure):
    """FFmpeg wrote another number of frames than planned."""

    code = "frame_count_wrong"


class FfmpegRunner:
    """Renders on this machine. `workers` encoders run at a time, one thread each."""

    name = "ffmpeg"

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event
    ) -> RenderedPicture:
        """See `RemotionRunner.render`."""
        codec = plan.preset.video
        if codec is None:
            raise ValueError(f"{plan.preset.name} is a still; a runner makes video")
        folder = workdir / "chunks"
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        media = await asyncio.to_thread(_facts, plan, folder)
        if codec.smart_copy:
            parted = await asyncio.to_thread(part, plan, media)
            try:
                return await self._draw(plan, codec, parted, media, workdir, on_progress, cancelled)
            except NotSpliced as error:
                whole = Parted(plan.segments, (f"everything is encoded: {error}",))
        else:
            whole = Parted(plan.segments, ())
        return await self._draw(plan, codec, whole, media, workdir, on_progress, cancelled)

    async def assist(self, plan: RenderPlan, workdir: Path, cancelled: asyncio.Event) -> int:
        """Encode what a render of `plan` in `workdir` (another process's) has not begun, the last chunk first.

        Returns how many chunks that were. See `SharesWork.assist`.
        """
        codec, folder = plan.preset.video, workdir / "chunks"
        if codec is None or not await asyncio.to_thread(folder.is_dir):
            return 0
        media = await asyncio.to_thread(_facts, plan, folder)
        job = _Job(plan, codec, media, folder, lambda _: None, cancelled, 0)
        parted = await asyncio.to_thread(part, plan, media) if codec.smart_copy else Parted(plan.segments, ())
        made = 0
        for item in reversed(scheduled(parted.parts, plan.rate)):
            if isinstance(item, Chunk) and not await asyncio.to_thread(is_kept, job.path(item), item.frames):
                made += await job.encode_if_free(item)
        return made

    async def _draw(
        self, plan: RenderPlan, codec: VideoCodec, parted: Parted, media: dict[str, Footage], workdir: Path,
        on_progress: OnProgress, cancelled: asyncio.Event,
    ) -> RenderedPicture:  # fmt: skip
        work = scheduled(parted.parts, plan.rate)
        stop = asyncio.Event()
        job = _Job(plan, codec, media, workdir / "chunks", on_progress, stop, parted.copied_frames)
        watch = asyncio.create_task(forward(cancelled, stop))
        try:
            chunks = [item for item in work if isinstance(item, Chunk)]
            await all_of([job.begin(chunk) for chunk in chunks], self._workers, stop)
            await all_of([job.encode(chunk) for chunk in job.elsewhere], self._workers, stop)
        finally:
            watch.cancel()
        target = workdir / "picture.mp4"
        if parted.copied_frames:
            pieces = [job.piece(item) for item in work]
            await asyncio.to_thread(splice, pieces, target, plan.rate, _timescale(plan.rate))
        else:
            await _join([(job.path(chunk), chunk.frames) for chunk in chunks], target, plan.rate, cancelled)
        frames = await asyncio.to_thread(_count, target)
        if frames != plan.frames:
            raise FrameCountWrong(f"{frames} frames after joining, {plan.frames} planned", subject=str(target))
        return RenderedPicture(target, frames, await asyncio.to_thread(sha256_of, target), parted.notes)


class _Job:
    """One render: what its chunks share, and the count of frames written."""

    def __init__(
        self,
        plan: RenderPlan,
        codec: VideoCodec,
        media: dict[str, Footage],
        folder: Path,
        on_progress: OnProgress,
        stop: asyncio.Event,
        copied_frames: int,
    ) -> None:
        self._plan, self._codec, self._media, self._folder = plan, codec, media, folder
        self._on_progress, self._stop = on_progress, stop
        self._burn_in = BurnIn(plan)
        self._written: dict[int, int] = {-1: copied_frames}
        self._reused = copied_frames
        self.elsewhere: list[Chunk] = []
        self._began = time.monotonic()

    def path(self, chunk: Chunk) -> Path:
        """Return the finished chunk's path: its name holds the hash of everything that shapes its bytes."""
        plan = self._plan
        files = sorted({s.clip.path for s in chunk.segments if s.clip is not None})
        identity = [(path, os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in files]
        key = inputs_hash([_ENGINE, chunk, plan.rate, unlettered(plan.preset), identity, *self._burn_in.key(chunk)])
        return self._folder / f"{chunk.index:04d}-{key[:16]}.mp4"

    def piece(self, item: Chunk | Copied) -> Piece:
        """Return where the pictures of `item` are."""
        if isinstance(item, Chunk):
            return Piece(self.path(item), 0, item.frames)
        info = self._media[item.clip.path].info
        return Piece(Path(info.path), item.first, item.segment.frames, info.local_zero_s)

    async def begin(self, chunk: Chunk) -> None:
        """Write the chunk, or note that another process is at it."""
        if not await self.encode_if_free(chunk):
            self.elsewhere.append(chunk)

    async def encode(self, chunk: Chunk) -> None:
        """See to it that the chunk is there, complete: write it, or wait while another process does."""
        while not await self.encode_if_free(chunk):
            if self._stop.is_set():
                raise Cancelled("the render was cancelled", subject=f"chunk {chunk.index}")
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def encode_if_free(self, chunk: Chunk) -> bool:
        """Write the chunk unless it is there; False where another process is at it."""
        path = self.path(chunk)
        with claimed(path) as mine:
            kept = await asyncio.to_thread(is_kept, path, chunk.frames)
            if kept:
                self._reused += chunk.frames
                self._report(chunk, chunk.frames)
            elif mine:
                await self._encode(chunk, path)
        return kept or mine

    async def _encode(self, chunk: Chunk, path: Path) -> None:
        part = path.with_suffix(f".{token_hex(4)}.part")  # a killed run's FFmpeg may still be writing to its own
        graph = build_graph(chunk.segments, self._plan.rate, self._plan.preset, self._media)
        text = await asyncio.to_thread(self._burn_in.graph, chunk, graph.text, path)
        try:
            picture = ["-filter_complex", text, "-map", "[v]", *self._encoder(), str(part)]
            await run(
                ["-max_error_rate", MAX_ERROR_RATE, *graph.inputs, *picture],
                on_progress=lambda progress: self._report(chunk, progress.frame),
                cancelled=self._stop,
            )
            frames = await asyncio.to_thread(_count, part)
            if frames != chunk.frames:
                raise FrameCountWrong(f"{frames} frames, {chunk.frames} planned", subject=f"chunk {chunk.index}")
            await asyncio.to_thread(keep, part, path, frames)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        self._report(chunk, chunk.frames)

    def _encoder(self) -> list[str]:
        codec, rate = self._codec, self._plan.rate
        gop = str(round_half_up(codec.gop_s * rate.value))
        return [
            "-c:v", codec.encoder, "-preset", codec.speed, "-crf", str(codec.crf), "-pix_fmt", codec.pixel_format,
            "-threads", "1", "-g", gop, "-flags", "+cgop+bitexact", "-r", str(rate), "-map_metadata", "-1",
            "-fflags", "+bitexact", "-video_track_timescale", str(_timescale(rate)), "-f", "mp4", "-y",
        ]  # fmt: skip

    def _report(self, chunk: Chunk, frames: int) -> None:
        self._written[chunk.index] = max(self._written.get(chunk.index, 0), min(frames, chunk.frames))
        done, total = sum(self._written.values()), self._plan.frames
        fresh, elapsed = done - self._reused, time.monotonic() - self._began
        fps = fresh / elapsed if elapsed > 0 else 0.0
        self._on_progress(RenderProgress(done, total, round(fps, 1), (total - done) / fps if fps > 0 else None))


async def _join(parts: Sequence[tuple[Path, int]], target: Path, rate: FrameRate, cancelled: asyncio.Event) -> Path:
    """Copy the chunks' packets one after another. Names in the list are our own (digits, hex), so they need no escape.

    Each length is told: an MP4 states its own in rounded milliseconds, and an hour of chunks would end frames early.
    """
    listing, part = target.with_suffix(".txt"), target.with_suffix(f".{token_hex(4)}.part")
    lines, at = [], 0
    for path, frames in parts:
        start, at = at, at + frames
        length_us = round(rate.seconds(at) * 1_000_000) - round(rate.seconds(start) * 1_000_000)
        lines.append(f"file 'chunks/{path.name}'\nduration {length_us}us\n")
    await asyncio.to_thread(listing.write_text, "".join(lines))
    arguments = ["-f", "concat", "-safe", "1", "-i", str(listing), "-c", "copy", "-fflags", "+bitexact"]
    arguments += ["-video_track_timescale", str(_timescale(rate)), "-movflags", "+faststart", "-f", "mp4", "-y", str(part)]
    try:
        await run(arguments, cancelled=cancelled)
        await asyncio.to_thread(os.replace, part, target)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return target


def _facts(plan: RenderPlan, scratch: Path) -> dict[str, Footage]:
    return {clip.path: read_footage(clip.path, scratch) for clip in plan.picture_clips}


def _timescale(rate: FrameRate) -> int:
    """Return ticks per second in which every frame lasts a whole number of ticks."""
    return rate.value.numerator * (1 if rate.value.numerator >= 1000 else 1000)


def _count(path: Path) -> int:
    video = probe(path).video
    return 0 if video is None else video.frame_count or 0
