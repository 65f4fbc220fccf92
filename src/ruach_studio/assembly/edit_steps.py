"""Turn one edit and a programme into the programme that follows; the list given is not touched.

Every step keeps the programme gap-free: moving a boundary moves the neighbour's, joining gives the frames to the cut
before. A step that would change the camera, the times or the id of a locked cut is refused (CutIsLocked); only LockCut
itself releases one. Counterpart: `review.py` checks the whole afterwards and counts versions and states.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edit_boundaries import clock_at, join, move, offset, ripple, trim
from ruach_studio.assembly.edits import (
    NOTE_MAX,
    Annotate,
    ApproveCut,
    CutEdit,
    CutIsLocked,
    CutNotFound,
    EditRefused,
    Join,
    LockCut,
    Move,
    OffsetPicture,
    ReAngle,
    Restore,
    Ripple,
    Split,
    Trim,
)
from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.kernel.hashing import uuid5


def step(edl: CanonicalEDL, program: Sequence[Cut], edit: CutEdit | Restore) -> list[Cut]:
    """Return `program` after `edit`. Raises CutNotFound (404), CutIsLocked (409), EditRefused (422), naming the remedy."""
    before = list(program)
    if isinstance(edit, Restore):
        after = _restore(edl, before, edit)
    else:
        at = next((i for i, cut in enumerate(before) if cut.id == edit.cut_id), None)
        if at is None:
            raise CutNotFound(
                "there is no such cut in this version",
                subject=edit.cut_id,
                remedy="Load the newest version and edit that.",
            )
        made: Callable[..., list[Cut]] = _STEPS[type(edit)]
        after = made(edl, list(before), at, edit)
    if not isinstance(edit, LockCut):
        _refuse_touched(edl, before, after)
    return after


def _refuse_touched(edl: CanonicalEDL, before: list[Cut], after: list[Cut]) -> None:
    there = {cut.id: _place(cut) for cut in after}
    for cut in before:
        if cut.locked and there.get(cut.id) != _place(cut):
            raise CutIsLocked(
                f"the cut at {clock_at(edl, cut.start_frame)} ({named(cut.camera)}) is locked, and this would change it",
                subject=cut.id, remedy="Unlock it first, or leave its edges alone.",
            )  # fmt: skip


def _place(cut: Cut) -> tuple[int, int, str, bool, int]:
    return cut.start_frame, cut.end_frame_exclusive, cut.camera, cut.locked, cut.picture_offset_frames


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
            f"{named(edit.camera)} was not recording from {clock_at(edl, cut.start_frame)} to "
            f"{clock_at(edl, cut.end_frame_exclusive)}",
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
    said = f"the operator split the cut at {clock_at(edl, edit.frame)}"
    second = replace(
        cut, id=fresh, start_frame=edit.frame, reason="operator", confidence=1.0, reasons=(said, *cut.reasons),
        approved=False, picture_offset_frames=0,
    )  # fmt: skip
    program[at : at + 1] = [replace(cut, end_frame_exclusive=edit.frame), second]
    return program


def _approve(edl: CanonicalEDL, program: list[Cut], at: int, edit: ApproveCut) -> list[Cut]:
    program[at] = replace(program[at], approved=edit.approved)
    return program


def _annotate(edl: CanonicalEDL, program: list[Cut], at: int, edit: Annotate) -> list[Cut]:
    if len(edit.note) > NOTE_MAX:
        raise EditRefused(f"the note has {len(edit.note)} characters", subject=edit.cut_id, remedy=f"Keep to {NOTE_MAX}.")
    program[at] = replace(program[at], note=edit.note)
    return program


def _lock(edl: CanonicalEDL, program: list[Cut], at: int, edit: LockCut) -> list[Cut]:
    program[at] = replace(program[at], locked=edit.locked)
    return program


def _restore(edl: CanonicalEDL, program: list[Cut], edit: Restore) -> list[Cut]:
    low, high = edit.start_frame, edit.end_frame_exclusive
    before = [cut for cut in program if cut.end_frame_exclusive <= low]
    after = [cut for cut in program if cut.start_frame >= high]
    filled = [low, *(cut.end_frame_exclusive for cut in edit.cuts)]
    begun = [*(cut.start_frame for cut in edit.cuts), high]
    meets = (before[-1].end_frame_exclusive if before else 0, after[0].start_frame if after else edl.duration_frames)
    if low >= high or filled != begun or meets != (low, high):
        raise EditRefused(
            f"the cuts to restore do not fit frames {low} to {high} of this version", subject="restore",
            remedy="Undo newer edits first, or restore the whole version.",
        )  # fmt: skip
    return [*before, *edit.cuts, *after]


_STEPS: dict[type[CutEdit], Callable[..., list[Cut]]] = {
    ReAngle: _re_angle, Split: _split, Trim: trim, Ripple: ripple, Move: move, Join: join, OffsetPicture: offset,
    ApproveCut: _approve, Annotate: _annotate, LockCut: _lock,
}  # fmt: skip
