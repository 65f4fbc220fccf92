"""Turn what is said in a programme into the stretch of whole sentences that makes the best short, with the reasons.

Rule `short-v2`. A stretch begins before a sentence and ends after one, in the pauses around them (at most 0.15 s before
the first word and 0.25 s after the last), so never inside a word. It lasts from half the limit to the limit; where no
run of whole sentences is that long, the longest that fit count. The score, each part in [0, 1]:

    0.30 speech: how much of the time somebody speaks        0.15 cuts: their mean confidence by duration
    0.15 pace: words a second against the programme's own    0.15 person: how long the speaking person is shown
    0.10 arc: the pace rising from the first third to the last
    less 0.10 for each leading filler word (at most two), less 0.15 for a longest silence of 3 s or more (in proportion)

The EDL carries no loudness, so pace stands for energy. The highest score wins, of equals the earliest; the next best two
that share less than half of their time with a better one are named. A stretch that the operator marked wins over all; if
it is longer than the limit, it ends after the last sentence that ends inside. Without a transcript window.py decides.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ruach_studio.kernel.timebase import FrameRate, clock_text
from ruach_studio.render.plan.decided import Decided, decided
from ruach_studio.render.plan.phrases import Sentence
from ruach_studio.render.plan.wire import Cut, MarkedShort

RULES_VERSION = "short-v2"
SPEECH, PACE, ARC, CUTS, PERSON = 0.30, 0.15, 0.10, 0.15, 0.15
FILLER, SILENCE = 0.10, 0.15
LEAD_IN_S, TAIL_S, LONG_SILENCE_S = Fraction(15, 100), Fraction(25, 100), Fraction(3)
MOST_FILLERS, NAMED = 2, 3
FILLERS = frozenset("ah and anyway but eh er erm hm hmm like mhm now oh okay ok right so uh uhm um well yeah yes".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the rule reads of one sentence: its frames, its words, frames with a word, longest pause, leading fillers."""

    start_frame: int
    end_frame_exclusive: int
    words: int
    spoken_frames: int
    pause_frames: int
    fillers: int


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything that the rule reads."""

    rate: FrameRate
    frames: int
    limit: int
    cuts: tuple[Cut, ...]
    shorts: tuple[MarkedShort, ...]
    spoken: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    end: int
    parts: tuple[float, ...]
    fillers: int
    silence_s: float
    words_a_second: float

    @property
    def score(self) -> float:
        weighed = sum(weight * part for weight, part in zip((SPEECH, PACE, ARC, CUTS, PERSON), self.parts, strict=True))
        return round(weighed - FILLER * self.fillers - SILENCE * min(1.0, self.silence_s / float(LONG_SILENCE_S)), 6)


def condensed(sentences: Sequence[Sentence]) -> tuple[Spoken, ...]:
    """Return what the rule reads of `sentences`."""
    return tuple(
        Spoken(
            each.start_frame, each.end_frame_exclusive, len(each.words),
            sum(word.end_frame_exclusive - word.start_frame for word in each.words),
            max((b.start_frame - a.end_frame_exclusive for a, b in pairwise(each.words)), default=0),
            _fillers(each),
        )
        for each in sentences
    )  # fmt: skip


def choose_short(talk: Talk) -> tuple[int, int, Decided] | None:
    """Return (first frame, end exclusive, why); None where no run of whole sentences fits into the limit."""
    if talk.shorts:
        return _marked(talk, talk.shorts[0])
    stretches = list(_stretches(talk))
    if not stretches:
        return None
    least = min(talk.limit // 2, max(s.end - s.start for s in stretches))
    ranked = sorted((s for s in stretches if s.end - s.start >= least), key=lambda s: (-s.score, s.start, s.end))
    best = ranked[0]
    others: list[_Stretch] = []
    for stretch in ranked[1:]:
        if len(others) < NAMED - 1 and all(_apart(stretch, better) for better in (best, *others)):
            others.append(stretch)
    speech, _, arc, cuts, person = best.parts
    reasons = (
        f"whole sentences from {_text(talk, best.start)} to {_text(talk, best.end)}, {_length(talk, best)}",
        f"somebody speaks {speech:.0%} of it, {best.words_a_second:.1f} words a second "
        "(pace stands for energy, which the EDL does not carry)",
        f"the pace {'rises' if arc > 0.5 else 'does not rise'} from its first to its last third ({arc:.2f})",
        f"mean confidence of its cuts {cuts:.2f}; {person:.0%} of it shows the person who speaks",
        f"filler words first: {best.fillers}; longest silence {best.silence_s:.1f} s",
        f"score {best.score:.3f}, the highest of {len(ranked)} stretches (of equals the earliest)",
        *(f"next: {_text(talk, s.start)} to {_text(talk, s.end)}, score {s.score:.3f}" for s in others),
    )
    return best.start, best.end, _decided(talk, best.start, best.end, reasons, max(0.0, best.score))


def _marked(talk: Talk, short: MarkedShort) -> tuple[int, int, Decided]:
    start, end = short.start_frame, min(short.end_frame_exclusive, short.start_frame + talk.limit)
    reasons = [f"the operator marked {_text(talk, start)} to {_text(talk, short.end_frame_exclusive)}"]
    if end < short.end_frame_exclusive:
        why = f"the format is limited to {_text(talk, talk.limit)}"
        inside = [_out(talk, i) for i, each in enumerate(talk.spoken) if start < each.end_frame_exclusive <= end]
        if inside:
            end = min(inside[-1], end)
            reasons.append(f"ended after the last whole sentence, at {_text(talk, end)}: {why}")
        else:
            reasons.append(f"ended at {_text(talk, end)}, inside a sentence (none ends before): {why}")
    if len(talk.shorts) > 1:
        reasons.append(f"the first of {len(talk.shorts)} marked stretches")
    return start, end, _decided(talk, start, end, tuple(reasons))


def _stretches(talk: Talk) -> Iterator[_Stretch]:
    words = sum(each.words for each in talk.spoken)
    speaking = sum(each.end_frame_exclusive - each.start_frame for each in talk.spoken)
    own_pace = words / max(1, speaking)
    cut_starts = [cut.start_frame for cut in talk.cuts]
    for i in range(len(talk.spoken)):
        start = _into(talk, i)
        for j in range(i, len(talk.spoken)):
            if talk.spoken[j].end_frame_exclusive - start > talk.limit:
                break
            end = min(_out(talk, j), start + talk.limit)
            cuts = talk.cuts[max(0, bisect_right(cut_starts, start) - 1) : bisect_left(cut_starts, end)]
            yield _measured(talk, talk.spoken[i : j + 1], cuts, start, end, own_pace)


def _measured(
    talk: Talk, run: Sequence[Spoken], cuts: Sequence[Cut], start: int, end: int, own_pace: float
) -> _Stretch:  # fmt: skip
    length = end - start
    words = sum(each.words for each in run)
    third = length / 3
    first, last = (_words_in(run, a, b) for a, b in ((start, start + third), (end - third, end)))
    arc = 0.5 if first + last == 0 else 0.5 + 0.5 * (last - first) / (first + last)
    between = [b.start_frame - a.end_frame_exclusive for a, b in pairwise(run)]
    silence = max([each.pause_frames for each in run] + between)
    confidence = person = 0.0
    for cut in cuts:
        frames = min(cut.end_frame_exclusive, end) - max(cut.start_frame, start)
        if frames > 0:
            confidence += cut.confidence * frames
            person += frames if cut.reason == "speaker" else 0
    speech = sum(each.spoken_frames for each in run) / length
    pace = 0.5 * words / length / own_pace if own_pace else 0.0
    parts = (min(1.0, speech), min(1.0, pace), arc, confidence / length, person / length)
    seconds = float(talk.rate.seconds(length))
    return _Stretch(start, end, parts, run[0].fillers, float(talk.rate.seconds(silence)), words / seconds)


def _words_in(run: Sequence[Spoken], lo: float, hi: float) -> float:
    """Return how many words fall into frames [lo, hi), a sentence's words spread evenly over it."""
    total = 0.0
    for each in run:
        inside = min(each.end_frame_exclusive, hi) - max(each.start_frame, lo)
        total += each.words * max(0.0, inside) / (each.end_frame_exclusive - each.start_frame)
    return total


def _into(talk: Talk, i: int) -> int:
    """Return where a stretch that begins with sentence `i` begins: in the pause before it."""
    start, before = talk.spoken[i].start_frame, talk.spoken[i - 1].end_frame_exclusive if i else 0
    return max(start - talk.rate.frame_at(LEAD_IN_S), before)


def _out(talk: Talk, j: int) -> int:
    """Return where a stretch that ends with sentence `j` ends: in the pause after it."""
    end = talk.spoken[j].end_frame_exclusive
    after = talk.spoken[j + 1].start_frame if j + 1 < len(talk.spoken) else talk.frames
    return min(end + talk.rate.frame_at(TAIL_S), after)


def _fillers(sentence: Sentence) -> int:
    count = 0
    for word in sentence.words:
        if count == MOST_FILLERS or word.text.strip(".,;:!?…\"'“”").lower() not in FILLERS:
            break
        count += 1
    return count


def _apart(a: _Stretch, b: _Stretch) -> bool:
    shared = min(a.end, b.end) - max(a.start, b.start)
    return 2 * shared < min(a.end - a.start, b.end - b.start)


def _decided(talk: Talk, start: int, end: int, reasons: tuple[str, ...], confidence: float | None = None) -> Decided:
    read = {
        "rate": str(talk.rate), "frames": talk.frames, "limitFrames": talk.limit, "cuts": talk.cuts, "shorts": talk.shorts,
        "sentences": talk.spoken,
    }  # fmt: skip
    return decided(f"frames_{start}_{end}", reasons, read, RULES_VERSION, confidence)


def _text(talk: Talk, frame: int) -> str:
    return clock_text(float(talk.rate.seconds(frame)))


def _length(talk: Talk, stretch: _Stretch) -> str:
    return f"{float(talk.rate.seconds(stretch.end - stretch.start)):.1f} s"
