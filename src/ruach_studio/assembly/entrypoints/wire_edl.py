"""Turn an EDL, its findings and its versions into JSON, and requests to make or change one into values."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from ruach_studio.assembly.edl import EdlIssue, to_wire
from ruach_studio.assembly.entrypoints.wire import TEXT_MAX, Wire
from ruach_studio.assembly.entrypoints.wire_edits import AnyEdit
from ruach_studio.assembly.store.edls import VersionRow
from ruach_studio.assembly.usecases.get_edl import EdlView

_Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]


class AngleSettings(Wire):
    """What a ruleset may be told; what is left out keeps its documented default."""

    min_shot_s: _Seconds | None = None
    switch_cooldown_s: _Seconds | None = None
    lead_db: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] | None = None
    silence_dbfs: Annotated[float, Field(ge=-200, le=0, allow_inf_nan=False)] | None = None
    pace_s: _Seconds | None = None
    lead_in_s: _Seconds | None = None
    overlap_s: _Seconds | None = None
    max_shot_s: _Seconds | None = None
    cutaway_s: _Seconds | None = None


_Milliseconds = Annotated[float, Field(gt=0, le=3_600_000, allow_inf_nan=False)]


class AssembleRequest(Wire):
    """How to assemble. `micMap` names, for each microphone, the camera that shows its speaker (else the saved speaker map).

    The EDL options of the specification stand here under their own names; one that would do nothing in the chosen mode and
    ruleset is refused by its name. `pictureOffsetFrames`: J-cuts (> 0) or L-cuts (< 0) at changes of speaker.
    """

    ruleset: Literal["angle-v1", "angle-v2"] = "angle-v2"
    angle: AngleSettings = AngleSettings()
    mic_map: dict[str, str] | None = None
    mode: Literal["energy", "transcript"] = "energy"
    style: Literal["sermon", "podcast", "teaching", "shorts"] | None = None
    include_chapters: bool = False
    include_shorts: bool = False
    trim_silence: bool = False
    remove_filler: bool = False
    min_shot_length_ms: _Milliseconds | None = None
    max_shot_length_ms: _Milliseconds | None = None
    switch_cooldown_ms: Annotated[float, Field(ge=0, le=3_600_000, allow_inf_nan=False)] | None = None
    lead_threshold_db: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] | None = None
    silence_threshold_db: Annotated[float, Field(ge=-200, le=0, allow_inf_nan=False)] | None = None
    picture_offset_frames: Annotated[int, Field(ge=-240, le=240)] = 0

    def options(self) -> dict[str, object]:
        """Return the options as a job carries them."""
        return self.model_dump(by_alias=False)


class PreviewRequest(AssembleRequest):
    """Other settings to try; with `keep` the result becomes the newest version."""

    keep: bool = False

    def options(self) -> dict[str, object]:
        """Return the options as a job carries them."""
        return self.model_dump(by_alias=False, exclude={"keep"})


class ReplayRequest(AssembleRequest):
    """Which stretch of the programme to make anew (master time), and why. A dry run saves nothing."""

    from_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    to_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    reason: str = Field(min_length=1, max_length=TEXT_MAX)
    dry_run: bool = False

    def options(self) -> dict[str, object]:
        """Return the options as a job carries them."""
        return self.model_dump(by_alias=False, exclude={"from_ms", "to_ms", "reason", "dry_run"})


class IssueView(Wire):
    """One finding."""

    code: str
    message: str
    cut_id: str | None

    @classmethod
    def of(cls, issue: EdlIssue) -> "IssueView":
        """Return the view of a finding."""
        return cls(code=issue.code, message=issue.message, cut_id=issue.cut_id)


class EdlBody(Wire):
    """An EDL in its wire form, its findings, and the newest version's number."""

    edl: dict[str, Any]
    errors: list[IssueView]
    warnings: list[IssueView]
    head_version: int

    @classmethod
    def of(cls, view: EdlView) -> "EdlBody":
        """Return the body of a reviewed EDL."""
        return cls(
            edl=to_wire(view.edl),
            errors=[IssueView.of(issue) for issue in view.report.errors],
            warnings=[IssueView.of(issue) for issue in view.report.warnings],
            head_version=view.head_version,
        )


class VersionView(Wire):
    """One saved version."""

    version: int
    parent_version: int | None
    sync_version: int
    source: str
    rules_version: str
    sha256: str
    author: str
    created_at: datetime
    state: str

    @classmethod
    def of(cls, row: VersionRow) -> "VersionView":
        """Return the view of a stored version."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class LossesView(Wire):
    """What an exported file cannot hold, a sentence each, with the file's name."""

    filename: str
    losses: list[str]


class EditRequest(Wire):
    """Edits to make, in order, on the version that was looked at: all of them or none."""

    base_version: int
    edits: list[AnyEdit] = Field(min_length=1, max_length=5000)


class MoveRequest(Wire):
    """The version that was looked at, and a note for the record."""

    version: int
    note: str = Field(default="", max_length=TEXT_MAX)


class RestoreRequest(Wire):
    """The version whose cuts are wanted back, and the version that was looked at."""

    from_version: int
    base_version: int
