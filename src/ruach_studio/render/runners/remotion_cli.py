"""Turn a render plan into a picture track with Remotion on this machine: chunk by chunk, checked, then joined by copying.

The same chunks, checks and joining as the FFmpeg runner's, so that a killed job goes on after its last whole chunk; only
who draws them differs. One Node.js process with one browser draws what is not there yet. Sources reach the browser from
remotion_media.py. About ten times slower than FFmpeg; worth it for the compositions in React.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from secrets import token_hex
from typing import Any

from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.ports import OnProgress, RenderedPicture, RenderProgress
from ruach_studio.render.presets import VideoCodec
from ruach_studio.render.runners.chunks import Chunk, chunked
from ruach_studio.render.runners.encode import FrameCountWrong, count_frames
from ruach_studio.render.runners.join_chunks import join_chunks
from ruach_studio.render.runners.kept import is_kept, keep, sha256_of
from ruach_studio.render.runners.mezzanine import PIECE_S
from ruach_studio.render.runners.output import timescale
from ruach_studio.render.runners.remotion_media import MediaServer
from ruach_studio.render.runners.remotion_process import Event, run_node
from ruach_studio.render.runners.remotion_props import Seen, props_of
from ruach_studio.render.runners.remotion_site import ensure_site, fonts
from ruach_studio.render.runners.remotion_source import MezzanineReader, Readable
from ruach_studio.render.runners.remotion_tools import RemotionTools

FRAME_TIMEOUT_MS = 120_000
CACHE_BYTES = 512 << 20  # decoded source frames that each tab may hold


@dataclass(frozen=True, slots=True)
class _Part:
    """A chunk to be drawn: where it is written, and where it goes once it is whole."""

    chunk: Chunk
    output: Path
    path: Path


class RemotionCliRunner(MezzanineReader):
    """Renders on this machine with Node.js and Chromium. `tabs` browser pages draw frames side by side."""

    name = "cli"

    def __init__(self, tools: RemotionTools, tabs: int = 2, *, piece_s: Fraction = PIECE_S) -> None:
        """Take the tools that find_tools found. `piece_s`: how long a piece of a mezzanine is."""
        super().__init__(piece_s)
        self._tools, self._tabs = tools, tabs

    async def render(
        self, plan: RenderPlan, workdir: Path, on_progress: OnProgress, cancelled: asyncio.Event,
        mezzanines: Path | None = None,
    ) -> RenderedPicture:  # fmt: skip
        """See `ReadsMezzanines.render`. Raises RemotionMissing, RemotionFailed, RemotionTimeout too."""
        codec = plan.preset.video
        if codec is None:
            raise ValueError(f"{plan.preset.name} is a still; a runner makes video")
        workdir = await asyncio.to_thread(workdir.absolute)  # Node.js runs in a folder of its own
        folder = workdir / "chunks"
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        site = await ensure_site(self._tools, cancelled)
        files = await self.readable(plan, mezzanines or workdir / "mezzanines", workdir / "joined", cancelled)
        parts = [
            _Part(c, folder / f"{c.index:04d}.{token_hex(4)}.part.mp4", folder / f"{_key(plan, c, files, site)}.mp4")
            for c in chunked(plan.segments, plan.rate, opens_files=False)
        ]
        with MediaServer(str(file.path) for file in files.values()) as media:
            seen = {path: file.at(media.url_of(str(file.path))) for path, file in files.items()}
            await self._draw(plan, codec, parts, site, seen, on_progress, cancelled, workdir)
        return await _joined(plan, parts, workdir, cancelled)

    async def _draw(
        self, plan: RenderPlan, codec: VideoCodec, parts: Sequence[_Part], site: Path, seen: dict[str, Seen],
        on_progress: OnProgress, cancelled: asyncio.Event, workdir: Path,
    ) -> None:  # fmt: skip
        kept = [await asyncio.to_thread(is_kept, part.path, part.chunk.frames) for part in parts]
        fresh = [part for part, there in zip(parts, kept, strict=True) if not there]
        tally = _Tally(plan.frames, sum(p.chunk.frames for p, there in zip(parts, kept, strict=True) if there), on_progress)
        tally.tell()
        if not fresh:
            return
        by_index = {part.chunk.index: part for part in fresh}

        def hear(event: Event) -> None:
            if event["event"] == "progress":
                tally.frames(event["chunk"], min(event["frames"], by_index[event["chunk"]].chunk.frames))
            elif event["event"] == "chunk":
                _settle(by_index[event["chunk"]])

        try:
            await run_node(self._tools, self._request(plan, codec, fresh, site, seen), hear, cancelled, scratch=workdir)
        finally:
            for part in fresh:
                await asyncio.to_thread(part.output.unlink, missing_ok=True)

    def _request(
        self, plan: RenderPlan, codec: VideoCodec, parts: Sequence[_Part], site: Path, seen: dict[str, Seen]
    ) -> dict[str, Any]:
        encode = {
            "crf": codec.crf, "speed": codec.speed, "pixelFormat": codec.pixel_format, "rate": str(plan.rate),
            "gopFrames": round_half_up(codec.gop_s * plan.rate.value), "timescale": str(timescale(plan.rate)),
        }  # fmt: skip
        chunks = [
            {"index": part.chunk.index, "output": str(part.output),
             "props": props_of(plan, seen, fonts(), segments=part.chunk.segments).wire()} for part in parts
        ]  # fmt: skip
        return {"site": str(site), "browser": str(self._tools.browser), "concurrency": self._tabs, "encode": encode,
                "frameTimeoutMs": FRAME_TIMEOUT_MS, "cacheBytes": CACHE_BYTES, "chunks": chunks}  # fmt: skip


class _Tally:
    """Counts frames over all chunks and tells how far the whole is."""

    def __init__(self, total: int, reused: int, on_progress: OnProgress) -> None:
        self._total, self._reused, self._on_progress = total, reused, on_progress
        self._written: dict[int, int] = {}
        self._began = time.monotonic()

    def frames(self, chunk: int, frames: int) -> None:
        self._written[chunk] = max(self._written.get(chunk, 0), frames)
        self.tell()

    def tell(self) -> None:
        fresh, elapsed = sum(self._written.values()), time.monotonic() - self._began
        done, fps = fresh + self._reused, fresh / elapsed if elapsed > 0 else 0.0
        self._on_progress(RenderProgress(done, self._total, round(fps, 1), (self._total - done) / fps if fps else None))


def _settle(part: _Part) -> None:
    """Count the chunk's frames and give it its name. A few milliseconds for a minute of film, so it is done in place."""
    frames = count_frames(part.output)
    if frames != part.chunk.frames:
        raise FrameCountWrong(f"{frames} frames, {part.chunk.frames} planned", subject=f"chunk {part.chunk.index}")
    keep(part.output, part.path, frames)


async def _joined(plan: RenderPlan, parts: Sequence[_Part], workdir: Path, cancelled: asyncio.Event) -> RenderedPicture:
    listed = [(part.path, part.chunk.frames) for part in parts]
    joined = await join_chunks(listed, workdir / "picture.mp4", plan.rate, cancelled)
    frames = await in_long_thread(count_frames, joined)
    if frames != plan.frames:
        raise FrameCountWrong(f"{frames} frames after joining, {plan.frames} planned", subject=str(joined))
    return RenderedPicture(joined, frames, await in_long_thread(sha256_of, joined))


def _key(plan: RenderPlan, chunk: Chunk, files: Mapping[str, Readable], site: Path) -> str:
    """Return a name for the chunk made of everything that shapes its bytes; addresses change with every run and do not."""
    seen = {path: file.at(file.identity) for path, file in files.items()}
    props = props_of(plan, seen, fonts(), segments=chunk.segments).wire()
    return f"{chunk.index:04d}-{inputs_hash(['remotion-1', site.name, plan.preset, str(plan.rate), props])[:16]}"
