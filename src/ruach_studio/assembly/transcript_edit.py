"""Turn an operator's corrections into the next transcript: text, speaker, times, split, merge, delete, insert; all or none.

Segments are named by id. Times are master times where the recording has its place, else its own. Words keep their times as
far as they can be told: a corrected text of as many words takes over theirs, another loses them (its words then share the
segment's time); new times stretch them; a split parts them; a merge joins them if both sides have them.
Counterpart: `transcript_place.py` holds the segments and their clocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ruach_studio.assembly.transcript import Segment, Word
from ruach_studio.assembly.transcript_fault import BadTranscript
from ruach_studio.assembly.transcript_place import Clock, Recorded, placed, to_local_ms

EDITS_MAX = 1000
OPS = ("text", "speaker", "times", "split", "merge", "delete", "insert")


@dataclass(frozen=True, slots=True)
class TextEdit:
    """One correction; which fields it needs depends on `op`.

    text: id, text. speaker: ids, speaker (None = unknown). times: id, start_ms, end_ms. split: id, after_words (1 or more).
    merge: ids (of neighbours, in order). delete: ids. insert: start_ms, end_ms, text, speaker.
    """

    op: str
    ids: tuple[int, ...] = ()
    text: str | None = None
    speaker: str | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    after_words: int | None = None


def edited(recorded: Sequence[Recorded], edits: Sequence[TextEdit], clock: Clock) -> tuple[Recorded, ...]:
    """Return the segments after all `edits`, in order of time. Raises BadTranscript naming the edit that cannot be made."""
    if not 0 < len(edits) <= EDITS_MAX:
        raise BadTranscript(f"{len(edits)} edits", subject="edits", remedy=f"Give 1 to {EDITS_MAX}.")
    before = _in_time(recorded, clock)
    now = before
    for number, edit in enumerate(edits, 1):
        try:
            now = _in_time(_DO[edit.op](now, edit, clock), clock) if edit.op in OPS else _unknown(edit.op)
        except ValueError as wrong:
            raise BadTranscript(
                f"{wrong}", subject=f"edit {number} ({edit.op})", remedy="Correct it; none of the edits was made."
            ) from wrong
    if not now:
        raise BadTranscript("nothing would be left", subject="edits", remedy="Keep a segment.")
    if now == before:
        raise BadTranscript("nothing would change", subject="edits", remedy="Look at the newest version.")
    return now


def _text(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    each = _one(now, edit)
    text = " ".join((edit.text or "").split())
    if not text:
        raise ValueError("it has no text; delete the segment instead")
    tokens, words = text.split(), each.segment.words
    kept = (
        tuple(replace(word, text=token) for word, token in zip(words, tokens, strict=True))
        if len(words) == len(tokens)
        else ()
    )
    return _with(now, replace(each, segment=replace(each.segment, text=text, words=kept)))


def _speaker(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    for each in _some(now, edit):
        now = _with(now, replace(each, segment=replace(each.segment, speaker=(edit.speaker or "").strip() or None)))
    return now


def _times(now: tuple[Recorded, ...], edit: TextEdit, clock: Clock) -> tuple[Recorded, ...]:
    each = _one(now, edit)
    start, end = _span(edit)
    place = None if each.of is None else clock.get(each.of)
    if place is not None:
        start, end = to_local_ms(start, place), to_local_ms(end, place)
        if end <= start:
            raise ValueError(f"its recording did not run from {edit.start_ms:g} to {edit.end_ms:g} ms")
    old = each.segment
    scale = (end - start) / (old.end_ms - old.start_ms)
    words = tuple(
        replace(
            word, start_ms=round(start + (word.start_ms - old.start_ms) * scale, 3),
            end_ms=round(start + (word.end_ms - old.start_ms) * scale, 3),
        )
        for word in old.words
    )  # fmt: skip
    return _with(now, replace(each, segment=replace(old, start_ms=start, end_ms=end, words=words)))


def _split(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    each, after = _one(now, edit), edit.after_words or 0
    tokens, words, old = each.segment.text.split(), each.segment.words, each.segment
    if not 0 < after < len(tokens):
        raise ValueError(f"it has {len(tokens)} words and cannot be split after word {after}")
    timed = len(words) == len(tokens)
    share = sum(len(token) + 1 for token in tokens[:after]) / sum(len(token) + 1 for token in tokens)
    at = old.start_ms + share * (old.end_ms - old.start_ms)
    low, high = (words[after - 1].end_ms, words[after].start_ms) if timed else (at, at)
    if not old.start_ms < low <= high < old.end_ms:  # words whose times run over
        low = high = at
    first = replace(old, end_ms=round(low, 3), text=" ".join(tokens[:after]), words=words[:after] if timed else ())
    second = replace(old, start_ms=round(high, 3), text=" ".join(tokens[after:]), words=words[after:] if timed else ())
    return (*_with(now, replace(each, segment=first)), Recorded(_fresh(now), second, each.of))


def _merge(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    joined = _some(now, edit)
    at = [now.index(each) for each in joined]
    if len(joined) < 2 or at != list(range(at[0], at[0] + len(at))):
        raise ValueError("only neighbours, two or more in order, can be merged")
    if len({each.of for each in joined}) > 1:
        raise ValueError("they belong to different recordings")
    parts = [each.segment for each in joined]
    words: tuple[Word, ...] = tuple(word for part in parts for word in part.words) if all(p.words for p in parts) else ()
    sure = [part.confidence for part in parts if part.confidence is not None]
    whole = Segment(
        parts[0].start_ms, max(part.end_ms for part in parts), " ".join(part.text for part in parts if part.text),
        parts[0].speaker, min(sure) if sure else None, words,
    )  # fmt: skip
    gone = set(edit.ids[1:])
    return tuple(replace(each, segment=whole) if each is joined[0] else each for each in now if each.id not in gone)


def _delete(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    gone = {each.id for each in _some(now, edit)}
    return tuple(each for each in now if each.id not in gone)


def _insert(now: tuple[Recorded, ...], edit: TextEdit, _clock: Clock) -> tuple[Recorded, ...]:
    start, end = _span(edit)
    text = " ".join((edit.text or "").split())
    if not text:
        raise ValueError("it has no text")
    return (*now, Recorded(_fresh(now), Segment(start, end, text, (edit.speaker or "").strip() or None)))


_DO = {
    "text": _text, "speaker": _speaker, "times": _times, "split": _split, "merge": _merge, "delete": _delete,
    "insert": _insert,
}  # fmt: skip


def text_edit_from_wire(raw: Mapping[str, Any]) -> TextEdit:
    """Read {op, id or ids, text, speaker, startMs, endMs, afterWords}. Raises BadTranscript."""
    try:
        unknown = set(raw) - {"op", "id", "ids", "text", "speaker", "startMs", "endMs", "afterWords"}
        if unknown:
            raise ValueError(f"it has a field {min(unknown)!r}")
        ids = raw["ids"] if "ids" in raw else [raw["id"]] if "id" in raw else []
        numbers = {key: None if raw.get(key) is None else float(raw[key]) for key in ("startMs", "endMs")}
        after = raw.get("afterWords")
        return TextEdit(
            str(raw["op"]), tuple(int(each) for each in ids), raw.get("text"), raw.get("speaker"), numbers["startMs"],
            numbers["endMs"], None if after is None else int(after),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
        raise BadTranscript(
            f"an edit cannot be read ({wrong})", subject="edits", remedy=f"op is one of {', '.join(OPS)}."
        ) from wrong


def _in_time(recorded: Sequence[Recorded], clock: Clock) -> tuple[Recorded, ...]:
    """Return the segments in the order of master time, each on its own clock."""
    known = all(each.of is None or each.of in clock for each in recorded)
    order = {each.id: i for i, each in enumerate(placed(recorded, clock))} if known else {}
    return tuple(sorted(recorded, key=lambda each: order.get(each.id, 0))) if known else tuple(recorded)


def _one(now: Sequence[Recorded], edit: TextEdit) -> Recorded:
    if len(edit.ids) != 1:
        raise ValueError("it names no segment, or more than one")
    return _some(now, edit)[0]


def _some(now: Sequence[Recorded], edit: TextEdit) -> list[Recorded]:
    there = {each.id: each for each in now}
    missing = [each for each in edit.ids if each not in there]
    if missing or not edit.ids:
        raise ValueError(f"there is no segment {missing[0]}" if missing else "it names no segment")
    if len(set(edit.ids)) < len(edit.ids):
        raise ValueError("it names a segment twice")
    return [there[each] for each in edit.ids]


def _span(edit: TextEdit) -> tuple[float, float]:
    start, end = edit.start_ms, edit.end_ms
    if start is None or end is None or not 0.0 <= start < end < 1e10:
        raise ValueError(f"{start} to {end} ms is no stretch of time")
    return start, end


def _with(now: Sequence[Recorded], changed: Recorded) -> tuple[Recorded, ...]:
    return tuple(changed if each.id == changed.id else each for each in now)


def _fresh(now: Sequence[Recorded]) -> int:
    return max((each.id for each in now), default=0) + 1


def _unknown(op: str) -> tuple[Recorded, ...]:
    raise ValueError(f"{op!r} is none of {', '.join(OPS)}")
