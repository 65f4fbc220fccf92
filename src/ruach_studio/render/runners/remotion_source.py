"""Turn a camera's file into one that the browser decodes exactly, and into what the composition must know of it.

What Debian's Chromium reads well (H.264, VP8, VP9, AV1 in MP4, MOV, MKV or WebM, 8 bit, progressive) is read as it is.
Everything else that FFmpeg reads (MPEG-TS, MPEG-2, ProRes, HEVC, interlaced, 10 bit) becomes a mezzanine first: H.264 at
the file's own rate, only from the first to the last frame that the plan shows, through the FFmpeg runner's own graph. So
both runners see the same pictures. A mezzanine is kept in the working folder for a run that goes on.

A browser conceals damage without a word. So what it reads as it is, is decoded once by FFmpeg beforehand (some 3 % of what
drawing costs) and refused where the FFmpeg runner would refuse it.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from secrets import token_hex

import av

from ruach_studio.infra.media import run
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.render.plan import ClipRef, RenderPlan, Segment
from ruach_studio.render.runners.encode import MAX_ERROR_RATE, count_frames
from ruach_studio.render.runners.ffmpeg import _facts
from ruach_studio.render.runners.footage import Footage
from ruach_studio.render.runners.graph import build_graph, seek_arguments
from ruach_studio.render.runners.kept import is_kept, keep
from ruach_studio.render.runners.remotion_props import Seen

_CODECS, _CONTAINERS, _PIXELS = {"h264", "vp8", "vp9", "av1"}, {"mov", "matroska", "webm"}, {"yuv420p", "yuvj420p"}
_ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-g", "30", "-threads", "2", "-an", "-f", "mp4", "-y")


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that the browser reads in place of the plan's: where it is, and the rest but its address."""

    path: Path
    width: float
    height: float
    first_picture_s: float

    def at(self, src: str) -> Seen:
        """Return what the composition must know, with the address that it will read."""
        return Seen(src, self.width, self.height, self.first_picture_s)

    @property
    def identity(self) -> str:
        """Return what tells this content from another without reading it."""
        facts = os.stat(self.path)
        return f"{self.path}:{facts.st_size}:{facts.st_mtime_ns}"


async def readable(plan: RenderPlan, folder: Path, cancelled: asyncio.Event) -> Mapping[str, Readable]:
    """Return each file of the plan's pictures by its path; mezzanines go to `folder`. Raises BadMedia, MediaFailure."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    facts = await asyncio.to_thread(_facts, plan, folder)
    found: dict[str, Readable] = {}
    for clip in {each.path: each for each in plan.picture_clips}.values():  # the pieces of a jump share a file
        footage = facts[clip.path]
        width, height, plain = await asyncio.to_thread(_looked_at, footage)
        as_it_is = footage.info.path == clip.path and footage.colour.conversion == "none"
        if plain and as_it_is:
            await _prove(plan, clip, footage, cancelled)
            found[clip.path] = Readable(Path(clip.path), width, height, footage.info.local_zero_s)
        else:
            found[clip.path] = await _mezzanine(plan, clip, footage, (width, height), folder, cancelled)
    return found


def _looked_at(footage: Footage) -> tuple[float, float, bool]:
    """Return the size as the viewer sees it, and whether the browser reads the file as it is."""
    video = footage.info.video
    if video is None:
        raise ValueError(f"{footage.info.path} has no picture")
    with av.open(footage.info.path, options={"protocol_whitelist": "file"}) as container:
        pixel = container.streams.video[0].sample_aspect_ratio or Fraction(1)
        known = not _CONTAINERS.isdisjoint(container.format.name.split(","))
    plain = known and video.codec in _CODECS and video.pix_fmt in _PIXELS and not footage.interlaced
    width, height = float(video.width * pixel), float(video.height)
    return (height, width, plain) if video.rotation % 180 == 90 else (width, height, plain)


async def _prove(plan: RenderPlan, clip: ClipRef, footage: Footage, cancelled: asyncio.Event) -> None:
    """Decode what the plan shows of the file. Raises MediaFailure where too much of it cannot be decoded."""
    arguments, _ = seek_arguments(clip, *_range(plan, clip), footage)
    await run(["-max_error_rate", MAX_ERROR_RATE, *arguments, "-map", "0:v:0", "-f", "null", "-"], cancelled=cancelled)


async def _mezzanine(
    plan: RenderPlan, clip: ClipRef, footage: Footage, size: tuple[float, float], folder: Path, cancelled: asyncio.Event
) -> Readable:
    rate = clip.rate
    if rate is None:
        raise ValueError(f"{clip.path} has no picture")
    first, last = _range(plan, clip)
    width, height = (2 * max(1, round(each / 2)) for each in size)
    # As a programme of its own: the file's frames first..last, one each, at its own rate and size.
    alone = replace(clip, offset_s=Fraction(0), drift_ppm=Fraction(0), start_s=Fraction(0), piece_s=None)
    preset = replace(plan.preset, width=width, height=height, fit="pad")
    segment = Segment(first, last + 1, "", None, alone)
    graph = build_graph([segment], rate, preset, {clip.path: footage})
    key = inputs_hash(["mezzanine-2", Readable(Path(clip.path), width, height, 0.0).identity, segment, _ENCODE])[:16]
    path = folder / f"{key}.mp4"
    if not await asyncio.to_thread(is_kept, path, segment.frames):
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        part = path.with_suffix(f".{token_hex(4)}.part")
        try:
            made = ["-filter_complex", graph.text, "-map", "[v]", "-r", str(rate), *_ENCODE, str(part)]
            await run(["-max_error_rate", MAX_ERROR_RATE, *graph.inputs, *made], cancelled=cancelled)
            await asyncio.to_thread(keep, part, path, await asyncio.to_thread(count_frames, part))
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
    return Readable(path, width, height, -float(first / rate.value))


def _range(plan: RenderPlan, clip: ClipRef) -> tuple[int, int]:
    """Return the first and the last frame of the clip's file that the plan shows, in whichever piece."""
    ends = [
        segment.source_frame_at(plan.rate, frame) or 0
        for segment in plan.segments if segment.clip is not None and segment.clip.path == clip.path
        for frame in (segment.start_frame, segment.end_frame_exclusive - 1)
    ]  # fmt: skip
    return min(ends), max(ends)
