"""Turn the text of an SRT or WebVTT file into segments, or name every cue that is wrong by its number and line.

SRT: an optional counter, `HH:MM:SS,mmm --> HH:MM:SS,mmm` (a full stop serves too), then text up to an empty line. WebVTT
(https://www.w3.org/TR/webvtt1/): the header line, NOTE, STYLE and REGION blocks (passed over), an optional identifier,
`[HH:]MM:SS.mmm --> …` with settings (passed over), then text. Of markup `<v Name>` gives the speaker and inner times
`<00:00:01.500>` the times of words; other tags, SRT's `{\\an8}` and entities are resolved. A cue without text is left out.

Unlike the usual readers nothing is skipped that looks like a cue and is none: a transcript with a hole is worse than none.
Counterpart: transcript_read.py chooses the reader.
"""

import html
import re
from dataclasses import dataclass

from ruach_studio.assembly.transcript import Segment, Word

_STAMP = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_ARROW = re.compile(rf"^\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s+\S.*)?\s*$")
_INNER = re.compile(rf"<{_STAMP}>")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"</?(?:[biu]|c|v|lang|ruby|rt|font|s)(?:[.\s][^<>]*)?>", re.IGNORECASE)
_SRT_STYLE = re.compile(r"\{\\[^{}]*\}")
_COUNTER = re.compile(r"^\s*\d+\s*$")


@dataclass(frozen=True, slots=True)
class Subtitles:
    """The cues in the order of the file, each with its number; what is wrong; how many held no text."""

    cues: tuple[tuple[int, Segment], ...]
    faults: tuple[str, ...]
    empty: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that stand together; `line` is the number of the first."""

    line: int
    lines: list[str]


def read_srt(text: str) -> Subtitles:
    """Read SRT."""
    return _read(_joined(_blocks(text), webvtt=False), webvtt=False)


def read_vtt(text: str) -> Subtitles:
    """Read WebVTT."""
    blocks = _blocks(text)
    if not blocks or blocks[0].line != 1 or not re.match(r"^WEBVTT(?:[ \t].*)?$", blocks[0].lines[0]):
        return Subtitles((), ("line 1 is not WEBVTT",), 0)
    begun = [_Block(1, blocks[0].lines[1:])] if any("-->" in line for line in blocks[0].lines[1:]) else []
    kept = [block for block in begun + blocks[1:] if not re.match(r"^(?:NOTE|STYLE|REGION)(?:\s|$)", block.lines[0])]
    return _read(_joined(kept, webvtt=True), webvtt=True)


def _blocks(text: str) -> list[_Block]:
    blocks: list[_Block] = []
    fresh = True
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line.strip():
            fresh = True
        elif fresh:
            blocks.append(_Block(number, [line]))
            fresh = False
        else:
            blocks[-1].lines.append(line)
    return blocks


def _joined(blocks: list[_Block], *, webvtt: bool) -> list[_Block]:
    """Part blocks that hold two cues without an empty line between them: only where a second line of times says so."""
    parted: list[_Block] = []
    for block in blocks:
        starts = [i for i, line in enumerate(block.lines) if _ARROW.match(line)]
        edges = [0]
        for i in starts[1:]:
            edges.append(i - 1 if i - 1 > edges[-1] + 1 and _COUNTER.match(block.lines[i - 1]) and not webvtt else i)
        parted += [
            _Block(block.line + low, block.lines[low:high])
            for low, high in zip(edges, [*edges[1:], len(block.lines)], strict=True)
        ]
    return parted


def _read(blocks: list[_Block], *, webvtt: bool) -> Subtitles:
    cues: list[tuple[int, Segment]] = []
    faults: list[str] = []
    empty = 0
    for number, block in enumerate(blocks, 1):
        at = next((i for i, line in enumerate(block.lines[:2]) if "-->" in line), None)
        where = f"cue {number}, line {block.line if at is None else block.line + at}"
        if at is None:
            faults.append(f"{where}: no line of times, but {block.lines[0].strip()[:40]!r}")
            continue
        times = _ARROW.match(block.lines[at])
        if times is None or (at == 1 and not webvtt and not _COUNTER.match(block.lines[0])):
            wrong = block.lines[at] if times is None else block.lines[0]
            faults.append(f"{where}: {wrong.strip()[:60]!r} is not {'a line of times' if times is None else 'a counter'}")
            continue
        start_ms, end_ms = _ms(times.groups()[:4]), _ms(times.groups()[4:])
        if end_ms <= start_ms:
            faults.append(f"{where}: it ends {'as' if end_ms == start_ms else 'before'} it starts")
            continue
        segment = _cue(start_ms, end_ms, "\n".join(block.lines[at + 1 :]))
        if segment is None:
            empty += 1
        else:
            cues.append((number, segment))
    return Subtitles(tuple(cues), tuple(faults), empty)


def _cue(start_ms: float, end_ms: float, raw: str) -> Segment | None:
    voice = _VOICE.search(raw)
    raw = _VOICE.sub("", _SRT_STYLE.sub("", raw))
    parts: list[tuple[float, str]] = []
    at, low = start_ms, 0
    for stamp in _INNER.finditer(raw):
        parts.append((at, _plain(raw[low : stamp.start()])))
        at, low = _ms(stamp.groups()), stamp.end()
    parts.append((at, _plain(raw[low:])))
    text = " ".join(" ".join(part for _, part in parts).split()) if len(parts) > 1 else _plain(raw)
    if not text:
        return None
    speaker = " ".join(html.unescape(voice.group(1)).split()) if voice else ""
    return Segment(start_ms, end_ms, text, speaker or None, None, _words(parts, end_ms) if len(parts) > 1 else ())


def _words(parts: list[tuple[float, str]], end_ms: float) -> tuple[Word, ...]:
    """Return the words; those of one part share its time by their characters, a part outside the cue gives none at all."""
    words: list[Word] = []
    for (start, text), (until, _) in zip(parts, [*parts[1:], (end_ms, "")], strict=True):
        if until < start:
            return ()
        tokens = text.split()
        share = (until - start) / max(1, sum(len(token) + 1 for token in tokens))
        for token in tokens:
            words.append(Word(round(start, 3), round(start + share * (len(token) + 1), 3), token))
            start = words[-1].end_ms
    return tuple(words)


def _plain(raw: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", raw)).split())


def _ms(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (group or "0" for group in groups)
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000.0 + int(fraction.ljust(3, "0"))
