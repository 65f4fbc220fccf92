"""Turn an edit of what is left out (omit, keep) into the stretches that follow; the cuts stay as they are.

The operator has the last word on what a rule marked: a stretch can be shown again whole, and any other be left out.
Counterpart: `omissions.py` makes the rule's stretches; `review.py` applies these and inverts them.
"""

from collections.abc import Mapping, Sequence

from ruach_studio.assembly.edits import Edit, EditRefused, Keep, Omit
from ruach_studio.assembly.edl_model import CanonicalEDL

Stretch = Mapping[str, object]


def step_omitted(edl: CanonicalEDL, edit: Omit | Keep) -> tuple[Stretch, ...]:
    """Return what is left out after `edit`, in order. Raises EditRefused naming what would fit."""
    return _omit(edl, edit) if isinstance(edit, Omit) else _keep(edl, edit)


def undo_omitted(edl: CanonicalEDL, edit: Omit | Keep) -> Edit:
    """Return the edit that, made after `edit`, gives the stretches of `edl` back, reasons included."""
    if isinstance(edit, Omit):
        return Keep(edit.start_frame)
    return _as_edit(next(each for each in edl.omitted if each.get("startFrame") == edit.start_frame))


def omissions_between(now: Sequence[Stretch], wanted: Sequence[Stretch]) -> tuple[Edit, ...]:
    """Return the edits that turn the stretches `now` into those `wanted`."""
    gone = [Keep(_frame(each, "startFrame")) for each in now if each not in wanted]
    return (*gone, *(_as_edit(each) for each in wanted if each not in now))


def _omit(edl: CanonicalEDL, edit: Omit) -> tuple[Stretch, ...]:
    low, high = edit.start_frame, edit.end_frame_exclusive
    if not 0 <= low < high <= edl.duration_frames:
        raise EditRefused(
            f"frames {low} to {high} are no stretch of the programme", subject="omit",
            remedy=f"Give frames from 0 to {edl.duration_frames}, the end after the start.",
        )  # fmt: skip
    for each in edl.omitted:
        start, end = _frame(each, "startFrame"), _frame(each, "endFrameExclusive")
        if start < high and low < end:
            raise EditRefused(
                f"frames {start} to {end} are left out already", subject="omit",
                remedy="Keep that stretch first, or leave out what lies beside it.",
            )  # fmt: skip
    made: Stretch = {
        "startFrame": low, "endFrameExclusive": high, "startMs": edl.fps.milliseconds(low),
        "endMs": edl.fps.milliseconds(high), "reason": edit.reason,
    }  # fmt: skip
    return tuple(sorted((*edl.omitted, made), key=lambda each: _frame(each, "startFrame")))


def _keep(edl: CanonicalEDL, edit: Keep) -> tuple[Stretch, ...]:
    left = tuple(each for each in edl.omitted if each.get("startFrame") != edit.start_frame)
    if len(left) == len(edl.omitted):
        starts = ", ".join(str(each.get("startFrame")) for each in edl.omitted[:8])
        raise EditRefused(
            f"no stretch that is left out starts at frame {edit.start_frame}", subject="keep",
            remedy=f"Give the start of one: {starts}." if starts else "Nothing is left out.",
        )  # fmt: skip
    return left


def _as_edit(stretch: Stretch) -> Omit:
    return Omit(_frame(stretch, "startFrame"), _frame(stretch, "endFrameExclusive"), str(stretch.get("reason") or ""))


def _frame(stretch: Stretch, name: str) -> int:
    value = stretch.get(name)
    return value if isinstance(value, int) else 0
