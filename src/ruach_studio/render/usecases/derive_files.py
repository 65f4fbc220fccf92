"""Turn a clip's file into its proxy, its peaks or its thumbnails: whole in a folder of their own, or not there at all.

The folder is named by what the file is (path, size, modification time), the kind and its recipe. It is made aside and
renamed; what a killed run left aside goes when the same thing is made again. A cancelled run leaves nothing.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import av

from ruach_studio.infra.media import FfmpegProgress, FfmpegStalled, MediaInfo, check_filter, check_media, run
from ruach_studio.infra.storage.disk_errors import mapped_disk_errors
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.derivative import Kind, name_of, place_of
from ruach_studio.kernel.errors import BadInput, MediaFailure, OutOfSpace
from ruach_studio.render.colour import Conversion709
from ruach_studio.render.derivative import (
    PROXY_BITS_PER_S,
    TILE_COLUMNS,
    TILE_ROWS,
    TILE_WIDTH,
    is_mapped,
    is_recoloured,
    proxy_args,
    sprites,
    thumbnail_args,
)
from ruach_studio.render.source_colours import read_conversion
from ruach_studio.render.usecases.derive_peaks import write_peaks

RESERVE_BYTES = 100_000_000
_KEYS_LOOKED_AT_S = 120.0
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".bin": "application/octet-stream"}
Told = Callable[[float, float | None], None]  # (part, seconds left)


class NothingToShow(BadInput):
    """The clip has no such track."""

    code = "nothing_to_derive"


@dataclass(frozen=True, slots=True)
class Made:
    """A finished folder, and what a player must know of it (JSON)."""

    folder: Path
    facts: dict[str, Any]


def derivative_id(path: Path, kind: Kind) -> str:
    """Return the name of `kind` of this very file. Raises FileNotFoundError."""
    stat = path.stat()
    return name_of(str(path), stat.st_size, stat.st_mtime_ns, kind)


def folder_of(root: Path, name: str) -> Path:
    """Return where the files of a derivative are or will be."""
    return root / place_of(name)


async def derive(path: Path, kind: Kind, root: Path, tell: Told | None = None) -> Made:
    """Make `kind` of the file at `path` under `root`, or find it there.

    Raises BadMedia, NothingToShow, MediaFailure, UndecodableSound, OutOfSpace, FilterMissing (HDR needs zscale).
    A cancelled call leaves nothing.
    """
    info = await asyncio.to_thread(check_media, path, need_audio=kind == "peaks", need_video=kind == "thumbnails")
    name = derivative_id(path, kind)
    final = folder_of(root, name)
    with mapped_disk_errors(name, root):
        final.parent.mkdir(parents=True, exist_ok=True)
        _check_room(info, kind, root)
        for left in final.parent.glob(f"making-{name}-*"):  # by a run that was killed: the queue runs one at a time
            shutil.rmtree(left, ignore_errors=True)
        aside = final.parent / f"making-{name}-{uuid4().hex[:8]}"
        aside.mkdir()
        try:
            facts = await _MAKERS[kind](info, aside, tell or _nobody)
            files = await in_long_thread(_sealed, aside)
            if not files:
                raise MediaFailure("FFmpeg made no file of it", subject=str(path), remedy="Open it in a player.")
            if final.exists():
                await asyncio.to_thread(shutil.rmtree, final)
            aside.rename(final)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return Made(final, {**facts, "files": files})


async def _proxy(info: MediaInfo, aside: Path, tell: Told) -> dict[str, Any]:
    lead_s = max(0.0, info.local_zero_s - info.container_start_s)
    out = aside / "proxy.mp4"
    args = proxy_args(
        info.path,
        str(out),
        colour=None if info.video is None else await in_long_thread(_colour_of, info.path, is_mapped),
        has_audio=info.audio is not None,
        sound_lead_s=lead_s,
        duration_s=info.local_duration_s,
    )
    await _run(info, args, tell)
    made = await asyncio.to_thread(check_media, out, need_audio=info.audio is not None, need_video=info.video is not None)
    size = {"width": made.video.width, "height": made.video.height} if made.video else {}
    return {"durationMs": round(made.local_duration_s * 1000, 3), **size}


async def _thumbnails(info: MediaInfo, aside: Path, tell: Told) -> dict[str, Any]:
    layout = sprites(info.local_duration_s)
    gap_s = await in_long_thread(_key_gap_s, info.path)
    colour = await in_long_thread(_colour_of, info.path, is_recoloured)
    pattern, key_frames_only = str(aside / "sheet-%03d.jpg"), gap_s <= layout.every_s
    args = thumbnail_args(info.path, pattern, layout, colour=colour, key_frames_only=key_frames_only)
    await _run(info, args, tell)
    sheets = await asyncio.to_thread(lambda: sorted(aside.glob("*.jpg")))
    if not sheets:
        raise MediaFailure("no frame of it can be read", subject=info.path, remedy="Open it in a player.")
    with av.open(str(sheets[0])) as picture:
        height = picture.streams.video[0].height // TILE_ROWS
    return {
        "everyMs": layout.every_s * 1000, "count": layout.count, "columns": TILE_COLUMNS, "rows": TILE_ROWS,
        "tileWidth": TILE_WIDTH, "tileHeight": height,
    }  # fmt: skip


def _colour_of(path: str, recolours: Callable[[Conversion709], bool]) -> Conversion709:
    colour = read_conversion(path)
    if recolours(colour):
        check_filter("zscale")
    return colour


async def _run(info: MediaInfo, args: list[str], tell: Told) -> None:
    """Run FFmpeg; its failure is one of this file. Raises MediaFailure, OutOfSpace."""
    try:
        await run(args, on_progress=partial(_ffmpeg_tells, info.local_duration_s, tell))
    except FfmpegStalled:
        raise  # of the machine, not of the file
    except MediaFailure as error:
        remedy = "Open it in a player to see whether it is whole; copy it again from the card"
        raise MediaFailure(error.fact, subject=info.path, remedy=remedy, **error.details) from error


async def _peaks(info: MediaInfo, aside: Path, tell: Told) -> dict[str, Any]:
    return await write_peaks(info, aside / "peaks.bin", tell)


_MAKERS = {"proxy": _proxy, "thumbnails": _thumbnails, "peaks": _peaks}


def _ffmpeg_tells(duration_s: float, tell: Told, progress: FfmpegProgress) -> None:
    part = min(progress.out_time_s / duration_s, 1.0) if duration_s > 0 else 0.0
    left_s = max(duration_s - progress.out_time_s, 0.0) / progress.speed if progress.speed > 0 else None
    tell(part, left_s)


def _key_gap_s(path: str) -> float:
    """Return the longest time between key frames in the first two minutes; infinite where there is only one."""
    longest, last, first = 0.0, None, None
    with av.open(path, options={"protocol_whitelist": "file"}) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.pts is None or packet.time_base is None:
                continue
            at_s = float(packet.pts * packet.time_base)
            first = at_s if first is None else first
            if at_s - first > _KEYS_LOOKED_AT_S:
                break
            if packet.is_keyframe:
                longest = longest if last is None else max(longest, at_s - last)
                last = at_s
    return longest or float("inf")


def _check_room(info: MediaInfo, kind: Kind, root: Path) -> None:
    guess = min(round(info.duration_s * PROXY_BITS_PER_S / 8), info.size_bytes)  # a damaged file may claim any length
    needed = RESERVE_BYTES + (guess if kind == "proxy" else 0)
    free = shutil.disk_usage(root).free
    if free < needed:
        raise OutOfSpace(
            f"{free / 1e6:.0f} MB are free, the {kind} may need {needed / 1e6:.0f} MB", subject=str(root),
            remedy="Free some space, or choose another data folder.",
        )  # fmt: skip


def _sealed(folder: Path) -> list[dict[str, Any]]:
    """Put every file on the disk for good and return name, size, checksum and type of each."""
    return [
        {"name": path.name, "sizeBytes": path.stat().st_size, "sha256": digest, "contentType": _TYPES[path.suffix]}
        for path in sorted(folder.iterdir())
        for digest in _synced(path)
    ]


def _synced(path: Path) -> Iterator[str]:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        yield hashlib.file_digest(file, "sha256").hexdigest()


def _nobody(_part: float, _left_s: float | None) -> None:
    """Tell nobody."""


@contextmanager
def removed_on_error(made: Made) -> Iterator[None]:
    """Remove a finished folder if what must be recorded about it cannot be."""
    try:
        yield
    except BaseException:
        shutil.rmtree(made.folder, ignore_errors=True)
        raise
