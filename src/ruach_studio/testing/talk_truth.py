"""Turn what was put into a made talk into answers about it: who speaks, and which frame of which camera belongs when.

Master time is the clock of camera A: `master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)` for sound and picture of a
camera alike. Frame numbers count from the start of the camera, on through its clips.
"""

import dataclasses
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing.talk_scene import Turn, speaker_at


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """One file of a camera: its name in the talk's folder, and its place in the camera's own frame count."""

    name: str
    first_frame: int
    frames: int


@dataclass(frozen=True, slots=True)
class CameraTruth:
    """One camera (or the separate recorder): clock, sound, picture. `speaker` is whom it shows close up, if anyone."""

    camera_id: str
    role: Literal["camera", "wide", "audio"]
    speaker: str | None
    offset_s: float
    drift_ppm: float
    gain_db: float
    sound_rate: int
    channels: int
    width: int
    height: int
    clips: tuple[ClipTruth, ...]

    @property
    def frames(self) -> int:
        """Return the number of frames over all clips."""
        return sum(clip.frames for clip in self.clips)

    def master_s(self, local_s: float) -> float:
        """Return the master time of a time on this camera's own clock."""
        return self.offset_s + local_s * (1 + self.drift_ppm * 1e-6)

    def local_s(self, master_s: float) -> float:
        """Return this camera's own time at a master time."""
        return (master_s - self.offset_s) / (1 + self.drift_ppm * 1e-6)


@dataclass(frozen=True, slots=True)
class Talk:
    """A made talk and the truth about it. `folder` holds the footage and talk.json."""

    folder: Path
    seconds: float
    fps: str
    seed: int
    master: str
    wide: str
    cameras: tuple[CameraTruth, ...]
    turns: tuple[Turn, ...]
    names: dict[str, str]

    @property
    def rate(self) -> FrameRate:
        """Return the frame rate of all cameras."""
        return FrameRate.parse(self.fps)

    def camera(self, camera_id: str) -> CameraTruth:
        """Return one camera's truth. Raises KeyError."""
        return {camera.camera_id: camera for camera in self.cameras}[camera_id]

    @property
    def files(self) -> dict[str, tuple[Path, ...]]:
        """Return the files of each camera (and of the recorder, if any), in order."""
        return {camera.camera_id: tuple(self.folder / clip.name for clip in camera.clips) for camera in self.cameras}

    @property
    def camera_of(self) -> dict[str, str]:
        """Return which camera shows which speaker close up."""
        return {camera.speaker: camera.camera_id for camera in self.cameras if camera.speaker is not None}

    def true_speaker_at(self, t_s: float) -> str | None:
        """Return who holds the floor at master time `t_s`: "1", "2", "both" in cross-talk, None in a silence."""
        return speaker_at(self.turns, t_s)

    def frame_master_s(self, camera_id: str, frame: int) -> float:
        """Return the master time at which a camera's frame begins."""
        return self.camera(camera_id).master_s(float(self.rate.seconds(frame)))

    def frame_shown_at(self, camera_id: str, t_s: float) -> int:
        """Return the frame of a camera that belongs at master time `t_s`: the last that begins before t_s + half a frame.

        The answer may lie outside 0..frames-1, where the camera was not recording.
        """
        local_s = self.camera(camera_id).local_s(t_s + float(Fraction(1, 2) / self.rate.value))
        exact = local_s * float(self.rate.value)
        return int(exact // 1) - (1 if exact == exact // 1 else 0)

    def clip_offset_s(self, camera_id: str, clip_index: int) -> float:
        """Return the master time at which a clip begins: what sync is to find for it."""
        return self.frame_master_s(camera_id, self.camera(camera_id).clips[clip_index].first_frame)

    def relative_to(self, camera_id: str, master: str) -> tuple[float, float]:
        """Return (offset_s, drift_ppm) of a camera on the clock of another one, if that were the master."""
        camera, other = self.camera(camera_id), self.camera(master)
        ratio = (1 + camera.drift_ppm * 1e-6) / (1 + other.drift_ppm * 1e-6)
        return other.local_s(camera.offset_s), (ratio - 1) * 1e6

    def camera_arguments(self) -> list[str]:
        """Return the command-line words that name this footage: --camera A=… --camera B=…,… --wide C [--audio …]."""
        words: list[str] = []
        for camera in self.cameras:
            files = ",".join(str(path) for path in self.files[camera.camera_id])
            words += ["--audio", files] if camera.role == "audio" else ["--camera", f"{camera.camera_id}={files}"]
        return [*words, "--wide", self.wide]

    def to_json(self) -> str:
        """Return the truth as text; file names are relative to the folder that holds it."""
        raw = dataclasses.asdict(self)
        del raw["folder"]
        return json.dumps(raw, indent=1) + "\n"

    @classmethod
    def from_json(cls, path: Path) -> "Talk":
        """Read talk.json; its folder is the folder of the footage."""
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        cameras = tuple(
            CameraTruth(**{**c, "clips": tuple(ClipTruth(**clip) for clip in c["clips"])}) for c in raw.pop("cameras")
        )
        turns = tuple(Turn(**turn) for turn in raw.pop("turns"))
        return cls(folder=path.parent, cameras=cameras, turns=turns, **raw)
