"""Turn a clip's file into its digest: the sound is decoded once, kept in scratch files, and found again by the next command.

A digest folder is named by the file's path, size and modification time; it appears whole (made aside, then renamed) or not
at all. Memory stays flat: blocks of a second or a few go in, the arrays that come out lie on disk.

Counterpart: digest.py holds the arithmetic, infra/media the decoding, digest_files.py reads what was kept.
"""

import asyncio
import contextlib
import errno
import json
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ruach_studio.assembly.digest import BLOCKS_PER_S, AudioDigest, DigestBuilder, DigestChunk, SoundFacts
from ruach_studio.assembly.session import Clip
from ruach_studio.assembly.usecases.digest_files import StoredArray
from ruach_studio.infra.media import MediaInfo, check_media, decode_audio
from ruach_studio.infra.threads import in_thread
from ruach_studio.kernel.errors import Cancelled, OutOfSpace
from ruach_studio.kernel.hashing import canonical_json, sha256_hex

DIGEST_VERSION = 5  # raise it when the digest's arithmetic changes: old scratch files are then not found any more
_LEFTOVER_S = 24 * 3600
BLOCK_SAMPLES = 96_000  # of all channels; in shorter blocks calls cost a fifth more, longer ones take memory
LONGEST_BLOCK_S = 4.0  # progress is told, and cancelling noticed, after each
_PCM, _POWER, _FACTS = "pcm8k.i16", "power10ms.f32", "digest.json"


Heard = Callable[[Path, float], None]  # (file, how many seconds of it are heard); called from the decoding thread


@dataclass(frozen=True, slots=True)
class _Facts:
    rate: int
    channels: int
    duration_s: float
    sound: SoundFacts


def clip_of(info: MediaInfo) -> Clip:
    """Return the session's view of a probed file, in local time."""
    video = info.video
    turned = video is not None and video.rotation % 180 == 90
    width, height = (video.width, video.height) if video else (0, 0)
    return Clip(
        path=info.path,
        duration_s=info.local_duration_s,
        fps=video.rate if video else None,
        width=height if turned else width,
        height=width if turned else height,
        has_audio=info.audio is not None,
        timecode_s=info.timecode_s,
    )


async def listen(clip_path: Path | str, scratch_dir: Path, cache: bool = True, heard: Heard | None = None) -> AudioDigest:
    """Return the digest of the clip's sound on its local time; `cache=False` decodes again.

    `heard` is told of every block that was decoded (of all of it at once, if it was heard before).

    Raises BadMedia (missing, damaged, without sound), UndecodableSound, OutOfSpace. A cancelled call leaves no file.
    """
    return await in_thread(lambda stop: _listen(Path(clip_path), scratch_dir, cache, stop, heard))


async def listen_all(
    clip_paths: Sequence[Path | str], scratch_dir: Path, *, parallel: int | None = None, heard: Heard | None = None
) -> list[AudioDigest]:
    """Return one digest per path in the given order, `parallel` files at a time (default: one per processor)."""
    seats = asyncio.Semaphore(parallel or os.cpu_count() or 1)

    async def one(path: Path | str) -> AudioDigest:
        async with seats:
            return await listen(path, scratch_dir, heard=heard)

    tasks = [asyncio.create_task(one(path)) for path in clip_paths]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def silence_of(clip: Clip) -> AudioDigest:
    """Return what a clip without a sound track sounds like: silence for as long as its picture lasts."""
    blocks = math.ceil(clip.duration_s * BLOCKS_PER_S)
    return AudioDigest(48_000, 1, clip.duration_s, np.empty(0, np.int16), np.zeros((blocks, 1), np.float32))


def digest_folder(clip_path: Path, scratch_dir: Path) -> Path:
    """Return the folder where the digest of this very file (path, size, modification time) is or will be."""
    real, stat = clip_path.resolve(), clip_path.stat()
    identity = {"path": str(real), "size": stat.st_size, "mtimeNs": stat.st_mtime_ns, "version": DIGEST_VERSION}
    return scratch_dir / "digests" / sha256_hex(canonical_json(identity))[:32]


def _listen(
    clip_path: Path, scratch_dir: Path, cache: bool, stop: threading.Event, heard: Heard | None = None
) -> AudioDigest:
    info = check_media(clip_path, need_audio=True, need_video=False)
    folder = digest_folder(clip_path, scratch_dir)
    found = _open(folder) if cache else None
    if found is not None:
        if heard is not None:
            heard(clip_path, found.duration_s)
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(folder.parent)
        aside = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
        try:
            _write(clip_path, info, aside, stop, heard)
            made = _open(aside)  # before it moves: a twin may put its own in this place at any moment after
            if not cache or _open(folder) is None:  # else a twin was quicker; a reader may have it open already
                _publish(aside, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutOfSpace(subject=str(scratch_dir), remedy="Free about 80 MB per hour and camera") from error
        raise
    if made is None:
        raise OSError(errno.EIO, "the digest was written but cannot be read back", str(folder))
    return made


def _clear_leftovers(digests: Path) -> None:
    """Remove what killed processes left half-made; nobody listens to one file for a day."""
    for aside in (*digests.glob("making-*"), *digests.glob("old-*")):
        with contextlib.suppress(FileNotFoundError):  # a twin cleared it away
            if time.time() - aside.stat().st_mtime > _LEFTOVER_S:
                shutil.rmtree(aside, ignore_errors=True)


def _write(clip_path: Path, info: MediaInfo, aside: Path, stop: threading.Event, heard: Heard | None) -> None:
    with (aside / _PCM).open("wb") as pcm, (aside / _POWER).open("wb") as power:

        def keep(chunk: DigestChunk) -> None:
            pcm.write(chunk.pcm8k.tobytes())
            power.write(chunk.power10ms.tobytes())

        audio = info.audio
        builder = DigestBuilder(audio.rate if audio else 0, audio.channels if audio else 0)
        for block in decode_audio(clip_path, info, block_s=_block_s(info)):
            if stop.is_set():
                raise Cancelled("listening was cancelled", subject=str(clip_path))
            for chunk in builder.feed_gap(round(block.start_s * block.rate) - builder.position):
                keep(chunk)
            keep(builder.feed(block.samples))
            if heard is not None:
                heard(clip_path, builder.position / builder.rate)
        keep(builder.finish())
        _sync_to_disk(pcm)
        _sync_to_disk(power)
    facts = {"rate": builder.rate, "channels": builder.channels, "durationS": builder.position / builder.rate,
             "sound": asdict(builder.facts)}  # fmt: skip
    (aside / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _block_s(info: MediaInfo) -> float:
    """Return the length of a block, whole seconds: 1 for stereo, 2 for mono at 48 kHz."""
    per_s = info.audio.rate * info.audio.channels if info.audio else BLOCK_SAMPLES
    return min(max(1.0, BLOCK_SAMPLES // per_s), LONGEST_BLOCK_S)


def _sync_to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(aside: Path, folder: Path) -> None:
    """Make the finished folder visible in one step; a twin that another process finished first has the same content."""
    if folder.exists():
        gone = Path(tempfile.mkdtemp(prefix="old-", dir=folder.parent))
        with contextlib.suppress(FileNotFoundError):  # the twin cleared it away first
            folder.rename(gone / "old")
        shutil.rmtree(gone, ignore_errors=True)
    try:
        aside.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _open(folder: Path) -> AudioDigest | None:
    """Return the digest in the folder, open: readable even if the folder goes away. None: not (wholly) there."""
    try:
        facts = _read_facts(folder)
        return AudioDigest(
            rate=facts.rate,
            channels=facts.channels,
            duration_s=facts.duration_s,
            pcm8k=StoredArray(folder / _PCM, np.int16),
            power10ms=StoredArray(folder / _POWER, np.float32, facts.channels),
            facts=facts.sound,
        )
    except FileNotFoundError:  # never written, or a twin is just putting its own in this place
        return None


def _read_facts(folder: Path) -> _Facts:
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    sound = SoundFacts(**{**facts["sound"], "spectrum": tuple(facts["sound"]["spectrum"])})
    return _Facts(int(facts["rate"]), int(facts["channels"]), float(facts["durationS"]), sound)
