"""Turn a transcript into single words in programme frames, and say which of them end a sentence.

A segment's own words are taken if they spell its text; else (none there, or the text was corrected by hand) the text's
words share the segment's time by their characters, each with the blank after it. The segment's text is the truth.

A word's frames are those of its times (nearest boundary), at least one, and begin after those of the word before begin;
where more words than frames stand in a place, they move later one frame each. Words that lie wholly outside the programme
are left out. Counterpart: phrases.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.lettering import CaptionWord
from ruach_studio.render.plan.spoken import SpokenSegment, SpokenTranscript, SpokenWord, TranscriptUnreadable

_ENDS = ".!?…。！？؟"
_CLOSERS = "\"'”’»)]}"
# Words whose full stop ends nothing: always, or (books of the Bible) before a chapter's number.
_TITLES = frozenset("mr mrs ms dr st prof rev fr sr jr vs e.g i.e cf".split())  # noqa: SIM905
_BOOKS = frozenset(
    "gen ex exod lev num deut josh judg sam kgs chron neh esth ps pss prov eccl isa jer lam ezek dan hos obad jon mic nah"  # noqa: SIM905
    " hab zeph hag zech mal matt mk lk jn rom cor gal eph phil col thess tim tit philem heb jas pet jude v vv ch".split()
)


@dataclass(frozen=True, slots=True)
class Said:
    """One word in the programme: its frames, who said it, and the pause in seconds before the next word (0 for the last)."""

    word: CaptionWord
    speaker: str | None
    pause_s: Fraction
    ends_sentence: bool


def said(transcript: SpokenTranscript, rate: FrameRate, frames: int) -> tuple[Said, ...]:
    """Return every word said within the programme's `frames`, in order, none sharing a frame with another.

    Raises TranscriptUnreadable if it holds more words than the programme has frames.
    """
    end_s = rate.seconds(frames)
    words = [
        (word, segment.speaker)
        for segment in transcript.segments
        for word in _words(segment)
        if word.end_s > 0 and word.start_s < end_s
    ]
    if len(words) > frames:
        raise TranscriptUnreadable(
            f"it has {len(words)} words in {frames} frames", subject="transcript",
            remedy="Import the transcript that belongs to this session.",
        )  # fmt: skip
    starts = _starts([rate.frame_at(word.start_s) for word, _ in words], frames)
    placed: list[Said] = []
    for i, (word, speaker) in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else None
        limit = frames if after is None else starts[i + 1]
        end = min(max(rate.frame_at(word.end_s), starts[i] + 1), limit)
        placed.append(
            Said(
                CaptionWord(word.text, starts[i], end), speaker,
                Fraction(0) if after is None else max(Fraction(0), after[0].start_s - word.end_s),
                ends_sentence(word.text, None if after is None else after[0].text),
            )
        )  # fmt: skip
    return tuple(placed)


def ends_sentence(word: str, following: str | None) -> bool:
    """Say whether `word` ends a sentence: by . ! ? or …, but not 'Dr.', an initial, or 'Cor.' before a number."""
    bare = word.rstrip(_CLOSERS)
    if not bare or bare[-1] not in _ENDS:
        return False
    if following is None or not bare.endswith(".") or bare.endswith(".."):
        return True
    stem = bare[:-1].lstrip("([\"'“‘«")
    initial = len(stem) == 1 and stem.isalpha() and stem.isupper() and stem != "I" and following[:1].isupper()
    book = stem.lower() in _BOOKS and following[:1].isdigit()
    return not (initial or book or stem.lower() in _TITLES)


def _words(segment: SpokenSegment) -> Iterator[SpokenWord]:
    """Yield the segment's words with times, none of them blank."""
    text = segment.text.split()
    own = [SpokenWord(w.start_s, w.end_s, " ".join(w.text.split())) for w in segment.words if w.text.strip()]
    if own and (not text or "".join(w.text for w in own).replace(" ", "") == "".join(text)):
        yield from own
        return
    share_s = (segment.end_s - segment.start_s) / max(1, sum(len(word) + 1 for word in text))
    start_s = segment.start_s
    for word in text:
        end_s = start_s + (len(word) + 1) * share_s
        yield SpokenWord(start_s, end_s, word)
        start_s = end_s


def _starts(wanted: Sequence[int], frames: int) -> list[int]:
    """Return `wanted`, made strictly rising within 0..frames by moving as few as possible as little as needed."""
    starts: list[int] = []
    for frame in wanted:
        starts.append(max(frame, starts[-1] + 1 if starts else 0))
    for back, frame in enumerate(reversed(starts), 1):
        if frame <= frames - back:
            break
        starts[-back] = frames - back
    return starts
