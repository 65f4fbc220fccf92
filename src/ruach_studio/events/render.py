"""What render tells the others: an artifact is published; a render failed for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RenderCompleted:
    """One format of a session is rendered, mastered, stored and reachable under `url`.

    `files` are those beside it (captions, chapters): {name, key, url, contentType, sizeBytes, sha256} each.
    """

    event_type: ClassVar[str] = "render.completed"
    version: ClassVar[int] = 1

    session_id: str
    render_job_id: str
    edl_version: int
    format: str
    url: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_ms: float | None = None
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None
    files: Sequence[Mapping[str, object]] = ()

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "renderJobId": self.render_job_id, "edlVersion": self.edl_version,
            "format": self.format, "url": self.url, "contentType": self.content_type, "sizeBytes": self.size_bytes,
            "sha256": self.sha256, "durationMs": self.duration_ms, "loudnessLufs": self.loudness_lufs,
            "truePeakDbtp": self.true_peak_dbtp,
            "files": [dict(file) for file in self.files],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RenderFailed:
    """The last attempt of a render failed; the job is in the dead-letter queue."""

    event_type: ClassVar[str] = "render.failed"
    version: ClassVar[int] = 1

    session_id: str
    render_job_id: str
    format: str
    error_code: str
    message: str

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "renderJobId": self.render_job_id, "format": self.format,
            "errorCode": self.error_code, "message": self.message,
        }  # fmt: skip
