"""Turn two EDLs of one session into one: the newer one's cuts inside a range, the older one's everywhere else.

A cut of the older one that straddles the range's edge is shortened; where it goes on behind the range it becomes a cut of
its own, with an id from the frame where it begins. A piece under 2 s at an edge is given to its neighbour inside the
range, so that a seam makes no flash. Counterpart: `usecases/replay_assembly.py`.
"""

from dataclasses import replace

from ruach_studio.assembly.edl_model import CanonicalEDL, Cut
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import uuid5

FLASH_S = 2


def splice(base: CanonicalEDL, fresh: CanonicalEDL, start_frame: int, end_frame: int) -> CanonicalEDL:
    """Return `fresh` with `base`'s cuts before `start_frame` and from `end_frame` on.

    Raises BadInput for an empty range, one outside the programme, or EDLs of different length or rate.
    """
    if (base.fps, base.duration_frames) != (fresh.fps, fresh.duration_frames):
        raise BadInput(
            "the programme's length or rate is another one now", subject=base.session_id,
            remedy="Replay the whole session instead of a range.",
        )  # fmt: skip
    if not 0 <= start_frame < end_frame <= base.duration_frames:
        raise BadInput(
            f"frames {start_frame} to {end_frame} are no range of this programme", subject="range",
            remedy=f"Give a range within 0 and {base.duration_frames} frames.",
        )  # fmt: skip
    before = [_clipped(base, cut, 0, start_frame) for cut in base.program if cut.start_frame < start_frame]
    inside = [
        _clipped(fresh, cut, start_frame, end_frame)
        for cut in fresh.program
        if cut.start_frame < end_frame and cut.end_frame_exclusive > start_frame
    ]
    behind = [
        _clipped(base, cut, end_frame, base.duration_frames) for cut in base.program if cut.end_frame_exclusive > end_frame
    ]
    flash = int(FLASH_S * base.fps.value)
    if before and before[-1].frames < flash:
        inside[0] = replace(inside[0], start_frame=before.pop().start_frame)
    if behind and behind[0].frames < flash:
        inside[-1] = replace(inside[-1], end_frame_exclusive=behind.pop(0).end_frame_exclusive)
    program = _joined([*before, *inside, *behind])
    return replace(
        fresh, program=tuple(program), source="auto" if base.source == "auto" else "hybrid",
        chapters=base.chapters, overlays=base.overlays, shorts=base.shorts,
    )  # fmt: skip


def _clipped(edl: CanonicalEDL, cut: Cut, low: int, high: int) -> Cut:
    start, end = max(cut.start_frame, low), min(cut.end_frame_exclusive, high)
    if start == cut.start_frame:
        return replace(cut, end_frame_exclusive=end)
    return replace(cut, id=uuid5(f"{edl.session_id}:splice:{start}"), start_frame=start, end_frame_exclusive=end)


def _joined(cuts: list[Cut]) -> list[Cut]:
    """Join neighbours that show the same camera across a seam, and give a repeated id a new one."""
    joined: list[Cut] = []
    taken: set[str] = set()
    for cut in cuts:
        if joined and joined[-1].camera == cut.camera and joined[-1].reasons == cut.reasons:
            joined[-1] = replace(joined[-1], end_frame_exclusive=cut.end_frame_exclusive)
            continue
        fresh_id = cut.id if cut.id not in taken else uuid5(f"{cut.id}:splice:{cut.start_frame}")
        taken.add(fresh_id)
        joined.append(replace(cut, id=fresh_id))
    return joined
