"""Turn the `transcript` of a locked EDL's wire form into typed values: who said what from when to when, in master time.

Times become exact fractions of a second, as in wire.py. Words with times are optional, per segment. Counterparts:
said.py puts the words into programme frames, phrases.py makes captions and sentences of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ruach_studio.kernel.errors import BadInput


class TranscriptUnreadable(BadInput):
    """The EDL's transcript lacks something or contradicts itself."""

    code = "transcript_unreadable"


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word, in seconds of master time."""

    start_s: Fraction
    end_s: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class SpokenSegment:
    """What one speaker said, in seconds of master time; `words` is empty where only the segment has times."""

    start_s: Fraction
    end_s: Fraction
    text: str
    speaker: str | None = None
    words: tuple[SpokenWord, ...] = ()


@dataclass(frozen=True, slots=True)
class SpokenTranscript:
    """All that is said, in order; `sha256` names the stored transcript that the EDL was locked with."""

    language: str | None
    sha256: str
    segments: tuple[SpokenSegment, ...]


def read_transcript(value: object) -> SpokenTranscript | None:
    """Read the wire's `transcript`; None stands for none. Raises TranscriptUnreadable naming the field."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("segments"), list | tuple):
        raise TranscriptUnreadable("it is not an object with a list of segments", subject="transcript")
    segments = tuple(_segment(raw, f"transcript.segments[{i}]") for i, raw in enumerate(value["segments"]))
    for i, (earlier, later) in enumerate(pairwise(segments), 1):
        if later.start_s < earlier.start_s:
            raise TranscriptUnreadable("it begins before the one above it", subject=f"transcript.segments[{i}]")
    language = value.get("language")
    return SpokenTranscript(None if language is None else str(language), str(value.get("sha256", "")), segments)


def _segment(raw: Any, where: str) -> SpokenSegment:
    start_s, end_s, text = _piece(raw, where)
    speaker, words = raw.get("speaker"), raw.get("words") or ()
    if not isinstance(words, list | tuple):
        raise TranscriptUnreadable("it is not a list", subject=f"{where}.words")
    spoken = tuple(SpokenWord(*_piece(word, f"{where}.words[{k}]")) for k, word in enumerate(words))
    return SpokenSegment(start_s, end_s, text, None if speaker is None else str(speaker), spoken)


def _piece(raw: object, where: str) -> tuple[Fraction, Fraction, str]:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("text"), str):
        raise TranscriptUnreadable("it has no text", subject=where)
    start_s, end_s = (_seconds(raw.get(key), f"{where}.{key}") for key in ("startMs", "endMs"))
    if end_s < start_s:
        raise TranscriptUnreadable("it ends before it starts", subject=where)
    return start_s, end_s, raw["text"]


def _seconds(value: object, where: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TranscriptUnreadable(f"{value!r} is not a number", subject=where)
    try:
        return Fraction(str(value)) / 1000
    except ValueError as error:
        raise TranscriptUnreadable(f"{value!r} is not a finite number", subject=where) from error
