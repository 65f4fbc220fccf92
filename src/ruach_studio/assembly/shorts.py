"""Turn a programme into suggestions for short films of 15 to 60 s: dense speech, an arc of energy, whole sentences.

A stretch begins where speech begins after a pause of 0.4 s or more and ends where a pause begins (with a transcript also
where a sentence begins and ends). Score, 0 to 1 = 0.5 x share of windows in which somebody is heard + 0.3 x arc (how far
its loudest two seconds lie above the programme's median speech, 12 dB = 1) + 0.2 x changes of speaker (one in 10 s = 1).
The best come first, none overlaps another, at most five.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels
from ruach_studio.assembly.edl_model import CanonicalEDL
from ruach_studio.assembly.pauses import Activity, Pause
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.kernel.timebase import clock_text

MIN_S, MAX_S = 15.0, 60.0
PAUSE_MIN_S = 0.4
SUGGESTIONS_MAX = 5
DENSITY_WEIGHT, ARC_WEIGHT, CHANGE_WEIGHT = 0.5, 0.3, 0.2
ARC_S = 2.0
ARC_FULL_DB, CHANGES_FULL_PER_S = 12.0, 0.1
TITLE_WORDS = 6
SENTENCE_ENDS = (".", "!", "?")


def shorts(
    edl: CanonicalEDL, heard: Activity, quiet: Sequence[Pause], transcript: Transcript | None = None
) -> tuple[dict[str, object], ...]:
    """Return the suggestions as the EDL carries them: startMs, endMs, title, hook, score, reasons; best first."""
    rate = float(edl.fps.value)
    begins, ends = _bounds(edl.duration_frames / rate, quiet, transcript)
    spoken = np.concatenate([[0], np.cumsum(heard.speaking)])
    usual = float(np.median(heard.level_db[heard.speaking])) if heard.speaking.any() else 0.0
    changes = [
        b.start_frame / rate
        for a, b in zip(edl.program, edl.program[1:], strict=False)
        if a.camera != b.camera and "wide" not in (a.reason, b.reason)
    ]
    starts = np.array([b for b in begins for _ in range(*_reach(b, ends))])
    stops = np.array([ends[i] for b in begins for i in range(*_reach(b, ends))])
    low = np.rint(starts / heard.window_s).astype(np.int64)
    high = np.minimum(np.rint(stops / heard.window_s).astype(np.int64), heard.speaking.size)
    usable = high > low
    starts, stops, low, high = starts[usable], stops[usable], low[usable], high[usable]
    if not starts.size:
        return ()
    density = (spoken[high] - spoken[low]) / (high - low)
    turns = np.searchsorted(changes, stops, side="right") - np.searchsorted(changes, starts, side="right")
    arc_db = _highest(_means(heard), low, high) - usual
    score = (
        DENSITY_WEIGHT * density
        + ARC_WEIGHT * np.clip(arc_db / ARC_FULL_DB, 0.0, 1.0)
        + CHANGE_WEIGHT * np.minimum(turns / (stops - starts) / CHANGES_FULL_PER_S, 1.0)
    )
    columns = (np.round(score, 4), starts, stops, density, arc_db, turns)
    rated = list(zip(*(column.tolist() for column in columns), strict=True))
    rated.sort(key=lambda each: (-each[0], each[1], each[2]))
    kept: list[tuple[float, float, float, float, float, int]] = []
    for each in rated:
        if all(each[2] <= other[1] or each[1] >= other[2] for other in kept):
            kept.append(each)
        if len(kept) == SUGGESTIONS_MAX:
            break
    return tuple(_mark(edl, number, each, transcript) for number, each in enumerate(kept, 1))


def _reach(start: float, ends: Sequence[float]) -> tuple[int, int]:
    """Return which of `ends` are 15 to 60 s behind `start`."""
    return bisect_left(ends, start + MIN_S - 1e-9), bisect_right(ends, start + MAX_S + 1e-9)


def _means(heard: Activity) -> Levels:
    """Return the level's mean over ARC_S around each window; silence counts as 60 dB below the threshold."""
    level = np.where(np.isfinite(heard.level_db), np.maximum(heard.level_db, -60.0), -60.0)
    length = max(1, round(ARC_S / heard.window_s))
    return np.convolve(level, np.ones(length) / length, mode="same")


def _highest(level: Levels, low: Counts, high: Counts) -> Levels:
    """Return the highest level in [low, high), for all pairs at once: maxima over powers of two, two of which cover any."""
    table = [level]
    while 2 ** len(table) <= int((high - low).max()):
        last, half = table[-1], 2 ** (len(table) - 1)
        table.append(np.maximum(last, np.concatenate([last[half:], np.full(half, -np.inf)])[: last.size]))
    power = np.floor(np.log2(high - low)).astype(np.int64)
    stacked = np.stack(table)
    found: Levels = np.maximum(stacked[power, low], stacked[power, high - 2**power])
    return found


def _bounds(duration_s: float, quiet: Sequence[Pause], transcript: Transcript | None) -> tuple[list[float], list[float]]:
    if transcript is not None:
        segments = transcript.segments
        begins = {s.start_ms / 1000.0 for i, s in enumerate(segments) if i == 0 or _closes(segments[i - 1].text)}
        ends = {s.end_ms / 1000.0 for s in segments if _closes(s.text)}
        if ends:
            return sorted(b for b in begins if b < duration_s), sorted(e for e in ends if e <= duration_s)
    pauses = [pause for pause in quiet if pause.length_s >= PAUSE_MIN_S - 1e-9]
    begins = {pause.end_s for pause in pauses if pause.end_s < duration_s} | {0.0}
    return sorted(begins), sorted({pause.start_s for pause in pauses} | {duration_s})


def _closes(text: str) -> bool:
    return text.rstrip().rstrip("\"'”»)").endswith(SENTENCE_ENDS)


def _mark(
    edl: CanonicalEDL, number: int, each: tuple[float, float, float, float, float, int], transcript: Transcript | None
) -> dict[str, object]:
    score, start, end, density, arc_db, turns = each
    start_ms = edl.fps.milliseconds(edl.fps.frame_at(start))
    end_ms = edl.fps.milliseconds(min(edl.fps.frame_at(end), edl.duration_frames))
    said = transcript.words_from(start * 1000.0, end * 1000.0, TITLE_WORDS) if transcript else ""
    mark: dict[str, object] = {
        "startMs": start_ms, "endMs": end_ms, "title": said or f"Short {number}", "score": score, "suggested": True,
        "reasons": [
            f"{density:.0%} of {end - start:.1f} s from {clock_text(round(start, 1))} is speech",
            f"its loudest two seconds are {arc_db:+.1f} dB against the programme's median",
            f"{turns} changes of speaker",
            "it begins and ends with a sentence" if transcript else "it begins and ends at a pause",
        ],
    }  # fmt: skip
    return {**mark, "hook": said} if said else mark
