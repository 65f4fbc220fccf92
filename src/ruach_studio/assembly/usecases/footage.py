"""Turn the files of a session into checked sources and what they sound like.

Each file is probed (and refused with a sentence, if it cannot be used) before anything is decoded; its sound is then
decoded once, for sync and energy alike (`listen.py`). Counterpart: `decide.py` turns the sound into an EDL.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.assembly.digest import AudioDigest
from ruach_studio.assembly.session import Camera, Clip, Role, SessionSources
from ruach_studio.assembly.usecases.listen import Heard, clip_of, listen_all, silence_of
from ruach_studio.infra.media import check_media, give_back

Tracks = Mapping[str, Sequence[AudioDigest]]


@dataclass(frozen=True, slots=True)
class CameraFiles:
    """A camera's name, its files in recording order, and what it is for."""

    camera_id: str
    paths: tuple[Path, ...]
    role: Role = "camera"


async def gather(cameras: Sequence[CameraFiles]) -> SessionSources:
    """Return the checked sources. Raises BadMedia naming the file, or BadSession naming the camera."""
    return SessionSources(tuple([await probe_camera(files) for files in cameras]))


async def probe_camera(files: CameraFiles) -> Camera:
    """Return one camera with the facts of its clips. Raises BadMedia naming the file, the fact and the remedy."""
    clips: list[Clip] = []
    for path in files.paths:
        picture = files.role != "audio"
        info = await asyncio.to_thread(check_media, path, need_audio=not picture, need_video=picture)
        clips.append(clip_of(info))
    return Camera(files.camera_id, tuple(clips), files.role)


async def hear(sources: SessionSources, scratch: Path, heard: Heard | None = None) -> dict[str, list[AudioDigest]]:
    """Return one digest per clip of every camera, as many files at a time as there are processors.

    A clip without a sound track is silent: timecode or a person places it.
    """
    clips = [clip for camera in sources.cameras for clip in camera.clips]
    digests = iter(await listen_all([clip.path for clip in clips if clip.has_audio], scratch, heard=heard))
    give_back()
    return {
        camera.camera_id: [next(digests) if clip.has_audio else silence_of(clip) for clip in camera.clips]
        for camera in sources.cameras
    }
