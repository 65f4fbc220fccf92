"""Turn a path into its facts, or into one clear sentence why the file cannot be used.

Each refusal names the file, the fact and the remedy. Counterpart: probe.py reads the facts of a good file.
"""

import functools
import os
from pathlib import Path
from typing import BinaryIO

import av

from ruach_studio.infra.media.probe import MediaInfo, probe
from ruach_studio.kernel.errors import BadInput

_ISO_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_GIVE = "Give it read permission, and its folders the right to be entered"
MAX_CHANNELS = 64  # FFmpeg's native layouts end here, and no recorder has more; a damaged header may say 65535
MAX_RATE = 768_000
LONG_S, LEAST_BYTES_PER_S = 600.0, 50.0  # speech in Opus takes 750, digital silence in FLAC 170
_KNOWN_FILES = 256
_MAX_BOXES = 100_000  # a fragmented recording has a few boxes per second; stop long before an endless file


class BadMedia(BadInput):
    """The file cannot be used as footage."""

    code = "bad_media"


def check_media(path: Path | str, *, need_audio: bool, need_video: bool) -> MediaInfo:
    """Return the facts of a usable file.

    Raises BadMedia for a missing file, a folder, an empty file, a file that may not be read, a file that is no media,
    an MP4/MOV that ends before its index or its data, a header that claims
    the impossible, and a missing sound or picture track.
    """
    path = Path(path)
    name = str(path)
    try:
        there = path.exists()
    except PermissionError as error:  # a folder on the way may not be entered
        raise BadMedia("the file may not be read by this user", subject=name, remedy=_GIVE) from error
    except OSError as error:  # a name that is too long, a disk that went away
        raise BadMedia(f"there is no such file ({error.strerror})", subject=name, remedy="Check the path") from error
    if not there:
        raise BadMedia("there is no such file", subject=name, remedy="Check the path, and that the disk or card is mounted")
    if path.is_dir():
        raise BadMedia("this is a folder, not a media file", subject=name, remedy="Name the file inside it")
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            identity = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
            size_bytes = stat.st_size
            if size_bytes == 0:
                raise BadMedia("the file is empty (0 bytes)", subject=name, remedy="Copy it again from the card")
            damage = _iso_damage(file, size_bytes)
    except PermissionError as error:
        raise BadMedia("the file may not be read by this user", subject=name, remedy=_GIVE) from error
    if damage:
        raise BadMedia(damage, subject=name, remedy="Copy it again from the card, or repair the recording first")
    try:
        info = _probed(name, *identity)
    except av.DecoderNotFoundError as error:
        raise BadMedia(str(error.strerror), subject=name, remedy="Convert it first, to H.264 and AAC say") from error
    except (av.FFmpegError, OSError) as error:
        reason = f"this is not a media file that FFmpeg can read ({getattr(error, 'strerror', None) or error})"
        raise BadMedia(reason, subject=name, remedy="Give a video or audio file (MP4, MOV, MKV, MTS, WAV, …)") from error
    if info.video is None and info.audio is None:
        raise BadMedia("the file has neither a picture nor a sound track", subject=name, remedy="Give a video or audio file")
    if lie := _implausible(info):
        raise BadMedia(lie, subject=name, remedy="The file is damaged: copy it again from the card, or repair the recording")
    if need_audio and info.audio is None:
        raise BadMedia(
            "the file has no sound track, and cameras are synchronised by their sound",
            subject=name,
            remedy="Record or export it with sound",
        )
    if need_video and info.video is None:
        raise BadMedia("the file has no picture track", subject=name, remedy="Give it as an audio track instead of a camera")
    return info


@functools.lru_cache(_KNOWN_FILES)
def _probed(name: str, *_identity: int) -> MediaInfo:
    """Return the facts of this very file; of one that was asked for before they are known, and it is not opened again."""
    return probe(name)


def _implausible(info: MediaInfo) -> str | None:
    """Say what a damaged header claims, before anybody reserves time, memory or disk for it."""
    audio = info.audio
    if audio is not None and not 0 < audio.channels <= MAX_CHANNELS:
        return f"its sound claims {audio.channels} channels, and a recorder has 1 to {MAX_CHANNELS}"
    if audio is not None and not 0 < audio.rate <= MAX_RATE:
        return f"its sound claims {audio.rate} samples a second"
    if info.duration_s > LONG_S and info.size_bytes < info.duration_s * LEAST_BYTES_PER_S:
        return f"it claims {info.duration_s / 3600:.1f} hours in {info.size_bytes / 1e6:.2f} MB"
    return None


def _iso_damage(file: BinaryIO, size_bytes: int) -> str | None:
    """Walk the top-level boxes of an MP4/MOV (ISO/IEC 14496-12, 4.2) and say what is cut off, if anything."""
    position, index_found = 0, False
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            break
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if position == 0 and kind not in _ISO_FIRST_BOXES:
            return None  # another container: only FFmpeg can tell
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size_bytes - position  # "to the end of the file"
        if length < 8:
            break
        index_found |= kind in (b"moov", b"moof")
        if kind == b"mdat" and position + length > size_bytes:
            missing_mb = (position + length - size_bytes) / 1e6
            if not index_found:
                return "the file ends before its index (moov): the recording or the copy was cut off"
            return f"the file ends early: the last {missing_mb:.1f} MB of its picture and sound are missing"
        position += length
    return None if index_found else "the file ends before its index (moov): the recording or the copy was cut off"
