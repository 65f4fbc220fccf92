"""Turn a list of cameras and their files into a session that can be assembled, or say what is missing.

A camera is a list of clips (recorders split files), in recording order; an audio track (lavalier, mixer) is a "camera"
without picture. Time: the master camera's start is 0; `master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`; a positive
offset means "started later". Local 0 of a clip is its first video frame, or its first sample where there is no picture.

sync.py finds the offsets, energy.py measures the loudness, angles.py chooses the camera, edl.py writes it down.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.timebase import FrameRate

MIN_PICTURE_CAMERAS = 2
MAX_PICTURE_CAMERAS = 16

Role = Literal["camera", "wide", "audio"]


class BadSession(BadInput):
    """The session cannot be assembled from these sources."""

    code = "bad_session"


@dataclass(frozen=True, slots=True)
class Clip:
    """One file. `start_s` is the local time of its first frame: 0 by the definition of local time, kept for the formulas.

    `timecode_s` is the time of day (s) that the recorder's timecode gives to local 0; None without one.
    """

    path: str
    duration_s: float
    fps: FrameRate | None
    width: int
    height: int
    has_audio: bool
    start_s: float = 0.0
    timecode_s: float | None = None

    @property
    def has_picture(self) -> bool:
        """Say whether the clip has a picture track."""
        return self.fps is not None


@dataclass(frozen=True, slots=True)
class Camera:
    """One point of view (or of hearing): its clips in recording order, and what it is for."""

    camera_id: str
    clips: tuple[Clip, ...]
    role: Role = "camera"

    @property
    def has_picture(self) -> bool:
        """Say whether the camera can be shown."""
        return self.role != "audio"


@dataclass(frozen=True, slots=True)
class SessionSources:
    """Checked sources: 2 to 16 cameras with picture, any number of audio tracks, unique names, at least one clip each.

    Raises BadSession with a sentence that names the camera.
    """

    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        names = Counter(camera.camera_id for camera in self.cameras)
        for name, count in names.items():
            if not name.strip():
                raise BadSession("a camera has no name", remedy="Give each camera a short name such as A")
            if count > 1:
                raise BadSession(f"{count} cameras have this name", subject=name, remedy="Give each camera its own name")
        for camera in self.cameras:
            _check_clips(camera)
        shown = [camera for camera in self.cameras if camera.has_picture]
        if not MIN_PICTURE_CAMERAS <= len(shown) <= MAX_PICTURE_CAMERAS:
            raise BadSession(
                f"{len(shown)} camera(s) with picture; a multicam programme needs "
                f"{MIN_PICTURE_CAMERAS} to {MAX_PICTURE_CAMERAS}",
                remedy="Add a camera" if len(shown) < MIN_PICTURE_CAMERAS else "Split the session",
            )
        wides = [camera.camera_id for camera in shown if camera.role == "wide"]
        if len(wides) > 1:
            raise BadSession(f"more than one wide camera ({', '.join(wides)})", remedy="Keep one as wide")

    def camera(self, camera_id: str) -> Camera:
        """Return the camera with that name; raise BadSession if there is none."""
        for camera in self.cameras:
            if camera.camera_id == camera_id:
                return camera
        raise BadSession(
            "the session has no such camera", subject=camera_id, remedy=f"Choose one of {', '.join(self.names)}"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return every camera's name in the given order."""
        return tuple(camera.camera_id for camera in self.cameras)

    @property
    def wide(self) -> str | None:
        """Return the name of the wide camera, if one has that role."""
        return next((camera.camera_id for camera in self.cameras if camera.role == "wide"), None)


def _check_clips(camera: Camera) -> None:
    if not camera.clips:
        raise BadSession("the camera has no clip", subject=camera.camera_id, remedy="Add its file")
    for clip in camera.clips:
        if clip.duration_s <= 0:
            raise BadSession("the clip has no length", subject=clip.path, remedy="Copy it again from the card")
        if camera.has_picture and not clip.has_picture:
            raise BadSession(
                "the clip has no picture",
                subject=clip.path,
                remedy=f"Give {camera.camera_id} the role audio, or another file",
            )
        if not camera.has_picture and not clip.has_audio:
            raise BadSession("the clip has no sound", subject=clip.path, remedy="Leave it out")
    paths = Counter(clip.path for clip in camera.clips)
    for path, count in paths.items():
        if count > 1:
            raise BadSession(
                f"the clip is listed {count} times in camera {camera.camera_id}", subject=path, remedy="List it once"
            )
