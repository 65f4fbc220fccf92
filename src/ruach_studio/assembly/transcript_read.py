"""Turn the bytes of an SRT, WebVTT or JSON file into a transcript's segments, or say by number and line what is wrong.

Text is UTF-8 (with or without a mark), UTF-16 with its mark, or what the caller names: no guessing. JSON is ours
({"segments": [{startMs, endMs, text, speaker, words}]}, milliseconds), Whisper's and WhisperX's ({"segments": [{start,
end, text, words: [{word, start, end, probability}]}]}, seconds), whisper.cpp's ({"transcription": [{offsets, text}]}), or
a bare list of words ({"words": [{word, start, end}]}), which becomes segments at sentence ends and pauses of 1 s. A word
without times (WhisperX writes numbers so) shares the gap between its neighbours. Counterpart: subtitles.py.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ruach_studio.assembly.subtitles import Subtitles, read_srt, read_vtt
from ruach_studio.assembly.transcript import SEGMENTS_MAX, Segment, Word
from ruach_studio.assembly.transcript_fault import BadTranscript, refuse

Format = Literal["srt", "vtt", "json"]
FORMATS: tuple[Format, ...] = ("srt", "vtt", "json")
BYTES_MAX = 8_000_000
PAUSE_OF_SEGMENT_S = 1.0
SEGMENT_WORDS_MAX = 60


@dataclass(frozen=True, slots=True)
class ReadTranscript:
    """What a file holds; `cues` are the numbers that the file's own order gives its segments, `empty` had no text."""

    format: Format
    segments: tuple[Segment, ...]
    cues: tuple[int, ...]
    language: str | None
    empty: int


def read_transcript_file(
    data: bytes, name: str, *, form: Format | None = None, encoding: str | None = None
) -> ReadTranscript:
    """Read a file called `name`; `form` None goes by what it holds. Raises BadTranscript naming every fault."""
    if len(data) > BYTES_MAX:
        raise BadTranscript(
            f"it has {len(data) / 1e6:.1f} MB, at most {BYTES_MAX / 1e6:.0f} are taken", subject=name,
            remedy="Is it a transcript?",
        )  # fmt: skip
    text = _decoded(data, name, encoding)
    form = form or _looks_like(text)
    language = None
    if form == "json":
        found, language = _read_json(text, name)
    else:
        found = _READERS[form](text)
    refuse(found.faults, subject=name)
    if not 0 < len(found.cues) <= SEGMENTS_MAX:
        raise BadTranscript(
            f"{len(found.cues)} segments with text", subject=name, remedy=f"Give 1 to {SEGMENTS_MAX} of them."
        )
    return ReadTranscript(form, tuple(s for _, s in found.cues), tuple(n for n, _ in found.cues), language, found.empty)


def _decoded(data: bytes, name: str, encoding: str | None) -> str:
    mark = next((code for bom, code in _MARKS if data.startswith(bom)), None)
    wanted = encoding or mark or "utf-8"
    try:
        text = data.decode("utf-8-sig" if wanted.lower() in ("utf-8", "utf8") else wanted)
    except LookupError as error:
        raise BadTranscript(f"there is no encoding {wanted!r}", subject=name, remedy="Try cp1252 or utf-16.") from error
    except UnicodeError as error:
        line = data[: error.start].count(b"\n") + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise BadTranscript(
            f"line {line} is not {wanted.upper()}", subject=name,
            remedy="Save it as UTF-8, or name its encoding (cp1252 in much of western Europe).",
        ) from error  # fmt: skip
    if "\0" in text:
        raise BadTranscript(
            "it holds zero bytes", subject=name, remedy="Name its encoding (utf-16-le?), or save it as UTF-8."
        )
    return text


def _looks_like(text: str) -> Format:
    begin = text.lstrip()[:6]
    return "json" if begin[:1] in ("{", "[") else "vtt" if begin == "WEBVTT" else "srt"


def _read_json(text: str, name: str) -> tuple[Subtitles, str | None]:
    try:
        told = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadTranscript(f"it is no JSON ({error})", subject=name, remedy="Export the transcript again.") from error
    if isinstance(told, list):
        told = {"segments": told}
    if not isinstance(told, dict):
        raise BadTranscript("it is neither an object nor a list", subject=name, remedy="Export the transcript again.")
    result = told.get("result")
    language = told.get("language") or (result.get("language") if isinstance(result, dict) else None)
    spoken = told.get("segments", told.get("transcription"))
    if spoken is None and isinstance(told.get("words"), list):
        refuse([f"word {i} is no object" for i, w in enumerate(told["words"], 1) if not isinstance(w, dict)], subject=name)
        spoken = _grouped(told["words"])
    if not isinstance(spoken, list):
        raise BadTranscript(
            "it has no list `segments`, `transcription` or `words`", subject=name, remedy="See the reference."
        )
    cues: list[tuple[int, Segment]] = []
    faults: list[str] = []
    empty = 0
    for number, raw in enumerate(spoken, 1):
        try:
            segment = _segment(raw)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
            faults.append(f"segment {number}: {_said(wrong)}")
            continue
        if segment.text:
            cues.append((number, segment))
        else:
            empty += 1
    if language and _UNSTORABLE.search(str(language)):
        faults.append("its language holds the NUL character or half of a surrogate pair")
    return Subtitles(tuple(cues), tuple(faults), empty), str(language) if language else None


def _segment(raw: Mapping[str, Any]) -> Segment:
    start_ms, end_ms = _times(raw)
    if end_ms <= start_ms:
        raise ValueError("it ends before it starts, or as it starts")
    words = _timed([_word(each) for each in raw.get("words") or ()], start_ms, end_ms)
    text = " ".join(str(raw["text"]).split()) if raw.get("text") is not None else " ".join(w.text for w in words)
    speaker = raw.get("speaker")
    if any(_UNSTORABLE.search(each) for each in (text, str(speaker), *(word.text for word in words))):
        raise ValueError("it holds the NUL character or half of a surrogate pair")
    return Segment(start_ms, end_ms, text, None if speaker in (None, "") else str(speaker), _sure(raw), words)


def _word(raw: Mapping[str, Any]) -> tuple[float | None, float | None, str, float | None]:
    text = " ".join(str(raw["word"] if "word" in raw else raw["text"]).split())
    if not any(key in raw for key in ("start", "startMs", "offsets")):
        return None, None, text, _sure(raw)
    start_ms, end_ms = _times(raw)
    if end_ms < start_ms:
        raise ValueError(f"its word {text!r} ends before it starts")
    return start_ms, end_ms, text, _sure(raw)


def _timed(
    words: Sequence[tuple[float | None, float | None, str, float | None]], start_ms: float, end_ms: float
) -> tuple[Word, ...]:
    """Return the words; runs without times share what lies between their neighbours. No word has times: no words."""
    if all(start is None for start, _, _, _ in words):
        return ()
    timed: list[Word] = []
    i = 0
    while i < len(words):
        start, end, text, sure = words[i]
        if start is not None and end is not None:
            timed.append(Word(start, end, text, sure))
            i += 1
            continue
        until = next((k for k in range(i, len(words)) if words[k][0] is not None), len(words))
        low = timed[-1].end_ms if timed else start_ms
        high = end_ms if until == len(words) else words[until][0] or low
        share = max(0.0, high - low) / sum(len(word[2]) + 1 for word in words[i:until])
        for _, _, text, sure in words[i:until]:
            after = low + share * (len(text) + 1)
            timed.append(Word(round(low, 3), round(after, 3), text, sure))
            low = after
        i = until
    return tuple(word for word in timed if word.text)


def _times(raw: Mapping[str, Any]) -> tuple[float, float]:
    if "startMs" in raw:
        return _finite(raw["startMs"]), _finite(raw["endMs"])
    if "offsets" in raw:
        return _finite(raw["offsets"]["from"]), _finite(raw["offsets"]["to"])
    return round(_finite(raw["start"]) * 1000.0, 3), round(_finite(raw["end"]) * 1000.0, 3)


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _sure(raw: Mapping[str, Any]) -> float | None:
    told = next((raw[key] for key in ("confidence", "probability", "score") if raw.get(key) is not None), None)
    sure = None if told is None else _finite(told)
    if sure is not None and not 0.0 <= sure <= 1.0:
        raise ValueError(f"its confidence {sure:g} is outside 0 to 1")
    return sure


def _grouped(words: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return bare words as segments: up to a sentence end, a pause of 1 s, another speaker, or 60 words."""
    groups: list[list[Mapping[str, Any]]] = [[]]
    for word in words:
        last = groups[-1][-1] if groups[-1] else None
        if last is not None:
            text = str(last.get("word", last.get("text", ""))).strip()
            pause = _gap_s(last, word) >= PAUSE_OF_SEGMENT_S
            full = len(groups[-1]) >= SEGMENT_WORDS_MAX
            if text.endswith((".", "!", "?")) or pause or full or last.get("speaker") != word.get("speaker"):
                groups.append([])
        groups[-1].append(word)
    return [
        {
            **{key: value for key, value in group[0].items() if key in ("start", "startMs", "speaker")},
            **{key: value for key, value in group[-1].items() if key in ("end", "endMs")},
            "words": group,
        }
        for group in groups
        if group
    ]


def _gap_s(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    end, start = a.get("end", a.get("endMs")), b.get("start", b.get("startMs"))
    both = isinstance(end, int | float) and isinstance(start, int | float)
    return 0.0 if not both else float(start - end) / (1000.0 if "endMs" in a else 1.0)


def _said(wrong: Exception) -> str:
    return f"it has no {wrong}" if isinstance(wrong, KeyError) else str(wrong)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # JSON can spell them, a database and UTF-8 cannot
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_READERS: Mapping[str, Callable[[str], Subtitles]] = {"srt": read_srt, "vtt": read_vtt}
