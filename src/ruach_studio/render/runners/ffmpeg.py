"""Turn a render plan into a picture track with FFmpeg: chunks encoded side by side, checked, then joined by copying.

Two encoders of one thread each beat one encoder of two threads, and give the same bytes every time. A finished chunk
stays in the working folder with its checksum; a job that was killed goes on after it. What a chunk shows is encoded in
the same run for the formats that wait (beside.py), each into its own folder.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.kernel.errors import Cancelled, RuachError
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.ports import OnProgress, Others, RenderedPicture, RenderProgress, nobody
from ruach_studio.render.runners.at_once import Seats, all_of, forward
from ruach_studio.render.runners.beside import Twins
from ruach_studio.render.runners.chunks import Chunk
from ruach_studio.render.runners.claims import claimed
from ruach_studio.render.runners.encode import Drawing, FrameCountWrong, count_frames, encode
from ruach_studio.render.runners.footage import Footage, read_footage
from ruach_studio.render.runners.join_chunks import join_chunks
from ruach_studio.render.runners.kept import is_kept, sha256_of
from ruach_studio.render.runners.output import Output, timescale
from ruach_studio.render.runners.smart_copy import Copied, Parted, part, scheduled
from ruach_studio.render.runners.splice import NotSpliced, Piece, splice

_LOOK_AGAIN_S = 0.25  # while another process encodes a chunk


class FfmpegRunner:
    """Renders on this machine. `workers` encoders run at a time, one thread each; a run that has more of them runs alone."""

    name = "ffmpeg"

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event, others: Others = nobody
    ) -> RenderedPicture:
        """See `SharesWork.render`."""
        output = Output(plan, workdir / "chunks")
        await asyncio.to_thread(output.folder.mkdir, parents=True, exist_ok=True)
        media = await asyncio.to_thread(_facts, plan, output.folder)
        twins = Twins(plan, others)
        if output.codec.smart_copy:
            parted = await in_long_thread(part, plan, media)
            try:
                return await self._draw(output, twins, parted, media, on_progress, cancelled)
            except NotSpliced as error:
                whole = Parted(plan.segments, (f"everything is encoded: {error}",))
        else:
            whole = Parted(plan.segments, ())
        return await self._draw(output, twins, whole, media, on_progress, cancelled)

    async def assist(self, plan: RenderPlan, workdir: Path, cancelled: asyncio.Event, others: Others = nobody) -> int:
        """Encode what a render of `plan` in `workdir` (another process's) has not begun, the last chunk first.

        Returns how many chunks that were. See `SharesWork.assist`.
        """
        folder = workdir / "chunks"
        if plan.preset.is_still or not await asyncio.to_thread(folder.is_dir):
            return 0
        output = Output(plan, folder)
        media = await asyncio.to_thread(_facts, plan, folder)
        job = _Job(output, Twins(plan, others), Seats(self._workers), media, lambda _: None, cancelled, 0)
        smart = output.codec.smart_copy
        parted = await in_long_thread(part, plan, media) if smart else Parted(plan.segments, ())
        made = 0
        for item in reversed(scheduled(parted.parts, plan.rate)):
            if isinstance(item, Chunk) and not await asyncio.to_thread(is_kept, output.path(item), item.frames):
                made += await job.encode_if_free(item)
        return made

    async def _draw(
        self, output: Output, twins: Twins, parted: Parted, media: dict[str, Footage], on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> RenderedPicture:  # fmt: skip
        plan, stop = output.plan, asyncio.Event()
        work = scheduled(parted.parts, plan.rate)
        job = _Job(output, twins, Seats(self._workers), media, on_progress, stop, parted.copied_frames)
        watch = asyncio.create_task(forward(cancelled, stop))
        try:
            chunks = [item for item in work if isinstance(item, Chunk)]
            await all_of([job.begin(chunk) for chunk in chunks], self._workers, stop)
            await all_of([job.encode(chunk) for chunk in job.elsewhere], self._workers, stop)
        finally:
            watch.cancel()
        target = output.folder.parent / "picture.mp4"
        if parted.copied_frames:
            pieces, tick = [job.piece(item) for item in work], timescale(plan.rate)
            await in_thread(lambda stop: splice(pieces, target, plan.rate, tick, stop), cancelled)
        else:
            await join_chunks([(output.path(chunk), chunk.frames) for chunk in chunks], target, plan.rate, cancelled)
        frames = await in_long_thread(count_frames, target)
        if frames != plan.frames:
            raise FrameCountWrong(f"{frames} frames after joining, {plan.frames} planned", subject=str(target))
        return RenderedPicture(target, frames, await in_long_thread(sha256_of, target), parted.notes)


class _Job:
    """One render: what its chunks share, and the count of frames written."""

    def __init__(
        self, output: Output, twins: Twins, seats: Seats, media: dict[str, Footage], on_progress: OnProgress,
        stop: asyncio.Event, copied_frames: int,
    ) -> None:  # fmt: skip
        self._output, self._twins, self._seats, self._media = output, twins, seats, media
        self._on_progress, self._stop = on_progress, stop
        self._written: dict[int, int] = {-1: copied_frames}
        self._reused = copied_frames
        self.elsewhere: list[Chunk] = []
        self._began = time.monotonic()

    def piece(self, item: Chunk | Copied) -> Piece:
        """Return where the pictures of `item` are."""
        if isinstance(item, Chunk):
            return Piece(self._output.path(item), 0, item.frames)
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
        path = self._output.path(chunk)
        with claimed(path) as mine:
            kept = await asyncio.to_thread(is_kept, path, chunk.frames)
            if kept:
                self._reused += chunk.frames
                self._report(chunk, chunk.frames)
            elif mine:
                await self._write(Drawing(self._output, chunk, path))
        return kept or mine

    async def _write(self, own: Drawing) -> None:
        """Encode the chunk, and what it shows for the formats that wait; if that fails, the chunk alone."""
        chunk = own.chunk
        with ExitStack() as held:
            twins = await self._twins.claim(chunk, held)
            try:
                await self._encode([own, *twins])
            except (RuachError, OSError) as error:
                if not twins or isinstance(error, Cancelled):
                    raise
                self._twins.leave(twins, error)
        if twins and not await asyncio.to_thread(is_kept, own.path, chunk.frames):
            await self._encode([own])
        self._report(chunk, chunk.frames)

    async def _encode(self, drawings: Sequence[Drawing]) -> None:
        async with self._seats.taken(len(drawings)):
            await encode(drawings, self._media, partial(self._report, drawings[0].chunk), self._stop)

    def _report(self, chunk: Chunk, frames: int) -> None:
        self._written[chunk.index] = max(self._written.get(chunk.index, 0), min(frames, chunk.frames))
        done, total = sum(self._written.values()), self._output.plan.frames
        fresh, elapsed = done - self._reused, time.monotonic() - self._began
        fps = fresh / elapsed if elapsed > 0 else 0.0
        self._on_progress(RenderProgress(done, total, round(fps, 1), (total - done) / fps if fps > 0 else None))


def _facts(plan: RenderPlan, scratch: Path) -> dict[str, Footage]:
    return {clip.path: read_footage(clip.path, scratch) for clip in plan.picture_clips}
