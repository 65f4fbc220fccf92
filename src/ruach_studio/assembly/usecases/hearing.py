"""Turn "file F is heard up to second S" into how far the listening is: per file and as a whole, with the time left.

The time left is what the work so far took, in proportion to the seconds of sound that remain. Files run side by side, so a
file's own estimate starts when it starts. Decoding threads write, anybody reads.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.usecases.listen import Heard

LEAST_PART = 0.01  # before this much is done an estimate would be a guess


@dataclass(frozen=True, slots=True)
class FileHeard:
    """One file: `part` 0 to 1; `eta_s` None until it can be told."""

    camera_id: str
    clip_index: int
    path: str
    part: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class Hearing:
    """All files of a session, in order, and the whole weighed by their lengths."""

    files: tuple[FileHeard, ...]
    part: float
    eta_s: float | None

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON that a job's progress carries; names of files, not the folders where they lie."""
        files = [
            {
                "cameraId": file.camera_id, "clipIndex": file.clip_index, "file": Path(file.path).name,
                "progress": round(file.part, 4), "etaSeconds": _rounded(file.eta_s),
            }
            for file in self.files
        ]  # fmt: skip
        return {"etaSeconds": _rounded(self.eta_s), "files": files}


class Tracker:
    """Take reports of single files and give the whole; `clock` counts seconds."""

    def __init__(self, sources: SessionSources, clock: Callable[[], float] = time.monotonic) -> None:
        self._clips = [
            (camera.camera_id, index, clip.path, clip.duration_s)
            for camera in sources.cameras
            for index, clip in enumerate(camera.clips)
            if clip.has_audio
        ]
        self._clock, self._begun = clock, clock()
        self._heard_s: dict[str, float] = {}
        self._first: dict[str, tuple[float, float]] = {}  # when a file was first heard of, and how much of it then

    def heard(self, path: Path, position_s: float) -> None:
        """Note that `path` is heard up to `position_s`."""
        self._first.setdefault(str(path), (self._clock(), position_s))
        self._heard_s[str(path)] = position_s

    def now(self) -> Hearing:
        """Return how far everything is."""
        at = self._clock()
        files = tuple(self._file(*clip, at=at) for clip in self._clips)
        total_s = sum(clip[3] for clip in self._clips)
        done = sum(file.part * clip[3] for file, clip in zip(files, self._clips, strict=True)) / total_s if total_s else 1.0
        return Hearing(files, min(done, 1.0), _left(at - self._begun, done))

    def _file(self, camera_id: str, index: int, path: str, duration_s: float, *, at: float) -> FileHeard:
        part = min(self._heard_s.get(path, 0.0) / duration_s, 1.0) if duration_s > 0 else 1.0
        begun, skipped_s = self._first.get(path, (at, 0.0))
        skipped = min(skipped_s / duration_s, 1.0) if duration_s > 0 else 0.0
        eta_s = 0.0 if part >= 1 else _left(at - begun, part - skipped, 1.0 - skipped)
        return FileHeard(camera_id, index, path, part, eta_s)


def follow(sources: SessionSources, tell: Callable[[Hearing], None] | None) -> Heard | None:
    """Return what to give to `hear`, so that `tell` learns of every second of every file; None for None."""
    if tell is None:
        return None
    tracker = Tracker(sources)

    def heard(path: Path, position_s: float) -> None:
        tracker.heard(path, position_s)
        tell(tracker.now())

    return heard


def _left(elapsed_s: float, done: float, whole: float = 1.0) -> float | None:
    return elapsed_s * max(whole - done, 0.0) / done if done >= LEAST_PART else None


def _rounded(eta_s: float | None) -> float | None:
    return None if eta_s is None else round(eta_s, 1)
