"""Turn a camera's file into one that the browser decodes exactly, and into what the composition must know of it.

What Debian's Chromium reads well (H.264, VP8, VP9, AV1 in MP4, MOV, MKV or WebM, 8 bit, progressive) is read as it is.
Of everything else that FFmpeg reads (MPEG-TS, MPEG-2, ProRes, HEVC, interlaced, 10 bit) it reads a mezzanine: the pieces
that the plan touches (mezzanine.py), joined into one file. Pieces that are there are used, so `media-transcoding` can make
them beforehand, once for all formats; what is missing is made here.

A browser conceals damage without a word. So what it reads as it is, is decoded once by FFmpeg beforehand (some 3 % of what
drawing costs) and refused where the FFmpeg runner would refuse it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from ruach_studio.infra.media import run
from ruach_studio.render.plan import ClipRef, RenderPlan
from ruach_studio.render.runners.encode import MAX_ERROR_RATE
from ruach_studio.render.runners.ffmpeg import _facts
from ruach_studio.render.runners.footage import Footage
from ruach_studio.render.runners.graph import seek_arguments
from ruach_studio.render.runners.mezzanine import PIECE_S, MezzaninePiece, identity_of, joined, name_of, pieces_of
from ruach_studio.render.runners.remotion_props import Seen

_CODECS, _CONTAINERS, _PIXELS = {"h264", "vp8", "vp9", "av1"}, {"mov", "matroska", "webm"}, {"yuv420p", "yuvj420p"}


@dataclass(frozen=True, slots=True)
class Readable:
    """A file that the browser reads in place of the plan's: where it is, and the rest but its address.

    `identity` tells this content from another without reading it.
    """

    path: Path
    width: float
    height: float
    first_picture_s: float
    identity: str

    def at(self, src: str) -> Seen:
        """Return what the composition must know, with the address that it will read."""
        return Seen(src, self.width, self.height, self.first_picture_s)


class MezzanineReader:
    """The part of a runner that has to do with mezzanines (`ReadsMezzanines`). A piece holds `piece_s` of its file."""

    def __init__(self, piece_s: Fraction = PIECE_S) -> None:
        self._piece_s = piece_s

    async def mezzanines(self, plan: RenderPlan, folder: Path) -> list[MezzaninePiece]:
        """See `ReadsMezzanines.mezzanines`."""
        return await asyncio.to_thread(lambda: [p for each in _looked_up(plan, folder) for p in each.pieces(self._piece_s)])

    async def readable(self, plan: RenderPlan, folder: Path, own: Path, cancelled: asyncio.Event) -> Mapping[str, Readable]:
        """Return each file of the plan's pictures by its path; pieces go to `folder`, joined ones to `own`.

        Raises BadMedia, MediaChanged, MediaFailure, OutOfSpace, Cancelled.
        """
        found: dict[str, Readable] = {}
        for file in await asyncio.to_thread(lambda: list(_looked_up(plan, folder))):
            width, height = file.size
            path, footage = file.clip.path, file.footage
            if file.plain:
                await _prove(plan, file.clip, footage, cancelled)
                as_it_is = Path(path)
                found[path] = Readable(as_it_is, width, height, footage.info.local_zero_s, identity_of(as_it_is))
            else:
                pieces = file.pieces(self._piece_s)
                first, rate = pieces[0].segment.start_frame, pieces[0].rate
                shape = pieces[0].preset
                made = await joined(pieces, own, cancelled)
                zero_s = -float(first / rate.value)
                found[path] = Readable(made, shape.width, shape.height, zero_s, f"mezzanine:{name_of(pieces)}")
        return found


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the plan's pictures: `plain` where the browser reads it as it is, `size` as the viewer sees it."""

    plan: RenderPlan
    clip: ClipRef
    footage: Footage
    size: tuple[float, float]
    plain: bool
    folder: Path

    def pieces(self, piece_s: Fraction) -> list[MezzaninePiece]:
        """Return the pieces that the browser needs of it; none where it reads the file itself."""
        if self.plain:
            return []
        return pieces_of(self.plan, self.clip, self.footage, self.size, self.folder, piece_s)


def _looked_up(plan: RenderPlan, folder: Path) -> Iterator[_File]:
    """Yield each file of the plan's pictures once. Raises BadMedia."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = _facts(plan, folder)
    for clip in {each.path: each for each in plan.picture_clips}.values():  # the pieces of a jump share a file
        footage = facts[clip.path]
        width, height, plain = _looked_at(footage)
        as_it_is = footage.info.path == clip.path and footage.colour.conversion == "none"
        yield _File(plan, clip, footage, (width, height), plain and as_it_is, folder)


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


def _range(plan: RenderPlan, clip: ClipRef) -> tuple[int, int]:
    """Return the first and the last frame of the clip's file that the plan shows, in whichever piece."""
    ends = [
        segment.source_frame_at(plan.rate, frame) or 0
        for segment in plan.segments if segment.clip is not None and segment.clip.path == clip.path
        for frame in (segment.start_frame, segment.end_frame_exclusive - 1)
    ]  # fmt: skip
    return min(ends), max(ends)
