"""Turn a length into three looping cameras and the locked EDL of a cut between them, for the render benches.

A camera is 20 s of a talk (render_room.py) whose frames carry the strip (camera, frame), looped by copying packets: an hour
costs seconds to make, and frame k of it shows k modulo 600. Shots last 4.5 to 10.5 s, eight a minute.

`recorded` is the programme as one camera would have filmed it: what a floor decodes and encodes.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from render_room import LOOP, Size, room

from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.render.plan import RenderPlan
from ruach_studio.testing.strip import StripUnreadable, bits, cells, read_strip

RATE, GOP = 30, 60
OFFSETS = {"A": 0, "B": 111, "C": -66}  # frames
LENGTHS, ORDER = (225, 180, 315, 135, 270), "ACBABCAB"
PERIOD = 9000  # frames: forty shots, after which lengths, order and the cameras' loops all begin again


def cameras(folder: Path, frames: int, size: Size) -> dict[str, Path]:
    """Write the three cameras, each long enough for `frames` of programme at its offset."""
    return {letter: _camera(folder, letter, frames + 67 - min(offset, 0), size) for letter, offset in OFFSETS.items()}


def recorded(folder: Path, frames: int, size: Size) -> Path:
    """Write what `shots(frames)` shows as one camera would have recorded it: the cameras' pictures, their encoder once.

    Key frames stand where the shown camera has its own, not at the cuts: x264's work on a frame depends on its place
    in the group (measured.md). Whole periods are looped by copying packets.
    """
    length = PERIOD if frames % PERIOD == 0 else frames
    loop, path = folder / f"recorded-{length}-loop.mp4", folder / f"recorded-{frames}.mp4"
    if not path.exists():
        _draw(loop, ((c, (k - OFFSETS[c]) % LOOP) for c, a, b in shots(length) for k in range(a, b)), size, 2 * GOP)
        _repeat(loop, length, frames // length, path)
    return path


def shots(frames: int, cuts: int | None = None) -> Iterator[tuple[str, int, int]]:
    """Yield (camera, first frame, end exclusive): eight a minute, or `cuts` of equal length."""
    start = index = 0
    while start < frames:
        length = LENGTHS[index % len(LENGTHS)] if cuts is None else frames * (index + 1) // cuts - start
        end = min(start + length, frames)
        camera = ORDER[index % len(ORDER)]
        yield ("A" if start < OFFSETS["B"] else camera), start, end
        start, index = end, index + 1


def wire(paths: Mapping[str, Path], frames: int, cuts: int | None = None) -> dict[str, object]:
    """Return the locked EDL."""
    program = [
        {"startFrame": a, "endFrameExclusive": b, "camera": camera, "reason": "speaker", "confidence": 0.9}
        for camera, a, b in shots(frames, cuts)
    ]
    return {
        "schemaVersion": "1.0", "sessionId": "bench", "masterCamera": "A", "durationFrames": frames, "fps": "30/1",
        "version": 1, "status": "locked", "tracks": {"program": program},
        "sources": {letter: {"role": "camera", "clips": [_clip(letter, path)]} for letter, path in paths.items()},
    }  # fmt: skip


def wrong_frames(path: Path, plan: RenderPlan, every: int = 1) -> int:
    """Count frames that are missing, surplus, or (looking at every n-th) unreadable or not the planned one."""
    wrong = count = 0
    with av.open(str(path)) as film:
        for count, frame in enumerate(film.decode(video=0), 1):
            if (count - 1) % every or count > plan.frames:
                wrong += count > plan.frames
                continue
            camera, number = plan.shown(count - 1)
            try:
                wrong += read_strip(frame.to_ndarray(format="gray").astype(np.uint8)) != (camera, (number or 0) % LOOP)
            except StripUnreadable:
                wrong += 1
    return wrong + max(0, plan.frames - count)


def _camera(folder: Path, letter: str, frames: int, size: Size) -> Path:
    loop, path = folder / f"{letter}-loop.mp4", folder / f"{letter}.mp4"
    if not path.exists():
        _draw(loop, ((letter, k) for k in range(LOOP)), size, GOP)
        _repeat(loop, LOOP, -(-frames // LOOP), path)
    return path


def _repeat(loop: Path, frames: int, times: int, path: Path) -> None:
    listing = path.with_suffix(".txt")
    listing.write_text(f"file '{loop.name}'\nduration {frames / RATE}\n" * times)
    arguments = ["-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", "-y", str(path)]
    subprocess.run([str(find_ffmpeg()), "-nostdin", "-v", "error", *arguments], check=True)


def _draw(path: Path, shown: Iterable[tuple[str, int]], size: Size, longest: int) -> None:
    """Encode the pictures, a key frame where a camera has one; a group of pictures holds at most `longest`."""
    width, height = size
    with av.open(str(path), "w") as out:
        options = {"preset": "veryfast", "crf": "21", "keyint_min": "60", "sc_threshold": "0", "flags": "+cgop"}
        video = out.add_stream("libx264", rate=RATE, options=options | {"g": str(longest)})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        grid = cells(width, height)
        for count, (letter, k) in enumerate(shown):
            planes = room(letter, size).picture(k)
            for square, on in zip(grid, bits(letter, k), strict=True):
                planes[square.y0 : square.y1, square.x0 : square.x1] = 235 if on else 16
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = count, Fraction(1, RATE)
            frame.pict_type = PictureType.I if longest > GOP and k % GOP == 0 else PictureType.NONE
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


def _clip(letter: str, path: Path) -> dict[str, object]:
    with av.open(str(path)) as film:
        frames = film.streams.video[0].frames
    return {
        "path": str(path), "offsetMs": f"{OFFSETS[letter] * 1000}/{RATE}", "driftPpm": 0, "fps": "30/1",
        "durationMs": frames * 1000 / RATE, "hasAudio": False, "startMs": 0,
    }  # fmt: skip
