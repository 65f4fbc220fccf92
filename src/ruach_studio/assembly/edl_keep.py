"""Turn a new EDL and the operator's locked cuts into one: the locks stand, the rule's cuts fill what is between them.

A locked cut keeps camera, times and id, and everything said of it. The rule's cuts are cut off where a lock begins and ends;
a piece under 2 s that is left beside a lock is given to the rule's next cut, if that reaches it, so that no flash is made.
Where two locks, or a lock and the programme's edge, leave less than 2 s, the piece stays, shows what the rule showed
longest there, and says why (the validator warns: short-beside-lock).
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.kernel.errors import Conflict
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import clock_text

FLASH_S = 2


class LockedCutLost(Conflict):
    """A locked cut has no place in the new programme."""

    code = "locked_cut_lost"


def keep_locked(fresh: CanonicalEDL, base: CanonicalEDL, also: Collection[str] = ()) -> CanonicalEDL:
    """Return `fresh` with every locked cut of `base` in its place, and the cuts whose ids are `also` to be left as they are.

    With no such cut it is `fresh` itself.

    Raises LockedCutLost (409) if the rate or the master changed, a locked camera is no source any more, or a locked cut
    reaches beyond the new programme.
    """
    kept = [cut for cut in base.program if cut.locked or cut.id in also]
    if not kept:
        return fresh
    for cut in kept:
        if cut.locked:
            _refuse_lost(fresh, base, cut)
    flash = int(FLASH_S * fresh.fps.value)
    program: list[Cut] = []
    taken = {cut.id for cut in kept}
    low = 0
    for held in (*kept, None):
        high = fresh.duration_frames if held is None else held.start_frame
        for cut in _filled(fresh, low, high, flash):
            fresh_id = cut.id if cut.id not in taken else uuid5(f"{cut.id}:keep:{cut.start_frame}")
            taken.add(fresh_id)
            program.append(cut if fresh_id == cut.id else replace(cut, id=fresh_id))
        if held is not None:
            program.append(held)
            low = held.end_frame_exclusive
    program[0] = replace(program[0], picture_offset_frames=0)
    source = "hybrid" if any(cut.locked for cut in kept) else fresh.source
    return replace(fresh, program=tuple(program), source=source)


def _refuse_lost(fresh: CanonicalEDL, base: CanonicalEDL, cut: Cut) -> None:
    fact = ""
    if (fresh.fps, fresh.master_camera) != (base.fps, base.master_camera):
        fact = f"it is counted in frames of {named(base.master_camera)}, which is not the master any more"
    elif not fresh.can_show(cut.camera):
        fact = f"it shows {named(cut.camera)}, which has no picture here any more"
    elif cut.end_frame_exclusive > fresh.duration_frames:
        fact = "it reaches beyond the end of the programme"
    if fact:
        at = clock_text(round(float(base.fps.seconds(cut.start_frame)), 1))
        raise LockedCutLost(
            f"the cut at {at} is locked, and {fact}", subject=cut.id, remedy=f"Unlock it in version {base.version} first."
        )


def _filled(fresh: CanonicalEDL, low: int, high: int, flash: int) -> Sequence[Cut]:
    """Return the rule's cuts in [low, high) without a flash at either end, if there is room."""
    if low >= high:
        return ()
    there = [cut for cut in fresh.program if cut.start_frame < high and cut.end_frame_exclusive > low]
    if there[0].start_frame == low and there[-1].end_frame_exclusive == high:
        return there
    if high - low < flash:
        longest = max(there, key=lambda cut: min(cut.end_frame_exclusive, high) - max(cut.start_frame, low))
        said = f"only {float((high - low) / fresh.fps.value):.2f} s are left between what must stay"
        return (_cut_off(longest, low, high, said),)
    pieces = [(cut, max(cut.start_frame, low), min(cut.end_frame_exclusive, high)) for cut in there]
    # A whole cut of the rule's may be short (a last one); only what a lock cut off is a flash of our own making.
    while len(pieces) > 1 and pieces[0][2] - low < flash and pieces[0][0].start_frame < low:
        pieces[:2] = [(pieces[1][0], low, pieces[1][2])]
    while len(pieces) > 1 and high - pieces[-1][1] < flash and pieces[-1][0].end_frame_exclusive > high:
        pieces[-2:] = [(pieces[-2][0], pieces[-2][1], high)]
    return tuple(_cut_off(cut, start, end) for cut, start, end in pieces)


def _cut_off(cut: Cut, start: int, end: int, said: str = "") -> Cut:
    if (start, end) == (cut.start_frame, cut.end_frame_exclusive):
        return cut
    reasons = (*cut.reasons, said) if said else cut.reasons
    if start == cut.start_frame and cut.sound_frame < end:
        return replace(cut, end_frame_exclusive=end, reasons=reasons)
    return replace(cut, start_frame=start, end_frame_exclusive=end, picture_offset_frames=0, reasons=reasons)
