"""Turn a programme and a length limit into the stretch that is shown, with the reasons.

Without a limit, or where the programme is short enough, that is everything. Else a stretch that the operator marked
counts. Else rule `short-v1` chooses: a stretch starts at a cut, ends at the last cut within the limit (at least half the
limit long, else exactly at the limit), and the highest score wins: half mean confidence of its cuts by duration, half
share of time on a person who speaks (reason "speaker"). Of equals the earliest wins. Where the EDL carries a transcript,
rule `short-v2` (short.py) keeps to whole sentences instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ruach_studio.kernel.timebase import clock_text
from ruach_studio.render.plan.decided import Decided, decided
from ruach_studio.render.plan.phrases import sentences
from ruach_studio.render.plan.short import Talk, choose_short, condensed
from ruach_studio.render.plan.wire import Cut, LockedEdl, MarkedShort

RULES_VERSION = "short-v1"
SPEAKER_WEIGHT = 0.5
MIN_PART_OF_LIMIT = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Window:
    """Programme frames [start, end) that a format shows; `decided` where something had to be decided.

    `note` says what the decision had to do without.
    """

    start_frame: int
    end_frame_exclusive: int
    decided: Decided | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    end: int
    confidence: float
    speaker_share: float

    @property
    def score(self) -> float:
        return round((1 - SPEAKER_WEIGHT) * self.confidence + SPEAKER_WEIGHT * self.speaker_share, 6)


def choose_window(edl: LockedEdl, max_length_s: Fraction | None) -> Window:
    """Return the frames of `edl` that a format limited to `max_length_s` (None: unlimited) shows."""
    if max_length_s is None:
        return Window(0, edl.frames, None)
    limit = int(max_length_s * edl.rate.value // 1)
    spoken = condensed(sentences(edl.transcript, edl.rate, edl.frames))
    over = edl.frames if not edl.shorts else edl.shorts[0].end_frame_exclusive - edl.shorts[0].start_frame
    if spoken and over > limit:
        found = choose_short(Talk(edl.rate, edl.frames, limit, edl.cuts, edl.shorts, spoken))
        if found is not None:
            return Window(*found)
    if edl.shorts:
        return _marked(edl, edl.shorts[0], limit)
    if edl.frames <= limit:
        reason = f"the whole programme lasts {_text(edl, edl.frames)}, no longer than {_text(edl, limit)}"
        return Window(0, edl.frames, _decided(edl, limit, 0, edl.frames, (reason,)))
    stretches = list(_stretches(edl, limit))
    best = max(stretches, key=lambda s: (s.score, -s.start))
    reasons = (
        f"starts at the cut at {_text(edl, best.start)} and lasts {_text(edl, best.end - best.start)}",
        f"mean confidence of its cuts {best.confidence:.2f}",
        f"{best.speaker_share:.0%} of it shows the person who speaks",
        f"score {best.score:.3f}, the highest of {len(stretches)} stretches (of equals the earliest)",
    )
    return Window(
        best.start, best.end, _decided(edl, limit, best.start, best.end, reasons, best.score),
        "the short begins and ends at cuts, perhaps inside a word: "
        + (f"no run of whole sentences fits into {_text(edl, limit)}" if spoken else "the EDL has no transcript"),
    )  # fmt: skip


def _marked(edl: LockedEdl, short: MarkedShort, limit: int) -> Window:
    end = min(short.end_frame_exclusive, short.start_frame + limit)
    reasons = [f"the operator marked {_text(edl, short.start_frame)} to {_text(edl, short.end_frame_exclusive)}"]
    if end < short.end_frame_exclusive:
        reasons.append(f"ended at {_text(edl, end)}: the format is limited to {_text(edl, limit)}")
    if len(edl.shorts) > 1:
        reasons.append(f"the first of {len(edl.shorts)} marked stretches")
    return Window(short.start_frame, end, _decided(edl, limit, short.start_frame, end, tuple(reasons)))


def _stretches(edl: LockedEdl, limit: int) -> Iterator[_Stretch]:
    boundaries = [cut.end_frame_exclusive for cut in edl.cuts]
    shortest = int(limit * MIN_PART_OF_LIMIT)
    for cut in edl.cuts:
        start = cut.start_frame
        if edl.frames - start < shortest and start > 0:
            break
        ends = [b for b in boundaries if start + shortest <= b <= start + limit]
        end = ends[-1] if ends else min(start + limit, edl.frames)
        yield _measure(edl.cuts, start, end)


def _measure(cuts: Sequence[Cut], start: int, end: int) -> _Stretch:
    confidence = speaker = 0.0
    for cut in cuts:
        frames = min(cut.end_frame_exclusive, end) - max(cut.start_frame, start)
        if frames > 0:
            confidence += cut.confidence * frames
            speaker += frames if cut.reason == "speaker" else 0
    return _Stretch(start, end, confidence / (end - start), speaker / (end - start))


def _decided(
    edl: LockedEdl, limit: int, start: int, end: int, reasons: tuple[str, ...], confidence: float | None = None
) -> Decided:
    read = {"rate": str(edl.rate), "frames": edl.frames, "limitFrames": limit, "cuts": edl.cuts, "shorts": edl.shorts}
    return decided(f"frames_{start}_{end}", reasons, read, RULES_VERSION, confidence)


def _text(edl: LockedEdl, frame: int) -> str:
    return clock_text(float(edl.rate.seconds(frame)))
