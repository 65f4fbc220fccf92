"""Turn an operator's edits into a new EDL; the old one stays as it was.

An edit is a value; applying it keeps the programme gap-free (moving a boundary moves the neighbour's, joining gives
the frames to the cut before). A re-angled cut gets the reason "operator" and confidence 1, and keeps what the rule had
said below what the operator did. The source turns from auto to hybrid, or to operator when no automatic cut is left;
an approved EDL that is cut anew is a draft again; a locked one refuses. An approval or a note on a cut is no re-cut:
the EDL's state stays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edl import CanonicalEDL, Cut, Origin, next_state, validate_edl
from ruach_studio.kernel.errors import BadInput, NotFound
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import clock_text


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
class Join:
    """Give this cut's frames to the cut before it."""

    cut_id: str


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


Edit = ReAngle | Split | Trim | Join | ApproveCut | Annotate
RECUTS = (ReAngle, Split, Trim, Join)
NOTE_MAX = 2000


class EditRefused(BadInput):
    """This edit cannot be made."""

    code = "edit_refused"


class CutNotFound(NotFound):
    """There is no cut with this id in this version."""

    code = "cut_not_found"


def apply_edits(edl: CanonicalEDL, edits: Sequence[Edit], *, version: int) -> CanonicalEDL:
    """Return version `version`, the child of `edl`, with all `edits` made in order, or none of them.

    Raises EdlIsLocked (409), CutNotFound (404), EditRefused (422) naming the remedy.
    """
    if not edits:
        raise EditRefused("there is no edit", subject="edits", remedy="Send at least one.")
    status = next_state(edl.status, "edit")
    if not any(isinstance(edit, RECUTS) for edit in edits):
        status = edl.status
    program = list(edl.program)
    for edit in edits:
        program = _applied(edl, program, edit)
    edited = replace(
        edl, program=tuple(program), status=status, version=version, parent_version=edl.version,
        source=_origin(edl, program) if any(isinstance(edit, RECUTS) for edit in edits) else edl.source,
    )  # fmt: skip
    report = validate_edl(edited)
    if not report.ok:
        raise EditRefused(report.errors[0].message, subject="edits", remedy="Load the newest version and edit that.")
    return edited


def approve_high(edl: CanonicalEDL) -> tuple[ApproveCut, ...]:
    """Return the edits that approve every green cut that nobody has approved yet."""
    return tuple(ApproveCut(cut.id) for cut in edl.program if cut.band == "high" and not cut.approved)


def _applied(edl: CanonicalEDL, program: list[Cut], edit: Edit) -> list[Cut]:
    at = next((i for i, cut in enumerate(program) if cut.id == edit.cut_id), None)
    if at is None:
        raise CutNotFound(
            "there is no such cut in this version", subject=edit.cut_id, remedy="Load the newest version and edit that."
        )
    step: Callable[..., list[Cut]] = _STEPS[type(edit)]
    return step(edl, program, at, edit)


def _re_angle(edl: CanonicalEDL, program: list[Cut], at: int, edit: ReAngle) -> list[Cut]:
    cut = program[at]
    if not edl.can_show(edit.camera):
        shown = ", ".join(name for name in edl.sources if edl.can_show(name))
        raise EditRefused(f"{named(edit.camera)} has no picture here", subject=edit.camera, remedy=f"Choose one of {shown}.")
    if edit.camera == cut.camera:
        raise EditRefused(f"the cut shows {named(edit.camera)} already", subject=cut.id, remedy="Choose another camera.")
    start_ms, end_ms = edl.fps.milliseconds(cut.start_frame), edl.fps.milliseconds(cut.end_frame_exclusive)
    if edl.sources[edit.camera].covered_ms(start_ms, end_ms) <= 0.0:
        raise EditRefused(
            f"{named(edit.camera)} was not recording from {_clock(edl, cut.start_frame)} to "
            f"{_clock(edl, cut.end_frame_exclusive)}",
            subject=cut.id, remedy="Choose a camera that was.",
        )  # fmt: skip
    said = f"the operator chose {named(edit.camera)} instead of {named(cut.camera)}"
    program[at] = replace(
        cut, camera=edit.camera, reason="operator", confidence=1.0, reasons=(said, *cut.reasons), approved=False
    )
    return program


def _split(edl: CanonicalEDL, program: list[Cut], at: int, edit: Split) -> list[Cut]:
    cut = program[at]
    if not cut.start_frame < edit.frame < cut.end_frame_exclusive:
        raise EditRefused(
            f"frame {edit.frame} is not inside the cut", subject=cut.id,
            remedy=f"Give a frame from {cut.start_frame + 1} to {cut.end_frame_exclusive - 1}.",
        )  # fmt: skip
    taken = {other.id for other in program}
    fresh, count = uuid5(f"{edl.session_id}:operator:{edit.frame}"), 1
    while fresh in taken:
        count += 1
        fresh = uuid5(f"{edl.session_id}:operator:{edit.frame}:{count}")
    said = f"the operator split the cut at {_clock(edl, edit.frame)}"
    second = replace(
        cut,
        id=fresh,
        start_frame=edit.frame,
        reason="operator",
        confidence=1.0,
        reasons=(said, *cut.reasons),
        approved=False,
    )
    program[at : at + 1] = [replace(cut, end_frame_exclusive=edit.frame), second]
    return program


def _trim(edl: CanonicalEDL, program: list[Cut], at: int, edit: Trim) -> list[Cut]:
    cut = program[at]
    if at == 0:
        raise EditRefused("the first cut starts with the programme", subject=cut.id, remedy="Move the next cut instead.")
    before = program[at - 1]
    if not before.start_frame < edit.start_frame < cut.end_frame_exclusive:
        raise EditRefused(
            f"frame {edit.start_frame} would swallow a neighbour", subject=cut.id,
            remedy=f"Give a frame from {before.start_frame + 1} to {cut.end_frame_exclusive - 1}, or join the cuts.",
        )  # fmt: skip
    moved = edit.start_frame - cut.start_frame
    if moved == 0:
        raise EditRefused(
            f"the cut starts at frame {edit.start_frame} already", subject=cut.id, remedy="Give another frame."
        )
    said = f"the operator moved the start by {moved:+d} frames to {_clock(edl, edit.start_frame)}"
    program[at - 1] = replace(before, end_frame_exclusive=edit.start_frame)
    program[at] = replace(cut, start_frame=edit.start_frame, reasons=(said, *cut.reasons))
    return program


def _join(edl: CanonicalEDL, program: list[Cut], at: int, edit: Join) -> list[Cut]:
    if at == 0:
        raise EditRefused("there is no cut before the first", subject=edit.cut_id, remedy="Join the second one instead.")
    before, cut = program[at - 1], program[at]
    said = f"the operator joined the cut at {_clock(edl, cut.start_frame)} ({named(cut.camera)}) to this one"
    joined = replace(before, end_frame_exclusive=cut.end_frame_exclusive, reasons=(*before.reasons, said), approved=False)
    program[at - 1 : at + 1] = [joined]
    return program


def _approve(edl: CanonicalEDL, program: list[Cut], at: int, edit: ApproveCut) -> list[Cut]:
    program[at] = replace(program[at], approved=edit.approved)
    return program


def _annotate(edl: CanonicalEDL, program: list[Cut], at: int, edit: Annotate) -> list[Cut]:
    if len(edit.note) > NOTE_MAX:
        raise EditRefused(f"the note has {len(edit.note)} characters", subject=edit.cut_id, remedy=f"Keep to {NOTE_MAX}.")
    program[at] = replace(program[at], note=edit.note)
    return program


def _origin(edl: CanonicalEDL, program: list[Cut]) -> Origin:
    return "operator" if edl.source == "operator" or all(cut.reason == "operator" for cut in program) else "hybrid"


def _clock(edl: CanonicalEDL, frame: int) -> str:
    return clock_text(round(float(edl.fps.seconds(frame)), 1))


_STEPS: dict[type[Edit], Callable[..., list[Cut]]] = {
    ReAngle: _re_angle, Split: _split, Trim: _trim, Join: _join, ApproveCut: _approve, Annotate: _annotate,
}  # fmt: skip
