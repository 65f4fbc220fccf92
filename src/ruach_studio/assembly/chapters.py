"""Turn a programme's pauses and speaker changes into chapters of about seven minutes, three at least.

From each chapter's start every pause of 1.5 s or more, and every change of speaker, between 3 and 12 minutes on is a place
to break; the cheapest wins: |minutes from 7| - 0.6 x seconds of pause (5 at most) - 0.5 if the speaker changes there. Where
there is no such place the chapter goes on. The break lies where speech begins again. A title is the chapter's first five
words in the transcript, else "Section n": the same every time, no model is asked.
"""

from collections.abc import Sequence

from ruach_studio.assembly.angles_shot import named
from ruach_studio.assembly.edl_model import CanonicalEDL
from ruach_studio.assembly.pauses import Pause
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.kernel.timebase import clock_text

TARGET_S, MIN_S, MAX_S = 420.0, 180.0, 720.0
PAUSE_MIN_S, PAUSE_MAX_S, PAUSE_WEIGHT = 1.5, 5.0, 0.6
CHANGE_WEIGHT, CHANGE_WITHIN_S = 0.5, 2.0
TITLE_WORDS = 5


def chapters(
    edl: CanonicalEDL, quiet: Sequence[Pause], transcript: Transcript | None = None
) -> tuple[dict[str, object], ...]:
    """Return the chapters as the EDL carries them: startMs (on a frame), title, reason."""
    rate = float(edl.fps.value)
    end_s = edl.duration_frames / rate
    changes = [
        (b.start_frame / rate, b.camera)
        for a, b in zip(edl.program, edl.program[1:], strict=False)
        if b.reason == "speaker" and a.camera != b.camera
    ]
    long = [pause for pause in quiet if pause.length_s >= PAUSE_MIN_S]
    places = sorted({pause.end_s for pause in long} | {at for at, _ in changes})
    starts, reasons = [0.0], ["the programme begins"]
    while True:
        low, high = starts[-1] + MIN_S, min(starts[-1] + MAX_S, end_s - MIN_S)
        best: tuple[float, float, str] | None = None
        for at in places:
            if low <= at <= high:
                cost, why = _cost(at, starts[-1], long, changes)
                if best is None or cost < best[0] - 1e-9:
                    best = (cost, at, why)
        if best is None:
            break
        starts.append(best[1])
        reasons.append(best[2])
    marks: list[dict[str, object]] = []
    for number, (start, reason) in enumerate(zip(starts, reasons, strict=True), 1):
        start_ms = edl.fps.milliseconds(edl.fps.frame_at(start))
        until_ms = starts[number] * 1000.0 if number < len(starts) else end_s * 1000.0
        said = transcript.words_from(start_ms, until_ms, TITLE_WORDS) if transcript else ""
        marks.append({"startMs": start_ms, "title": said or f"Section {number}", "reason": reason})
    return tuple(marks)


def _cost(at: float, since: float, long: Sequence[Pause], changes: Sequence[tuple[float, str]]) -> tuple[float, str]:
    pause = next((each for each in long if each.end_s == at), None)
    speaker = next((camera for when, camera in changes if abs(when - at) <= CHANGE_WITHIN_S), None)
    cost = abs(at - since - TARGET_S) / 60.0
    words = []
    if pause is not None:
        cost -= PAUSE_WEIGHT * min(pause.length_s, PAUSE_MAX_S)
        words.append(f"a pause of {pause.length_s:.1f} s")
    if speaker is not None:
        cost -= CHANGE_WEIGHT
        words.append(f"the speaker of {named(speaker)} begins")
    return cost, f"{' and '.join(words)} at {clock_text(round(at, 1))}, {(at - since) / 60.0:.1f} min on"
