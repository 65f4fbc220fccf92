"""Turn an operator's edits into a new EDL, and into the edits that take them back; the old one stays as it was.

An edit is a value (`edits.py`); a step (`edit_steps.py`) keeps the programme gap-free. A re-angled cut gets the reason
"operator" and confidence 1, and keeps what the rule had said below what the operator did. The source turns from auto to
hybrid, or to operator when no automatic cut is left; an approved EDL that is cut anew is a draft again; a locked one
refuses. An approval, a note or a lock on a cut is no re-cut: the EDL's state stays.
"""

from collections.abc import Sequence
from dataclasses import replace

from ruach_studio.assembly.edit_omissions import omissions_between, step_omitted, undo_omitted
from ruach_studio.assembly.edit_steps import step
from ruach_studio.assembly.edits import (
    MARKS,
    NOTE_MAX,
    Annotate,
    ApproveCut,
    CutIsLocked,
    CutNotFound,
    Edit,
    EditRefused,
    Join,
    Keep,
    LockCut,
    Move,
    OffsetPicture,
    Omit,
    ReAngle,
    Restore,
    Ripple,
    Split,
    Trim,
)
from ruach_studio.assembly.edl import CanonicalEDL, Cut, EdlStateConflict, Origin, next_state, to_wire, validate_edl
from ruach_studio.kernel.hashing import inputs_hash

__all__ = [
    "NOTE_MAX", "Annotate", "ApproveCut", "CutIsLocked", "CutNotFound", "Edit", "EditRefused", "Join", "Keep", "LockCut",
    "Move", "OffsetPicture", "Omit", "ReAngle", "Restore", "Ripple", "Split", "Trim", "apply_edits", "approve_high",
    "invert", "invert_all", "new_draft", "restoring", "tracks_hash",
]  # fmt: skip


def apply_edits(edl: CanonicalEDL, edits: Sequence[Edit], *, version: int) -> CanonicalEDL:
    """Return version `version`, the child of `edl`, with all `edits` made in order, or none of them.

    Raises EdlIsLocked, CutIsLocked (409), CutNotFound (404), EditRefused (422) naming the remedy.
    """
    if not edits:
        raise EditRefused("there is no edit", subject="edits", remedy="Send at least one.")
    status = next_state(edl.status, "edit")
    recut = not all(isinstance(edit, MARKS) for edit in edits)
    made = edl
    for edit in edits:
        made = _made(made, edit)
    edited = replace(
        made, status=status if recut else edl.status, version=version, parent_version=edl.version,
        source=_origin(edl, made.program) if recut else edl.source,
    )  # fmt: skip
    report = validate_edl(edited)
    if not report.ok:
        error, remedy = report.errors[0], "Load the newest version and edit that."
        if error.code == "picture-offset":
            remedy = f"Let its picture begin with its sound first: `pictureOffset` of cut {error.cut_id}, 0 frames."
        raise EditRefused(error.message, subject="edits", remedy=remedy)
    return edited


def new_draft(locked: CanonicalEDL) -> CanonicalEDL:
    """Return the draft that follows the locked EDL, with its cuts; without its transcript, which the next lock gives it.

    Raises EdlStateConflict (409) if it is not locked: what is not can be edited as it is.
    """
    if locked.status != "locked":
        raise EdlStateConflict(
            f"it is not locked but {locked.status}, so it needs no new draft", subject="edl", remedy="Edit it as it is."
        )
    return replace(locked, status="draft", transcript=None, version=locked.version + 1, parent_version=locked.version)


def approve_high(edl: CanonicalEDL) -> tuple[ApproveCut, ...]:
    """Return the edits that approve every green cut that nobody has approved yet."""
    return tuple(ApproveCut(cut.id) for cut in edl.program if cut.band == "high" and not cut.approved)


def invert(edl: CanonicalEDL, edit: Edit) -> Edit:
    """Return the edit that, made after `edit`, gives `edl`'s programme back, to the byte.

    A mark is undone by the mark that was there, an omission by its counterpart; anything else by a Restore of the cuts that
    it changed. Raises what making `edit` raises.
    """
    after = _made(edl, edit).program
    if isinstance(edit, Omit | Keep):
        return undo_omitted(edl, edit)
    if isinstance(edit, MARKS):
        before = next(cut for cut in edl.program if cut.id == edit.cut_id)
        if isinstance(edit, ApproveCut):
            return ApproveCut(edit.cut_id, before.approved)
        return Annotate(edit.cut_id, before.note) if isinstance(edit, Annotate) else LockCut(edit.cut_id, before.locked)
    return _difference(after, edl.program)


def invert_all(edl: CanonicalEDL, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the edits that, made in order after all of `edits`, give `edl`'s programme back."""
    inverse: list[Edit] = []
    now = edl
    for edit in edits:
        inverse.append(invert(now, edit))
        now = _made(now, edit)
    return tuple(reversed(inverse))


def restoring(edl: CanonicalEDL, wanted: CanonicalEDL) -> tuple[Edit, ...]:
    """Return the edits that turn `edl`'s cuts and omissions into `wanted`'s; locks are released first and set last.

    Raises EditRefused if the two programmes are the same or differ in length.
    """
    if (edl.fps, edl.duration_frames) != (wanted.fps, wanted.duration_frames):
        raise EditRefused(
            f"version {wanted.version} has another length or rate",
            subject="fromVersion",
            remedy="Replay or assemble instead.",
        )
    if (edl.program, edl.omitted) == (wanted.program, wanted.omitted):
        raise EditRefused(
            f"version {wanted.version} has the very same cuts and omissions",
            subject="fromVersion",
            remedy="There is nothing to restore.",
        )
    there = {cut.id: cut for cut in wanted.program}
    free = [LockCut(cut.id, False) for cut in edl.program if cut.locked and there.get(cut.id) != cut]
    now: Sequence[Cut] = edl.program
    for edit in free:
        now = step(edl, now, edit)
    cuts: tuple[Edit, ...] = (*free, _difference(now, wanted.program)) if tuple(now) != wanted.program else tuple(free)
    return (*cuts, *omissions_between(edl.omitted, wanted.omitted))


def tracks_hash(edl: CanonicalEDL) -> str:
    """Return the SHA-256 of all tracks of `edl`: equal where edits and their undo have left nothing behind."""
    return inputs_hash(to_wire(edl)["tracks"])


def _made(edl: CanonicalEDL, edit: Edit) -> CanonicalEDL:
    if isinstance(edit, Omit | Keep):
        return replace(edl, omitted=step_omitted(edl, edit))
    return replace(edl, program=tuple(step(edl, edl.program, edit)))


def _difference(now: Sequence[Cut], wanted: Sequence[Cut]) -> Restore:
    """Return the smallest Restore that turns `now` into `wanted` (both gap-free over the same frames)."""
    head = 0
    while head < min(len(now), len(wanted)) and now[head] == wanted[head]:
        head += 1
    tail = 0
    while tail < min(len(now), len(wanted)) - head and now[-1 - tail] == wanted[-1 - tail]:
        tail += 1
    cuts = tuple(wanted[head : len(wanted) - tail])
    return Restore(cuts[0].start_frame, cuts[-1].end_frame_exclusive, cuts)


def _origin(edl: CanonicalEDL, program: Sequence[Cut]) -> Origin:
    return "operator" if edl.source == "operator" or all(cut.reason == "operator" for cut in program) else "hybrid"
