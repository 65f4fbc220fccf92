"""Turn an EDL's overlays, chapters and transcript into the lettering of one format, or say which field is wrong.

An overlay is `{startMs, endMs, type, payload}`; its payload holds texts by name:

    lowerThird  name, role?              title  title, subtitle?
    scripture   text, reference?, translation?   cta  text, detail?

Other names, other values than texts, an empty or too long text and a time outside the programme are refused: a locked EDL
is rendered as it is or not at all. Where two overlays want the same place at once, the earlier one ends when the later one
begins (the later of equal starts wins), and a note says so. Counterparts: lettering.py holds the values, phrases.py makes
the captions, lettering_style.py says what a format shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast, get_args

from ruach_studio.kernel.timebase import FrameRate, clock_text
from ruach_studio.render.glyphs import missing, one_line
from ruach_studio.render.lettering_style import LetteringStyle
from ruach_studio.render.plan.lettering import Chapter, Lettering, Overlay, OverlayKind
from ruach_studio.render.plan.phrases import TALL, WIDE, PhraseLimits, phrases
from ruach_studio.render.plan.wire import EdlUnreadable, LockedEdl, _get, _list, _number, _object

# Per kind the longest text under each name, in characters; a name with "?" may be left out.
PAYLOAD: Mapping[OverlayKind, Mapping[str, int]] = {
    "lowerThird": {"name": 80, "role?": 120},
    "title": {"title": 120, "subtitle?": 200},
    "scripture": {"text": 600, "reference?": 80, "translation?": 40},
    "cta": {"text": 120, "detail?": 120},
}
CHAPTER_TITLE_CHARACTERS = 200
_PLACE_OF: Mapping[OverlayKind, str] = {
    "lowerThird": "lowerThird", "title": "middle", "scripture": "middle", "cta": "cta",
}  # fmt: skip
_REMEDY = "Correct it in the review, lock the new version, and render that."


def letter(wire: Mapping[str, object], locked: LockedEdl, style: LetteringStyle) -> tuple[Lettering, tuple[str, ...]]:
    """Return what a format of style `style` shows in writing, and notes.

    Raises EdlUnreadable naming the field, TranscriptUnreadable.
    """
    tracks = _object(wire.get("tracks"), "tracks")
    raw = _list(tracks, "overlays", "tracks.", optional=True)
    read = [_overlay(each, locked, f"tracks.overlays[{i}].") for i, each in enumerate(raw)]
    overlays, notes = _one_at_a_time(read, locked.rate)
    chapters = _chapters(_list(tracks, "chapters", "tracks.", optional=True), locked)
    lettering = Lettering(
        captions=() if style.captions == "off" else phrases(locked.transcript, locked.rate, locked.frames, _limits(style)),
        overlays=overlays,
        chapters=chapters if style.chapters == "on" else (),
        burn_captions=style.captions == "burn",
        karaoke=style.karaoke,
        show_chapters=style.chapters == "on",
    )
    silent = ("no captions: the session has no transcript",) if style.captions == "burn" and not lettering.captions else ()
    return lettering, (*notes, *silent, *_unheld(lettering))


def _limits(style: LetteringStyle) -> PhraseLimits:
    return replace(TALL if style.line_characters <= TALL.line_chars else WIDE, line_chars=style.line_characters)


def _overlay(value: object, locked: LockedEdl, field: str) -> Overlay:
    raw = _object(value, field)
    kind = _get(raw, "type", str, field)
    if kind not in get_args(OverlayKind):
        raise EdlUnreadable(
            f"{kind!r} is none of {', '.join(get_args(OverlayKind))}", subject=field + "type", remedy=_REMEDY
        )
    start = locked.rate.frame_at_ms(_number(raw, "startMs", field))
    end = min(locked.rate.frame_at_ms(_number(raw, "endMs", field)), locked.frames)
    if not 0 <= start < end:
        raise EdlUnreadable("it lies outside the programme or is empty", subject=field.rstrip("."), remedy=_REMEDY)
    known = cast(OverlayKind, kind)
    return Overlay(start, end, known, _payload(known, _object(raw.get("payload"), field + "payload"), field + "payload."))


def _payload(kind: OverlayKind, raw: Mapping[str, object], field: str) -> Mapping[str, str]:
    rules = {name.rstrip("?"): (limit, name.endswith("?")) for name, limit in PAYLOAD[kind].items()}
    unknown = sorted(set(raw) - set(rules))
    if unknown:
        raise EdlUnreadable(
            f"a {kind} has no such text (it has {', '.join(rules)})", subject=field + unknown[0], remedy=_REMEDY
        )
    texts = {}
    for name, (limit, optional) in rules.items():
        if optional and raw.get(name) in (None, ""):
            continue
        texts[name] = _text(_get(raw, name, str, field), limit, field + name)
    return texts


def _chapters(raw: Sequence[object], locked: LockedEdl) -> tuple[Chapter, ...]:
    chapters = []
    for i, value in enumerate(raw):
        field = f"tracks.chapters[{i}]."
        mark = _object(value, field)
        start = locked.rate.frame_at_ms(_number(mark, "startMs", field))
        if not 0 <= start < locked.frames:
            raise EdlUnreadable("it starts outside the programme", subject=field + "startMs", remedy=_REMEDY)
        title = _text(_get(mark, "title", str, field), CHAPTER_TITLE_CHARACTERS, field + "title")
        chapters.append(Chapter(start, title))
    # Of two that start on one frame the later in the list counts: a chapter lasts at least a frame.
    return tuple(dict(sorted(((c.start_frame, c) for c in chapters), key=lambda pair: pair[0])).values())


def _text(text: str, limit: int, field: str) -> str:
    kept = one_line(text)
    if not kept or len(kept) > limit:
        fact = "it has no text" if not kept else f"it has {len(kept)} characters, {limit} are the most"
        raise EdlUnreadable(fact, subject=field, remedy=_REMEDY)
    return kept


def _one_at_a_time(read: Sequence[Overlay], rate: FrameRate) -> tuple[tuple[Overlay, ...], tuple[str, ...]]:
    kept: list[Overlay] = []
    notes: list[str] = []
    last: dict[str, int] = {}
    for overlay in sorted(read, key=lambda each: each.start_frame):
        place = _PLACE_OF[overlay.kind]
        before = kept[last[place]] if place in last else None
        if before is not None and before.end_frame_exclusive > overlay.start_frame:
            kept[last[place]] = replace(before, end_frame_exclusive=overlay.start_frame)
            at = clock_text(float(rate.seconds(overlay.start_frame)))
            notes.append(f"the {before.kind} overlay ends early at {at}: a {overlay.kind} begins in its place")
        last[place] = len(kept)
        kept.append(overlay)
    return tuple(each for each in kept if each.start_frame < each.end_frame_exclusive), tuple(notes)


def _unheld(lettering: Lettering) -> Iterator[str]:
    """Yield a note where something to be drawn holds characters that our typeface lacks."""
    texts = [text for overlay in lettering.overlays for text in overlay.payload.values()]
    texts += [chapter.title for chapter in lettering.chapters] if lettering.show_chapters else []
    texts += [caption.text for caption in lettering.captions] if lettering.burn_captions else []
    lacking = missing(" ".join(texts))
    if lacking:
        shown = " ".join(lacking[:10]) + (" …" if len(lacking) > 10 else "")
        yield f"{len(lacking)} characters are left out of the picture, our typeface lacks them: {shown}"
