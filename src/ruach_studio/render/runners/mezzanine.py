"""Turn the stretches that a plan shows of a file into pieces that a browser decodes exactly, each made once, and join them.

A piece is H.264 at the file's own rate through the FFmpeg runner's own graph: a minute of the file's own frames, counted
from its first, whoever asks. So its pixels and its name depend on the file alone: formats of one programme share pieces,
and a short makes only those that it touches. Pieces are closed; joining copies packets. Each frame keeps its own time in
the joined file: where the plan shows nothing of a minute, the file has a hole there.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from secrets import token_hex

from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.media import run
from ruach_studio.infra.threads import in_long_thread, in_thread
from ruach_studio.kernel.errors import Cancelled
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import FrameRate, round_half_up
from ruach_studio.render.plan import ClipRef, RenderPlan, Segment
from ruach_studio.render.ports import Made, MediaChanged
from ruach_studio.render.presets import Preset
from ruach_studio.render.runners.claims import claimed, is_claimed
from ruach_studio.render.runners.encode import MAX_ERROR_RATE, FrameCountWrong, count_frames
from ruach_studio.render.runners.footage import Footage
from ruach_studio.render.runners.graph import build_graph
from ruach_studio.render.runners.kept import is_kept, keep, looks_kept
from ruach_studio.render.runners.output import timescale
from ruach_studio.render.runners.splice import Piece, splice

PIECE_S = Fraction(60)
_ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-g", "30", "-threads", "2", "-an", "-f", "mp4", "-y")
_LOOK_AGAIN_S = 0.25  # while another process makes a piece

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MezzaninePiece:
    """One piece of the file at `source`. `segment` holds its frames, counted in the file; `path` is where it lies or will.

    `identity` is what the file was when the piece was planned.
    """

    source: str
    path: Path
    segment: Segment
    footage: Footage
    preset: Preset
    rate: FrameRate
    identity: str

    @property
    def frames(self) -> int:
        """Return how many frames the piece holds."""
        return self.segment.frames

    def is_there(self) -> bool:
        """Say whether the piece was finished; its bytes are not read."""
        return looks_kept(self.path)

    def is_claimed(self) -> bool:
        """Say whether some process makes it now."""
        return is_claimed(self.path)

    async def make(self, cancelled: asyncio.Event) -> Made:
        """Make the piece unless it is there, whole, or another process is at it; return which of the three.

        Raises Cancelled, MediaChanged (the file was replaced), OutOfSpace, MediaFailure; then no part of it is left.
        """
        with claimed(self.path) as mine:
            if await asyncio.to_thread(is_kept, self.path, self.frames):
                return "there"
            if not mine:
                return "elsewhere"
            await self._write(cancelled)
            return "made"

    async def ensure(self, cancelled: asyncio.Event) -> None:
        """See to it that the piece is there: make it, or wait while another process does. Raises as `make`."""
        while await self.make(cancelled) == "elsewhere":
            if cancelled.is_set():
                raise Cancelled("the render was cancelled", subject=self.source)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _write(self, cancelled: asyncio.Event) -> None:
        await asyncio.to_thread(self._check)
        await asyncio.to_thread(_drop_parts, self.path)  # the claim is ours: whoever wrote them is dead
        graph = await asyncio.to_thread(build_graph, [self.segment], self.rate, self.preset, {self.source: self.footage})
        part = self.path.with_suffix(f".{token_hex(4)}.part")
        try:
            made = ["-filter_complex", graph.text, "-map", "[v]", "-r", str(self.rate), *_ENCODE, str(part)]
            await run(["-max_error_rate", MAX_ERROR_RATE, *graph.inputs, *made], cancelled=cancelled)
            frames = await in_long_thread(count_frames, part)
            if frames != self.frames:
                raise FrameCountWrong(f"{frames} frames, {self.frames} planned", subject=self.source)
            await asyncio.to_thread(self._check)
            await asyncio.to_thread(keep, part, self.path, frames)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        log.info("mezzanine.made", source=self.source, piece=self.path.name, first_frame=self.segment.start_frame)

    def _check(self) -> None:
        if identity_of(Path(self.source)) != self.identity:
            raise MediaChanged("it was replaced meanwhile", subject=self.source, remedy="Put the original file back.")


def identity_of(path: Path) -> str:
    """Return what tells this file's content from another without reading it. Raises OSError."""
    facts = os.stat(path)
    return f"{path}:{facts.st_size}:{facts.st_mtime_ns}"


def touched(plan: RenderPlan, path: str, length: int) -> tuple[int, ...]:
    """Return the numbers of the pieces of `length` frames that the plan shows of the file at `path`, rising."""
    found: set[int] = set()
    for segment in plan.segments:
        if segment.clip is not None and segment.clip.path == path:
            ends = (segment.start_frame, segment.end_frame_exclusive - 1)
            first, last = (segment.source_frame_at(plan.rate, frame) or 0 for frame in ends)
            found.update(range(first // length, last // length + 1))
    return tuple(sorted(found))


def pieces_of(
    plan: RenderPlan, clip: ClipRef, footage: Footage, size: tuple[float, float], folder: Path, piece_s: Fraction
) -> list[MezzaninePiece]:
    """Return the pieces that the plan shows of the clip's file, in order. `size`: width and height as the viewer sees it.

    Raises OSError where the file is gone.
    """
    rate = clip.rate
    if rate is None:
        raise ValueError(f"{clip.path} has no picture")
    width, height = (2 * max(1, round(each / 2)) for each in size)
    # As a programme of its own: the file's frames, one each, at its own rate and size.
    alone = replace(clip, offset_s=Fraction(0), drift_ppm=Fraction(0), start_s=Fraction(0), piece_s=None)
    preset = replace(plan.preset, width=width, height=height, fit="pad")
    length, identity = max(1, round_half_up(piece_s * rate.value)), identity_of(Path(clip.path))
    found = []
    for number in touched(plan, clip.path, length):
        end = min((number + 1) * length, max(clip.frames, number * length + 1))
        segment = Segment(number * length, end, "", None, alone)
        key = inputs_hash(["mezzanine-3", identity, segment, rate, width, height, _ENCODE])[:16]
        found.append(MezzaninePiece(clip.path, folder / f"{key}.mp4", segment, footage, preset, rate, identity))
    return found


def name_of(pieces: Sequence[MezzaninePiece]) -> str:
    """Return a name for what the pieces hold together: equal names, equal pictures at equal times."""
    return inputs_hash(["joined-1", [piece.path.stem for piece in pieces]])[:16]


async def joined(pieces: Sequence[MezzaninePiece], folder: Path, cancelled: asyncio.Event) -> Path:
    """Return one file with the pieces of a file, made as far as they are missing: the piece itself if there is one alone.

    Its time 0 is the first piece's first frame. More than one go to a new file in `folder`. Raises as `make`.
    """
    if len(pieces) == 1:
        await pieces[0].ensure(cancelled)
        return pieces[0].path
    path, frames = folder / f"{name_of(pieces)}.mp4", sum(piece.frames for piece in pieces)
    if not await asyncio.to_thread(is_kept, path, frames):
        for piece in pieces:
            await piece.ensure(cancelled)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(_drop_parts, path)
        await _splice(pieces, path, cancelled)
        await asyncio.to_thread(keep, path, path, frames)
    return path


async def _splice(pieces: Sequence[MezzaninePiece], path: Path, cancelled: asyncio.Event) -> None:
    """Copy in a thread that hears of a cancellation, of this task's too, and never outlives this call."""
    rate = pieces[0].rate
    await in_thread(lambda stop: splice(_spliced(pieces), path, rate, timescale(rate), stop), cancelled)


def _spliced(pieces: Sequence[MezzaninePiece]) -> list[Piece]:
    ends = [piece.segment.end_frame_exclusive for piece in pieces]
    starts = [*(piece.segment.start_frame for piece in pieces[1:]), ends[-1]]
    return [Piece(p.path, 0, p.frames, gap=start - end) for p, end, start in zip(pieces, ends, starts, strict=True)]


def _drop_parts(path: Path) -> None:
    for left in path.parent.glob(f"{path.stem}.*.part"):
        left.unlink(missing_ok=True)
