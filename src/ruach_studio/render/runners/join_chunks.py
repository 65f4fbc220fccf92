"""Turn finished chunks into one picture track, by copying."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from ruach_studio.infra.media import run
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.runners.output import timescale


async def join_chunks(parts: Sequence[tuple[Path, int]], target: Path, rate: FrameRate, cancelled: asyncio.Event) -> Path:
    """Copy the chunks' packets one after another. Names in the list are our own (digits, hex), so they need no escape.

    Each length is told: an MP4 states its own in rounded milliseconds, and an hour of chunks would end frames early.
    The index stays behind: the film that people see is still to be written (join_film.py).
    """
    listing, part = target.with_suffix(".txt"), target.with_suffix(f".{token_hex(4)}.part")
    lines, at = [], 0
    for path, frames in parts:
        start, at = at, at + frames
        length_us = round(rate.seconds(at) * 1_000_000) - round(rate.seconds(start) * 1_000_000)
        lines.append(f"file 'chunks/{path.name}'\nduration {length_us}us\n")
    await asyncio.to_thread(listing.write_text, "".join(lines))
    arguments = ["-f", "concat", "-safe", "1", "-i", str(listing), "-c", "copy", "-fflags", "+bitexact"]
    arguments += ["-video_track_timescale", str(timescale(rate)), "-f", "mp4", "-y", str(part)]
    try:
        await run(arguments, cancelled=cancelled)
        await asyncio.to_thread(os.replace, part, target)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return target
