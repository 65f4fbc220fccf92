"""Turn a transcript into captions that a viewer can read in time, and into whole sentences.

A caption ends where a sentence ends, where the speaker changes, and where the pause to the next word is longer than
`gap_s`. What stands between two such ends is divided into as few captions as fit: `lines` lines of `line_chars`
characters, `longest_s` from the first word's start to the last one's end. Among equally few, the division is taken that
breaks after , ; : or a dash and leaves no caption nearly empty (least squares of unused characters, as in Knuth and Plass,
Breaking Paragraphs into Lines, 1981); so no single word is left over. The text stands on one line if it fits, else on
lines of nearly equal length, parted after a clause where that costs little, never breaking a word: one longer than a line
stands alone.

A caption is shown until its last word is said, then on until it has stood for `shortest_s`, and up to the next one if
that follows within `bridge_s`, but never over it. A lone word that lasts longer than `longest_s` is cut off there.
Counterparts: said.py places the words; lettering.py says what a caption is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, pairwise

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.lettering import Caption, CaptionWord
from ruach_studio.render.plan.said import Said, said
from ruach_studio.render.plan.spoken import SpokenTranscript

PAUSE_OF_SENTENCE_S = Fraction(8, 10)
_CAPTION_COST = 1_000_000
_MIDDLE_COST = 150  # a break inside a clause weighs as much as 12 unused characters
_MIDDLE_LINE_COST = 60
_CLAUSE_ENDS = (",", ";", ":", "–", "—")


@dataclass(frozen=True, slots=True)
class PhraseLimits:
    """What a viewer can read at once: two lines of 20 characters in a tall picture, of 42 in a wide one."""

    line_chars: int = 20
    lines: int = 2
    gap_s: Fraction = Fraction(45, 100)
    longest_s: Fraction = Fraction(32, 10)
    shortest_s: Fraction = Fraction(8, 10)
    bridge_s: Fraction = Fraction(25, 100)


TALL = PhraseLimits()
WIDE = PhraseLimits(line_chars=42, longest_s=Fraction(6))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One whole sentence during programme frames [start, end)."""

    start_frame: int
    end_frame_exclusive: int
    text: str
    words: tuple[CaptionWord, ...] = ()
    speaker: str | None = None


def phrases(
    transcript: SpokenTranscript | None, rate: FrameRate, frames: int, limits: PhraseLimits = TALL
) -> tuple[Caption, ...]:
    """Return the captions of a programme of `frames`, in order, none overlapping; () without a transcript.

    Raises TranscriptUnreadable if it holds more words than the programme has frames.
    """
    if transcript is None:
        return ()
    shown = [
        (part, _shown(part, rate, limits))
        for run in _runs(said(transcript, rate, frames), limits.gap_s)
        for part in _divided(run, rate, limits)
    ]
    shortest, bridge = max(1, rate.frame_at(limits.shortest_s)), rate.frame_at(limits.bridge_s)
    captions: list[Caption] = []
    for i, (part, words) in enumerate(shown):
        start, said_until = words[0].start_frame, words[-1].end_frame_exclusive
        following = shown[i + 1][1][0].start_frame if i + 1 < len(shown) else frames
        end = min(max(said_until, start + shortest), following)
        if i + 1 < len(shown) and following - end <= bridge and following - start <= rate.frame_at(limits.longest_s):
            end = following
        captions.append(Caption(start, end, _lines(words, limits), part[0].speaker))
    return tuple(captions)


def sentences(transcript: SpokenTranscript | None, rate: FrameRate, frames: int) -> tuple[Sentence, ...]:
    """Return the programme's sentences in order; () without a transcript.

    A sentence also ends where the speaker changes and before a pause of 0.8 s or more: not every transcript has full stops.
    Raises TranscriptUnreadable if it holds more words than the programme has frames.
    """
    if transcript is None:
        return ()
    found = []
    for run in _runs(said(transcript, rate, frames), PAUSE_OF_SENTENCE_S, inclusive=True):
        words = tuple(each.word for each in run)
        text = " ".join(word.text for word in words)
        found.append(Sentence(words[0].start_frame, words[-1].end_frame_exclusive, text, words, run[0].speaker))
    return tuple(found)


def _runs(words: Sequence[Said], gap_s: Fraction, *, inclusive: bool = False) -> Iterator[Sequence[Said]]:
    """Yield the stretches between sentence ends, changes of speaker, and pauses over (or of) `gap_s`."""
    begin = 0
    for i, each in enumerate(words):
        last = i + 1 == len(words)
        pause = each.pause_s > gap_s or (inclusive and each.pause_s == gap_s)
        if last or each.ends_sentence or pause or words[i + 1].speaker != each.speaker:
            yield words[begin : i + 1]
            begin = i + 1


def _divided(run: Sequence[Said], rate: FrameRate, limits: PhraseLimits) -> list[Sequence[Said]]:
    """Return `run` in the fewest parts that fit, of these the best balanced; ties go to the longer part first."""
    room, longest = limits.line_chars * limits.lines, max(1, rate.frame_at(limits.longest_s))
    best: list[tuple[int, int]] = [(0, len(run))] * (len(run) + 1)  # cost of run[i:], where its first part ends
    for i in range(len(run) - 1, -1, -1):
        chars, found = -1, None
        for j in range(i, len(run)):
            chars += len(run[j].word.text) + 1
            if j > i and not _fits(run[i : j + 1], longest, limits):
                break
            cost = best[j + 1][0] + _CAPTION_COST + max(0, room - chars) ** 2
            if j + 1 < len(run) and not run[j].word.text.endswith(_CLAUSE_ENDS):
                cost += _MIDDLE_COST
            if found is None or cost <= found[0]:
                found = (cost, j + 1)
        best[i] = found or (0, i + 1)
    parts, at = [], 0
    while at < len(run):
        parts.append(run[at : best[at][1]])
        at = best[at][1]
    return parts


def _fits(part: Sequence[Said], longest: int, limits: PhraseLimits) -> bool:
    lasts = part[-1].word.end_frame_exclusive - part[0].word.start_frame
    lengths = [len(each.word.text) for each in part]
    return lasts <= longest and max(lengths) <= limits.line_chars and _filled(lengths, limits.line_chars) <= limits.lines


def _filled(lengths: Sequence[int], width: int) -> int:
    """Return how many lines of `width` the words need, each line filled before the next."""
    lines, used = 1, -1
    for length in lengths:
        if used >= 0 and used + 1 + length > width:
            lines, used = lines + 1, -1
        used += 1 + length
    return lines


def _shown(part: Sequence[Said], rate: FrameRate, limits: PhraseLimits) -> tuple[CaptionWord, ...]:
    """Return the part's words; a lone one is cut off at the longest time."""
    words = tuple(each.word for each in part)
    until = words[0].start_frame + max(1, rate.frame_at(limits.longest_s))
    return tuple(replace(word, end_frame_exclusive=min(word.end_frame_exclusive, until)) for word in words)


def _lines(words: tuple[CaptionWord, ...], limits: PhraseLimits) -> tuple[tuple[CaptionWord, ...], ...]:
    """Return the words on the fewest lines that hold them: nearly equal, rather parted after a clause, the upper shorter."""
    count = _filled([len(word.text) for word in words], limits.line_chars)
    if count == 1:
        return (words,)

    def cost(breaks: tuple[int, ...]) -> int:
        lengths = [sum(len(word.text) + 1 for word in words[a:b]) - 1 for a, b in pairwise((0, *breaks, len(words)))]
        too_long = sum(length > limits.line_chars for length in lengths)
        inside = sum(not words[at - 1].text.endswith(_CLAUSE_ENDS) for at in breaks)
        return too_long * _CAPTION_COST + sum(length**2 for length in lengths) + inside * _MIDDLE_LINE_COST

    breaks = (0, *min(combinations(range(1, len(words)), count - 1), key=cost), len(words))
    return tuple(words[a:b] for a, b in pairwise(breaks))
