"""Turn what an operator may do to an EDL into values: each edit names its cut and says what changes, nothing else.

`edit_steps.py` makes them, `edit_wire.py` writes them as JSON, `review.py` applies a list of them and inverts it.
Frames are the programme's; ends are exclusive.
"""

from dataclasses import dataclass

from ruach_studio.assembly.edl_model import Cut
from ruach_studio.kernel.errors import BadInput, Conflict, NotFound

NOTE_MAX = 2000


@dataclass(frozen=True, slots=True)
class ReAngle:
    """Show another camera in this cut."""

    cut_id: str
    camera: str


@dataclass(frozen=True, slots=True)
class Split:
    """Make two cuts of one; the second begins at `frame`."""

    cut_id: str
    frame: int


@dataclass(frozen=True, slots=True)
class Trim:
    """Move where this cut starts; the cut before it ends there."""

    cut_id: str
    start_frame: int


@dataclass(frozen=True, slots=True)
class Ripple:
    """Move the starts of this cut and of all after it by `by_frames`, up to the next locked cut or the end.

    Lengths in between stay; the cut before this one and the last that is moved take up the difference. (The programme is
    fixed to the master's time, so nothing can be pushed beyond its end.)
    """

    cut_id: str
    by_frames: int


@dataclass(frozen=True, slots=True)
class Move:
    """Move this cut, its length kept, so that it starts at `start_frame`; both neighbours give or take the frames."""

    cut_id: str
    start_frame: int


@dataclass(frozen=True, slots=True)
class Join:
    """Give this cut's frames to the cut before it."""

    cut_id: str


@dataclass(frozen=True, slots=True)
class OffsetPicture:
    """Let the picture start `frames` after (J-cut, > 0) or before (L-cut, < 0) the sound passes to this cut; 0 = with it."""

    cut_id: str
    frames: int


@dataclass(frozen=True, slots=True)
class ApproveCut:
    """Mark this cut as looked at and good (or take that back)."""

    cut_id: str
    approved: bool = True


@dataclass(frozen=True, slots=True)
class Annotate:
    """Write a note on this cut."""

    cut_id: str
    note: str


@dataclass(frozen=True, slots=True)
class LockCut:
    """Fix this cut's camera, times and id against edits and re-runs (or release it)."""

    cut_id: str
    locked: bool = True


@dataclass(frozen=True, slots=True)
class Omit:
    """Leave programme frames [start, end) out of renders and exports."""

    start_frame: int
    end_frame_exclusive: int
    reason: str = "the operator left it out"


@dataclass(frozen=True, slots=True)
class Keep:
    """Show the stretch again that is left out from `start_frame` on."""

    start_frame: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Put back `cuts`, which fill the frames from `start_frame` to `end_frame_exclusive`: what an undo needs."""

    start_frame: int
    end_frame_exclusive: int
    cuts: tuple[Cut, ...]


CutEdit = ReAngle | Split | Trim | Ripple | Move | Join | OffsetPicture | ApproveCut | Annotate | LockCut
Edit = CutEdit | Omit | Keep | Restore
MARKS = (ApproveCut, Annotate, LockCut)  # these say something about a cut; all others change the programme


class EditRefused(BadInput):
    """This edit cannot be made."""

    code = "edit_refused"


class CutNotFound(NotFound):
    """There is no cut with this id in this version."""

    code = "cut_not_found"


class CutIsLocked(Conflict):
    """An operator has locked this cut."""

    code = "cut_locked"
