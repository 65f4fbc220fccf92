"""Turn a session's transcript into checked segments on the master timeline: who said what, when, and how surely.

Segments are sorted, begin at 0 or later, last 100 ms at least and end before the next one begins (the usual clean-up of
subtitles); two that begin at once are put 100 ms apart. Words with times are optional; only they let fillers be found.
Counterparts: `angles_transcript.py` cuts by the speakers, `chapters.py` and `shorts.py` take titles and sentence ends,
`omissions.py` finds fillers; `transcript_read.py` reads files, `transcript_place.py` moves local times to the master.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ruach_studio.kernel.errors import BadInput

SEGMENT_MIN_MS = 100.0
SEGMENTS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word and its times in milliseconds of master time; `confidence` 0..1 if the transcriber gave one."""

    start_ms: float
    end_ms: float
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """What one speaker said without a break; `speaker` is his id or name, None where nobody was told apart."""

    start_ms: float
    end_ms: float
    text: str
    speaker: str | None = None
    confidence: float | None = None
    words: tuple[Word, ...] = ()

    @property
    def sureness(self) -> float | None:
        """Return the mean confidence of its words, else its own, else None."""
        told = [word.confidence for word in self.words if word.confidence is not None]
        return sum(told) / len(told) if told else self.confidence


@dataclass(frozen=True, slots=True)
class Transcript:
    """All segments in order; none overlaps the next."""

    segments: tuple[Segment, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Return every speaker's label, in order of appearance."""
        return tuple(dict.fromkeys(each.speaker for each in self.segments if each.speaker is not None))

    def words_from(self, start_ms: float, end_ms: float, count: int) -> str:
        """Return the first `count` words that are said from `start_ms` to `end_ms`; "" if none is."""
        said: list[str] = []
        for segment in self.segments:
            if start_ms - 1.0 <= segment.start_ms < end_ms and len(said) < count:
                said.extend(segment.text.split())
        return " ".join(said[:count]).rstrip(",;:.")


def tidy(segments: Sequence[Segment]) -> Transcript:
    """Return the transcript of `segments`; none is lost. Raises BadInput for none, too many, or a value out of range."""
    if not 0 < len(segments) <= SEGMENTS_MAX:
        raise BadInput(f"{len(segments)} segments", subject="transcript", remedy=f"Give 1 to {SEGMENTS_MAX}.")
    for number, segment in enumerate(segments, 1):
        sure = (segment.confidence, *(word.confidence for word in segment.words))
        if not segment.start_ms < segment.end_ms < 1e10 or any(c is not None and not 0.0 <= c <= 1.0 for c in sure):
            raise BadInput(
                f"segment {number} ends before it starts, or its confidence is outside 0 to 1", subject="transcript",
                remedy="Correct its startMs, endMs or confidence.",
            )  # fmt: skip
    ordered = sorted(segments, key=lambda each: (each.start_ms, each.end_ms))
    ordered = [replace(each, start_ms=max(0.0, each.start_ms)) for each in ordered]
    ordered = [replace(each, end_ms=max(each.end_ms, each.start_ms + SEGMENT_MIN_MS)) for each in _apart(ordered)]
    clean = [replace(a, end_ms=min(a.end_ms, b.start_ms)) for a, b in pairwise(ordered)] + ordered[-1:]
    return Transcript(tuple(clean))


def _apart(ordered: Sequence[Segment]) -> list[Segment]:
    """Return the segments, one that starts with (or before) the one above it 100 ms after that: two who begin at once."""
    apart: list[Segment] = []
    for each in ordered:
        least = apart[-1].start_ms + SEGMENT_MIN_MS if apart and each.start_ms <= apart[-1].start_ms else each.start_ms
        apart.append(replace(each, start_ms=least))
    return apart


def transcript_to_wire(transcript: Transcript) -> dict[str, object]:
    """Return the JSON object of `transcript`."""
    return {
        "segments": [
            {
                "startMs": each.start_ms, "endMs": each.end_ms, "text": each.text, "speaker": each.speaker,
                "confidence": each.confidence,
                "words": [
                    {"startMs": w.start_ms, "endMs": w.end_ms, "text": w.text, "confidence": w.confidence}
                    for w in each.words
                ],
            }
            for each in transcript.segments
        ]
    }  # fmt: skip


def transcript_from_wire(wire: Mapping[str, Any]) -> Transcript:
    """Read a transcript. Raises BadInput naming what is missing or of the wrong kind."""
    try:
        segments = [segment_from_wire(each) for each in wire["segments"]]
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise BadInput(
            f"it lacks a field or has a wrong value ({wrong})", subject="transcript",
            remedy="Each segment needs startMs, endMs, text, and speaker where known.",
        ) from wrong  # fmt: skip
    return tidy(segments)


def segment_from_wire(each: Mapping[str, Any]) -> Segment:
    """Read one segment, as it stands. Raises KeyError, TypeError, ValueError or AttributeError."""
    return Segment(
        float(each["startMs"]), float(each["endMs"]), str(each.get("text", "")), each.get("speaker"),
        each.get("confidence"),
        tuple(
            Word(float(w["startMs"]), float(w["endMs"]), str(w["text"]), w.get("confidence"))
            for w in each.get("words") or ()
        ),
    )  # fmt: skip
