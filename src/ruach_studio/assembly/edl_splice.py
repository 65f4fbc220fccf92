"""Turn two EDLs of one session into one: the newer one's cuts inside a range, the older one's everywhere else.

What lies wholly outside the range is taken over as it is, to the byte; so is a locked cut, wherever it lies. A cut of the
older one that straddles the range's edge is shortened; where it goes on behind the range it becomes a cut of its own, with
an id from the frame where it begins. A piece under 2 s at an edge is given to its neighbour inside the range, so that a seam
makes no flash; where locked cuts leave no room for that, the piece stays and says why. Counterparts: `edl_keep.py` for
locks, `usecases/replay_assembly.py`.
"""

from dataclasses import replace

from ruach_studio.assembly.edl_keep import FLASH_S, keep_locked
from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import uuid5


def splice(base: CanonicalEDL, fresh: CanonicalEDL, start_frame: int, end_frame: int) -> CanonicalEDL:
    """Return `fresh` with `base`'s cuts before `start_frame`, from `end_frame` on, and `base`'s locked cuts anywhere.

    Raises BadInput for EDLs of different length or rate, ValueError for an empty range or one outside the programme
    (`frames_of` refuses it in words).
    """
    if (base.fps, base.duration_frames) != (fresh.fps, fresh.duration_frames):
        raise BadInput(
            "the programme's length or rate is another one now", subject=base.session_id,
            remedy="Replay the whole session instead of a range.",
        )  # fmt: skip
    if not 0 <= start_frame < end_frame <= base.duration_frames:
        raise ValueError(f"frames {start_frame} to {end_frame} of {base.duration_frames}")
    before = [cut for cut in base.program if cut.end_frame_exclusive <= start_frame]
    behind = [cut for cut in base.program if cut.start_frame >= end_frame]
    inside = [
        _clipped(fresh, cut, start_frame, end_frame)
        for cut in fresh.program
        if cut.start_frame < end_frame and cut.end_frame_exclusive > start_frame
    ]
    flash = int(FLASH_S * base.fps.value)
    for cut in base.program:  # the one or two that straddle an edge
        if cut.start_frame < start_frame < cut.end_frame_exclusive:
            if start_frame - cut.start_frame < flash:
                inside[0] = replace(inside[0], start_frame=cut.start_frame, picture_offset_frames=0)
            else:
                inside.insert(0, _clipped(base, cut, 0, start_frame))
        if cut.start_frame < end_frame < cut.end_frame_exclusive:
            if cut.end_frame_exclusive - end_frame < flash:
                inside[-1] = replace(inside[-1], end_frame_exclusive=cut.end_frame_exclusive)
            else:
                inside.append(_clipped(base, cut, end_frame, cut.end_frame_exclusive))
    middle = _named_anew(_joined(inside), {cut.id for cut in (*before, *behind)})
    spliced = replace(
        fresh, program=(*before, *middle, *behind), source="auto" if base.source == "auto" else "hybrid",
        chapters=base.chapters, overlays=base.overlays, shorts=base.shorts, omitted=base.omitted,
    )  # fmt: skip
    return keep_locked(spliced, base, {cut.id for cut in (*before, *behind)})


def frames_of(base: CanonicalEDL, from_ms: float, to_ms: float) -> tuple[int, int]:
    """Return the first frame of a range of master time, and the one behind it. Raises BadInput in milliseconds."""
    low, high = base.fps.frame_at_ms(from_ms), base.fps.frame_at_ms(to_ms)
    if not 0 <= low < high <= base.duration_frames:
        raise BadInput(
            f"{from_ms:g} to {to_ms:g} ms is no range of this programme", subject="range",
            remedy=f"Give a range of a frame or more within 0 and {base.duration_ms:.0f} ms.",
        )  # fmt: skip
    return low, high


def _clipped(edl: CanonicalEDL, cut: Cut, low: int, high: int) -> Cut:
    start, end = max(cut.start_frame, low), min(cut.end_frame_exclusive, high)
    if start == cut.start_frame:
        offset = cut.picture_offset_frames if cut.sound_frame < end else 0
        return replace(cut, end_frame_exclusive=end, picture_offset_frames=offset)
    fresh_id = uuid5(f"{edl.session_id}:splice:{start}")
    return replace(
        cut, id=fresh_id, start_frame=start, end_frame_exclusive=end, picture_offset_frames=0, locked=False
    )  # fmt: skip


def _joined(cuts: list[Cut]) -> list[Cut]:
    """Join neighbours that show the same camera for the same reasons across a seam."""
    joined: list[Cut] = []
    for cut in cuts:
        if joined and joined[-1].camera == cut.camera and joined[-1].reasons == cut.reasons:
            joined[-1] = replace(joined[-1], end_frame_exclusive=cut.end_frame_exclusive)
        else:
            joined.append(cut)
    return joined


def _named_anew(cuts: list[Cut], outside: set[str]) -> list[Cut]:
    """Give a cut whose id is taken already another one; the cuts outside keep theirs."""
    named: list[Cut] = []
    taken = set(outside)
    for cut in cuts:
        fresh_id = cut.id if cut.id not in taken else uuid5(f"{cut.id}:splice:{cut.start_frame}")
        taken.add(fresh_id)
        named.append(replace(cut, id=fresh_id))
    return named
