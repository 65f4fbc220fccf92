"""Turn transcripts into JSON, and requests about them into values."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from ruach_studio.assembly.entrypoints.wire import NAME_MAX, Wire
from ruach_studio.assembly.transcript import Transcript, transcript_from_wire
from ruach_studio.assembly.transcript_edit import EDITS_MAX, TextEdit, text_edit_from_wire
from ruach_studio.assembly.transcript_place import recorded_to_wire
from ruach_studio.assembly.usecases.get_transcript import TranscriptView

Language = Annotated[str, Field(pattern=r"^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$", max_length=35)]


class TranscriptRequest(Wire):
    """Segments with their speakers: {startMs, endMs, text, speaker?, confidence?, words?}; times on the master timeline."""

    base_version: int = Field(ge=0)
    segments: list[dict[str, Any]] = Field(min_length=1, max_length=100_000)
    language: Language | None = None

    def value(self) -> Transcript:
        """Return the value. Raises BadInput naming the fault."""
        return transcript_from_wire({"segments": self.segments})


class TranscriptEdits(Wire):
    """Corrections of the version that was looked at: all are made, or none; docs/reference/transcripts.md lists them."""

    base_version: int = Field(ge=1)
    edits: list[dict[str, Any]] = Field(min_length=1, max_length=EDITS_MAX)

    def values(self) -> list[TextEdit]:
        """Return the edits. Raises BadTranscript."""
        return [text_edit_from_wire(each) for each in self.edits]


class TranscribeRequest(Wire):
    """Which camera's sound is written down (default: the programme's), in which language (default: the model's own)."""

    camera_id: str | None = Field(default=None, max_length=NAME_MAX)
    language: Language | None = None


class TranscriptBody(Wire):
    """A transcript, sorted, in master time. `placed` False: a recording has no place yet, its segments are on its own clock.

    `syncVersion` is the sync that placed it; null where all of it was on the master timeline already.
    """

    version: int
    origin: str
    language: str | None
    sha256: str
    placed: bool
    sync_version: int | None
    details: dict[str, Any]
    segments: list[dict[str, Any]]
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, view: TranscriptView) -> "TranscriptBody":
        """Return the body of a version."""
        row = view.row
        return cls(
            version=row.version, origin=row.origin, language=row.language, sha256=row.sha256, placed=view.is_placed,
            sync_version=view.sync_version, details=dict(row.details), segments=recorded_to_wire(view.segments),
            created_by=row.created_by, created_at=row.created_at,
        )  # fmt: skip
