"""Turn straight cuts at changes of speaker into J- or L-cuts: the picture leads or lags, the sound stays where it is.

`frames` < 0: the next speaker is seen that much before he is heard in place of the other (L-cut); > 0: he is heard first
(J-cut). Only a cut from one speaker's shot to another camera's speaker moves, only if both shots keep the minimum length
and the camera that is shown longer was recording; a cut that cannot move says so. The programme's sound is one continuous
track, so nothing else changes. Ids stay. Counterparts: `edits.OffsetPicture` does it for one cut by hand.
"""

from dataclasses import replace

from ruach_studio.assembly.edl_model import CanonicalEDL
from ruach_studio.assembly.edl_validate import PICTURE_OFFSET_MAX_S
from ruach_studio.kernel.errors import BadInput


def offset_pictures(edl: CanonicalEDL, frames: int, *, min_shot_s: float) -> CanonicalEDL:
    """Return `edl` with its pictures offset at speaker changes. Raises BadInput beyond 2 s."""
    if frames == 0:
        return edl
    most = int(PICTURE_OFFSET_MAX_S * edl.fps.value)
    if abs(frames) > most:
        raise BadInput(
            f"{frames:+d} frames are more than {PICTURE_OFFSET_MAX_S} s", subject="pictureOffsetFrames",
            remedy=f"Give {-most} to {most}.",
        )  # fmt: skip
    shortest = edl.fps.frame_at(min_shot_s)
    program = list(edl.program)
    for i in range(1, len(program)):
        before, cut = program[i - 1], program[i]
        if {before.reason, cut.reason} != {"speaker"} or before.camera == cut.camera:
            continue
        start = cut.start_frame + frames
        longer = cut.camera if frames < 0 else before.camera
        low, high = sorted((edl.fps.milliseconds(start), edl.fps.milliseconds(cut.start_frame)))
        if min(start - before.start_frame, cut.end_frame_exclusive - start) < shortest:
            program[i] = replace(
                cut, reasons=(*cut.reasons, f"cut straight: {frames:+d} frames would leave too short a shot")
            )
        elif edl.sources[longer].covered_ms(low, high) < high - low - 1.0:
            program[i] = replace(cut, reasons=(*cut.reasons, f"cut straight: {longer} was not recording there"))
        else:
            words = f"the picture {'lags' if frames > 0 else 'leads'} the sound by {abs(frames)} frames"
            program[i - 1] = replace(before, end_frame_exclusive=start)
            program[i] = replace(cut, start_frame=start, picture_offset_frames=frames, reasons=(*cut.reasons, words))
    return replace(edl, program=tuple(program))
