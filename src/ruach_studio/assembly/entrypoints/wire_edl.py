"""Turn an EDL, its findings and its versions into JSON, and requests to make or change one into values."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from ruach_studio.assembly.edl import EdlIssue, to_wire
from ruach_studio.assembly.entrypoints.wire import NAME_MAX, TEXT_MAX, Wire
from ruach_studio.assembly.review import Annotate, ApproveCut, Edit, Join, ReAngle, Split, Trim
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


class AssembleRequest(Wire):
    """How to assemble. `micMap` names, for each microphone, the camera that shows its speaker."""

    ruleset: Literal["angle-v1", "angle-v2"] = "angle-v2"
    angle: AngleSettings = AngleSettings()
    mic_map: dict[str, str] | None = None

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
    """Which stretch of the programme to make anew (master time), and why."""

    from_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    to_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    reason: str = Field(min_length=1, max_length=TEXT_MAX)

    def options(self) -> dict[str, object]:
        """Return the options as a job carries them."""
        return self.model_dump(by_alias=False, exclude={"from_ms", "to_ms", "reason"})


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


class _CutEdit(Wire):
    cut_id: str = Field(max_length=NAME_MAX)


class ReAngleEdit(_CutEdit):
    """Show another camera."""

    op: Literal["reAngle"]
    camera: str = Field(max_length=NAME_MAX)

    def edit(self) -> Edit:
        """Return the value."""
        return ReAngle(self.cut_id, self.camera)


class SplitEdit(_CutEdit):
    """Make two cuts of one; the second begins at `frame`."""

    op: Literal["split"]
    frame: int

    def edit(self) -> Edit:
        """Return the value."""
        return Split(self.cut_id, self.frame)


class TrimEdit(_CutEdit):
    """Move where the cut starts, and where the one before ends."""

    op: Literal["trim"]
    start_frame: int

    def edit(self) -> Edit:
        """Return the value."""
        return Trim(self.cut_id, self.start_frame)


class JoinEdit(_CutEdit):
    """Give the cut's frames to the one before."""

    op: Literal["join"]

    def edit(self) -> Edit:
        """Return the value."""
        return Join(self.cut_id)


class ApproveEdit(_CutEdit):
    """Mark a cut as good, or take that back."""

    op: Literal["approve"]
    approved: bool = True

    def edit(self) -> Edit:
        """Return the value."""
        return ApproveCut(self.cut_id, self.approved)


class NoteEdit(_CutEdit):
    """Write a note on a cut."""

    op: Literal["note"]
    note: str = Field(max_length=TEXT_MAX)

    def edit(self) -> Edit:
        """Return the value."""
        return Annotate(self.cut_id, self.note)


AnyEdit = Annotated[
    ReAngleEdit | SplitEdit | TrimEdit | JoinEdit | ApproveEdit | NoteEdit, Field(discriminator="op")
]  # fmt: skip


class EditRequest(Wire):
    """Edits to make, in order, on the version that was looked at: all of them or none."""

    base_version: int
    edits: list[AnyEdit] = Field(min_length=1, max_length=5000)


class MoveRequest(Wire):
    """The version that was looked at, and a note for the record."""

    version: int
    note: str = Field(default="", max_length=TEXT_MAX)
