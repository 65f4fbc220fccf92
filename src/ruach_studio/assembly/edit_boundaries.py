"""Turn an edit of a boundary between cuts (trim, ripple, move, join, picture offset) into the programme that follows.

What one cut gains its neighbour gives, so that the programme stays gap-free, and no cut is swallowed whole except by a
join. Counterpart: `edit_steps.py` finds the cut and guards the locked ones.
"""

from dataclasses import replace

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edits import (
    CutIsLocked,
    EditRefused,
    Join,
    Move,
    OffsetPicture,
    Ripple,
    Trim,
)
from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.assembly.edl_validate import PICTURE_OFFSET_MAX_S
from ruach_studio.kernel.timebase import clock_text


def trim(edl: CanonicalEDL, program: list[Cut], at: int, edit: Trim) -> list[Cut]:
    """Move where the cut starts. Raises EditRefused, naming what would fit."""
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
    said = f"the operator moved the start by {moved:+d} frames to {clock_at(edl, edit.start_frame)}"
    program[at - 1] = replace(before, end_frame_exclusive=edit.start_frame)
    program[at] = replace(cut, start_frame=edit.start_frame, reasons=(said, *cut.reasons))
    return program


def ripple(edl: CanonicalEDL, program: list[Cut], at: int, edit: Ripple) -> list[Cut]:
    """Move the starts of the cut and of those after it. Raises EditRefused, naming what would fit."""
    cut, by = program[at], edit.by_frames
    if at == 0:
        raise EditRefused("the first cut starts with the programme", subject=cut.id, remedy="Ripple from the next cut.")
    if by == 0:
        raise EditRefused("a ripple of 0 frames changes nothing", subject=cut.id, remedy="Give another number.")
    stop = next((i for i in range(at, len(program)) if program[i].locked), len(program))
    if stop == at:
        raise CutIsLocked(
            f"the cut at {clock_at(edl, cut.start_frame)} is locked", subject=cut.id, remedy="Unlock it first."
        )  # fmt: skip
    before, last = program[at - 1], program[stop - 1]
    low, high = before.start_frame - cut.start_frame + 1, last.frames - 1
    if not low <= by <= high:
        raise EditRefused(
            f"a ripple of {by:+d} frames would swallow a cut", subject=cut.id,
            remedy=f"Give a number from {low:+d} to {high:+d}.",
        )  # fmt: skip
    said = f"the operator rippled the start by {by:+d} frames"
    program[at - 1] = replace(before, end_frame_exclusive=before.end_frame_exclusive + by)
    for i in range(at, stop):
        each = program[i]
        end = each.end_frame_exclusive + (by if i < stop - 1 else 0)
        program[i] = replace(each, start_frame=each.start_frame + by, end_frame_exclusive=end, reasons=(said, *each.reasons))
    return program


def move(edl: CanonicalEDL, program: list[Cut], at: int, edit: Move) -> list[Cut]:
    """Move the cut, its length kept. Raises EditRefused, naming what would fit."""
    cut = program[at]
    if at == 0 or at == len(program) - 1:
        raise EditRefused(
            "the first and the last cut are tied to the programme's edges", subject=cut.id, remedy="Trim a boundary instead."
        )
    before, after = program[at - 1], program[at + 1]
    moved = edit.start_frame - cut.start_frame
    low, high = before.start_frame + 1, after.end_frame_exclusive - 1 - cut.frames
    if moved == 0:
        raise EditRefused(f"the cut starts at frame {edit.start_frame} already", subject=cut.id, remedy="Give another one.")
    if not low <= edit.start_frame <= high:
        raise EditRefused(
            f"starting at frame {edit.start_frame} it would swallow a neighbour", subject=cut.id,
            remedy=f"Give a frame from {low} to {high}.",
        )  # fmt: skip
    said = f"the operator moved the cut by {moved:+d} frames to {clock_at(edl, edit.start_frame)}"
    end = cut.end_frame_exclusive + moved
    program[at - 1] = replace(before, end_frame_exclusive=edit.start_frame)
    program[at] = replace(cut, start_frame=edit.start_frame, end_frame_exclusive=end, reasons=(said, *cut.reasons))
    program[at + 1] = replace(after, start_frame=end)
    return program


def join(edl: CanonicalEDL, program: list[Cut], at: int, edit: Join) -> list[Cut]:
    """Give the cut's frames to the one before. Raises EditRefused, naming what would fit."""
    if at == 0:
        raise EditRefused("there is no cut before the first", subject=edit.cut_id, remedy="Join the second one instead.")
    before, cut = program[at - 1], program[at]
    said = f"the operator joined the cut at {clock_at(edl, cut.start_frame)} ({named(cut.camera)}) to this one"
    joined = replace(before, end_frame_exclusive=cut.end_frame_exclusive, reasons=(*before.reasons, said), approved=False)
    program[at - 1 : at + 1] = [joined]
    return program


def offset(edl: CanonicalEDL, program: list[Cut], at: int, edit: OffsetPicture) -> list[Cut]:
    """Let the picture start before or after the sound passes to the cut. Raises EditRefused, naming what would fit."""
    cut = program[at]
    most = int(PICTURE_OFFSET_MAX_S * edl.fps.value)
    if at == 0 or abs(edit.frames) > most:
        fact = f"{edit.frames:+d} frames are more than a J- or L-cut bears" if at else "the first cut has no sound before it"
        raise EditRefused(
            fact, subject=cut.id, remedy=f"Give a later cut from {-most:+d} to {most:+d} frames.",
        )  # fmt: skip
    if edit.frames == cut.picture_offset_frames:
        raise EditRefused(f"its picture offset is {edit.frames:+d} already", subject=cut.id, remedy="Give another number.")
    start = cut.sound_frame + edit.frames
    before = program[at - 1]
    if not before.start_frame < start < cut.end_frame_exclusive:
        raise EditRefused(
            f"a picture that starts at frame {start} would swallow a neighbour", subject=cut.id,
            remedy="Give fewer frames, or join the cuts.",
        )  # fmt: skip
    said = f"the operator let the picture start {_offset_words(edit.frames)}"
    program[at - 1] = replace(before, end_frame_exclusive=start)
    program[at] = replace(
        cut, start_frame=start, picture_offset_frames=edit.frames, reasons=(said, *cut.reasons), approved=False
    )
    return program


def _offset_words(frames: int) -> str:
    if frames == 0:
        return "with the sound"
    return f"{abs(frames)} frames {'after' if frames > 0 else 'before'} the sound"


def clock_at(edl: CanonicalEDL, frame: int) -> str:
    """Return a frame's time as a person reads it."""
    return clock_text(round(float(edl.fps.seconds(frame)), 1))
