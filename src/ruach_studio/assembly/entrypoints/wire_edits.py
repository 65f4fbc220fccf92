"""Turn the edits of a request into values; the golden vectors hold the same JSON.

A restore is not among them: what it puts back is taken from a saved version (`POST …/edl/restore`), never from the wire, so
that nobody can forge what a rule has said.
"""

from typing import Annotated, Literal

from pydantic import Field

from ruach_studio.assembly.entrypoints.wire import NAME_MAX, TEXT_MAX, Wire
from ruach_studio.assembly.review import (
    Annotate,
    ApproveCut,
    Edit,
    Join,
    Keep,
    LockCut,
    Move,
    OffsetPicture,
    Omit,
    ReAngle,
    Ripple,
    Split,
    Trim,
)


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


class RippleEdit(_CutEdit):
    """Move the starts of the cut and of all after it, up to the next locked cut or the end."""

    op: Literal["ripple"]
    by_frames: int

    def edit(self) -> Edit:
        """Return the value."""
        return Ripple(self.cut_id, self.by_frames)


class MoveEdit(_CutEdit):
    """Move the cut, its length kept."""

    op: Literal["move"]
    start_frame: int

    def edit(self) -> Edit:
        """Return the value."""
        return Move(self.cut_id, self.start_frame)


class PictureOffsetEdit(_CutEdit):
    """Let the picture start after (J-cut, > 0) or before (L-cut, < 0) the sound passes to the cut."""

    op: Literal["pictureOffset"]
    frames: int

    def edit(self) -> Edit:
        """Return the value."""
        return OffsetPicture(self.cut_id, self.frames)


class LockEdit(_CutEdit):
    """Fix the cut's camera, times and id against edits and re-runs, or release it."""

    op: Literal["lock"]
    locked: bool = True

    def edit(self) -> Edit:
        """Return the value."""
        return LockCut(self.cut_id, self.locked)


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


class OmitEdit(Wire):
    """Leave programme frames out of renders and exports."""

    op: Literal["omit"]
    start_frame: int
    end_frame_exclusive: int

    def edit(self) -> Edit:
        """Return the value; its reason says that it was the operator, whatever a rule may have said of these frames."""
        return Omit(self.start_frame, self.end_frame_exclusive)


class KeepEdit(Wire):
    """Show the stretch again that is left out from `startFrame` on."""

    op: Literal["keep"]
    start_frame: int

    def edit(self) -> Edit:
        """Return the value."""
        return Keep(self.start_frame)


AnyEdit = Annotated[
    ReAngleEdit | SplitEdit | TrimEdit | RippleEdit | MoveEdit | JoinEdit | PictureOffsetEdit | ApproveEdit | NoteEdit
    | LockEdit | OmitEdit | KeepEdit,
    Field(discriminator="op"),
]  # fmt: skip
