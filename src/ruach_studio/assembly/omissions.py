"""Turn long silences and filler words into stretches to be left out; the programme itself stays gap-free.

trimSilence: a pause of 2 s or more, less half a second on both sides. removeFiller: a word of the transcript that is one of
the fillers below; it needs words with times. The EDL lists them (`omitted`) and what follows keeps its master time; renders
and exports leave them out, and the operator can show any of them again (`edit_omissions.py`).
"""

from collections.abc import Sequence

from ruach_studio.assembly.edl_model import CanonicalEDL
from ruach_studio.assembly.pauses import Pause
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.kernel.errors import BadInput

SILENCE_MIN_S, SILENCE_KEPT_S = 2.0, 0.5
FILLERS = frozenset(("ah", "eh", "ehm", "er", "erm", "hm", "hmm", "mm", "mmm", "uh", "uhm", "um", "umm", "äh", "ähm"))


def omissions(
    edl: CanonicalEDL, quiet: Sequence[Pause], *, silence: bool, fillers: Transcript | None
) -> tuple[dict[str, object], ...]:
    """Return the stretches to leave out, in order, none overlapping. Raises BadInput if fillers are wanted without words."""
    found: list[tuple[int, int, str]] = []
    if silence:
        for pause in quiet:
            if pause.length_s >= SILENCE_MIN_S - 1e-9:
                low, high = edl.fps.frame_at(pause.start_s + SILENCE_KEPT_S), edl.fps.frame_at(pause.end_s - SILENCE_KEPT_S)
                found.append((low, high, f"silence of {pause.length_s:.1f} s"))
    if fillers is not None:
        words = [word for segment in fillers.segments for word in segment.words]
        if not words:
            raise BadInput(
                "fillers can only be found in a transcript with the times of its words", subject="removeFiller",
                remedy="Give the session such a transcript, or leave removeFiller out.",
            )  # fmt: skip
        for word in words:
            if word.text.strip(" ,.;:!?…-").lower() in FILLERS:
                low, high = edl.fps.frame_at_ms(word.start_ms), edl.fps.frame_at_ms(word.end_ms)
                found.append((low, high, f"filler “{word.text.strip()}”"))
    merged: list[tuple[int, int, str]] = []
    for low, high, reason in sorted(found):
        start, end = max(0, low), min(high, edl.duration_frames)
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end), f"{merged[-1][2]}, {reason}")
        elif start < end:
            merged.append((start, end, reason))
    return tuple(
        {
            "startFrame": start, "endFrameExclusive": end, "startMs": edl.fps.milliseconds(start),
            "endMs": edl.fps.milliseconds(end), "reason": reason,
        }
        for start, end, reason in merged
    )  # fmt: skip
