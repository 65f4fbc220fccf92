"""Turn the same stretch of one or more formats into their finished chunks in one run of FFmpeg, decoded once.

A chunk counts as finished only when FFmpeg ended with 0 *and* the file holds exactly the planned number of frames (a
terminated FFmpeg leaves a playable, shorter file). Each format has its own filters, encoder and file, so its bytes are
those that it has alone.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from ruach_studio.infra.media import probe, run
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import MediaFailure
from ruach_studio.render.runners.chunks import Chunk
from ruach_studio.render.runners.footage import Footage
from ruach_studio.render.runners.graph import build_graph, build_shared_graph
from ruach_studio.render.runners.kept import keep
from ruach_studio.render.runners.output import Output

# A frame that cannot be decoded holds the one before; more than this part of a chunk is no longer a blemish but a bad file.
MAX_ERROR_RATE = "0.02"


class FrameCountWrong(MediaFailure):
    """FFmpeg wrote another number of frames than planned."""

    code = "frame_count_wrong"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One format's chunk and where it belongs."""

    output: Output
    chunk: Chunk
    path: Path


async def encode(
    drawings: Sequence[Drawing], media: Mapping[str, Footage], on_frames: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Write the chunks of `drawings`, whose segments read the same frames; `on_frames` hears how many are written.

    Raises Cancelled when `stop` is set, FrameCountWrong, OutOfSpace, MediaFailure; then nothing half-made has a finished
    name, though the first of several may be finished.
    """
    parts = [d.path.with_suffix(f".{token_hex(4)}.part") for d in drawings]  # a killed run's FFmpeg may still write its own
    try:
        inputs, text = await asyncio.to_thread(_graph, drawings, media)
        outputs: list[str] = []
        for pad, drawing, part in zip(_pads(drawings), drawings, parts, strict=True):
            outputs += ["-map", pad, *drawing.output.encoder(), str(part)]
        await run(
            ["-max_error_rate", MAX_ERROR_RATE, *inputs, "-filter_complex", text, *outputs],
            on_progress=lambda progress: on_frames(progress.frame),
            cancelled=stop,
        )
        for drawing, part in zip(drawings, parts, strict=True):
            frames, planned = await in_long_thread(count_frames, part), drawing.chunk.frames
            if frames != planned:
                raise FrameCountWrong(f"{frames} frames, {planned} planned", subject=f"chunk {drawing.chunk.index}")
            await asyncio.to_thread(keep, part, drawing.path, frames)
    finally:
        for part in parts:
            await asyncio.to_thread(part.unlink, missing_ok=True)


def count_frames(path: Path) -> int:
    """Return how many frames the file's picture track holds."""
    video = probe(path).video
    return 0 if video is None else video.frame_count or 0


def _pads(drawings: Sequence[Drawing]) -> list[str]:
    return ["[v]"] if len(drawings) == 1 else [f"[v{k}]" for k in range(len(drawings))]


def _graph(drawings: Sequence[Drawing], media: Mapping[str, Footage]) -> tuple[tuple[str, ...], str]:
    first = drawings[0]
    rate = first.output.plan.rate
    if len(drawings) == 1:
        graph = build_graph(first.chunk.segments, rate, first.output.plan.preset, media)
        return graph.inputs, first.output.lettered(first.chunk, graph.text, first.path)
    shared = build_shared_graph([(d.chunk.segments, d.output.plan.preset) for d in drawings], rate, media)
    texts = [d.output.lettered(d.chunk, text, d.path) for d, text in zip(drawings, shared.texts, strict=True)]
    named = [text.removesuffix("[v]") + pad for text, pad in zip(texts, _pads(drawings), strict=True)]
    return shared.inputs, ";".join([each for each in (shared.head, *named) if each])
