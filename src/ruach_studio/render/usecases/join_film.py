"""Turn a picture and its sound into the finished film: as they are, no second encoding, the index first.

A film whose index stands first plays while it loads. FFmpeg puts it there by writing the film twice, or, told how much room
it needs, by leaving that room: for a long film that is half the disk's work and less memory. The room is the most that the
index can take; what is left of it stays empty in the film: 12 MB of three hours.
"""

import asyncio
import os
from pathlib import Path

from ruach_studio.infra.media import run

LONG_S = 1800  # a shorter film is written twice in a moment, and needs no empty room
# stsz 4, ctts 8, co64 8, stsc 12, stss 4, sdtp 1; a packet of sound has stsz, co64 and stsc (ISO/IEC 14496-12, 8.6, 8.7)
_FRAME_BYTES, _PACKET_BYTES, _REST_BYTES = 37, 24, 65_536
_PACKETS_PER_S = 48_000 / 1024  # AAC


async def join_film(
    picture: Path, sound: Path, path: Path, cancelled: asyncio.Event, *, frames: int, length_s: float,
    chapters: str | None = None,
) -> Path:  # fmt: skip
    """Write picture and sound to `path`. `frames` and `length_s` (seconds) say how long the film is.

    `chapters` is FFmpeg's metadata text (sidecars.py); players show its chapters.
    """
    part, listed = path.with_suffix(".part"), path.with_suffix(".ffmetadata")
    inputs = ["-i", str(picture), "-i", str(sound)]
    maps = ["-map", "0:v:0", "-map", "1:a:0", "-c", "copy"]
    # A bare "-map_metadata -1" would also take the chapters' titles away.
    for scope in (":g", ":s:v", ":s:a"):
        maps += [f"-map_metadata{scope}", "-1"]
    if chapters is not None:
        await asyncio.to_thread(listed.write_text, chapters, "utf-8")
        inputs += ["-f", "ffmetadata", "-i", str(listed)]
        maps += ["-map_chapters", "2"]
    first = ["-movflags", "+faststart"]
    if length_s >= LONG_S:
        first = ["-moov_size", str(index_bytes(frames, length_s, chapters))]
    try:
        await run([*inputs, *maps, "-fflags", "+bitexact", *first, "-f", "mp4", "-y", str(part)], cancelled=cancelled)
        await asyncio.to_thread(os.replace, part, path)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
        await asyncio.to_thread(listed.unlink, missing_ok=True)
    return path


def index_bytes(frames: int, length_s: float, chapters: str | None = None) -> int:
    """Return the most bytes that the index of such a film can take: video of `frames`, AAC, and its chapters."""
    packets = round((length_s + 1) * _PACKETS_PER_S)
    titles = 0 if chapters is None else 4 * len(chapters.encode()) + 128 * chapters.count("[CHAPTER]")
    return _FRAME_BYTES * frames + _PACKET_BYTES * packets + titles + _REST_BYTES
