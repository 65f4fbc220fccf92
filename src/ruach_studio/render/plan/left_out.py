"""Turn the stretches that an EDL leaves out (`tracks.omitted`) into what a format shows: programme minus omitted.

Frames and sound are cut at the same places. Everything else in a plan keeps the programme's own frames; `KeptFrames` gives
the output's number of each and back, and `on_output` moves writing there: a caption keeps the words that are still said, a
chapter that began in a stretch that is left out begins where the film goes on. The window of a short is chosen in the
film as it is shown, so that its limit holds for what a viewer sees.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from ruach_studio.kernel.kept import KeptFrames, Stretch
from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.render.plan.lettering import Caption, CaptionWord, Chapter, Lettering, Overlay
from ruach_studio.render.plan.spoken import SpokenSegment, SpokenTranscript
from ruach_studio.render.plan.window import Window, choose_window
from ruach_studio.render.plan.wire import EdlUnreadable, LockedEdl

_Timed = TypeVar("_Timed", CaptionWord, Overlay)


def read_left_out(wire: Mapping[str, object], frames: int) -> tuple[Stretch, ...]:
    """Return the stretches to leave out of a programme of `frames`, in order. Raises EdlUnreadable naming the field."""
    tracks = wire.get("tracks")
    marks = (tracks.get("omitted") if isinstance(tracks, Mapping) else None) or ()
    if not isinstance(marks, list | tuple):
        raise EdlUnreadable("it is not a list", subject="tracks.omitted")
    found, last = list[Stretch](), 0
    for i, mark in enumerate(marks):
        low, high = (mark.get("startFrame"), mark.get("endFrameExclusive")) if isinstance(mark, Mapping) else (None, None)
        if not (type(low) is int and type(high) is int and last <= low < high <= frames):
            raise EdlUnreadable(
                f"frames {low} to {high} are out of range or order", subject=f"tracks.omitted[{i}]",
                remedy="Save the EDL again from the review.",
            )  # fmt: skip
        found.append((low, high))
        last = high
    if found and KeptFrames.of(0, frames, found).frames == 0:
        raise EdlUnreadable(
            "every frame of the programme is left out", subject="tracks.omitted", remedy="Keep a stretch in the review."
        )
    return tuple(found)


def window_without(edl: LockedEdl, left_out: tuple[Stretch, ...], max_length_s: Fraction | None) -> tuple[Window, list[str]]:
    """Return the programme frames that a format shows, and what there is to say of it."""
    if not left_out:
        return choose_window(edl, max_length_s), []
    kept = KeptFrames.of(0, edl.frames, left_out)
    shown = as_shown(edl, kept)
    window = choose_window(shown, max_length_s)
    last = kept.programme_frame(window.end_frame_exclusive - 1) + 1
    notes = ["a marked short lies in a stretch that is left out: not used"] * (len(shown.shorts) < len(edl.shorts))
    notes += ["the stretch was chosen in the film as it is shown: its reasons count that film's frames and times"] * (
        window.decided is not None
    )
    return replace(window, start_frame=kept.programme_frame(window.start_frame), end_frame_exclusive=last), notes


def as_shown(edl: LockedEdl, kept: KeptFrames) -> LockedEdl:
    """Return `edl` with cuts and marked shorts in the frames of what is shown; what is left out whole is gone."""
    cuts = tuple(
        replace(cut, start_frame=span[0], end_frame_exclusive=span[1])
        for cut in edl.cuts if (span := kept.span(cut.start_frame, cut.end_frame_exclusive))
    )  # fmt: skip
    shorts = tuple(
        replace(short, start_frame=span[0], end_frame_exclusive=span[1])
        for short in edl.shorts if (span := kept.span(short.start_frame, short.end_frame_exclusive))
    )  # fmt: skip
    return replace(edl, frames=kept.frames, cuts=cuts, shorts=shorts, transcript=_as_heard(edl, kept))


def _as_heard(edl: LockedEdl, kept: KeptFrames) -> SpokenTranscript | None:
    """Return what is said in the film as it is shown, to whole frames; a word that is left out is gone."""
    if edl.transcript is None:
        return None
    fps = edl.rate.value

    def shown(start_s: Fraction, end_s: Fraction) -> tuple[Fraction, Fraction] | None:
        span = kept.span(round_half_up(start_s * fps), max(round_half_up(end_s * fps), round_half_up(start_s * fps) + 1))
        return span and (span[0] / fps, span[1] / fps)

    heard: list[SpokenSegment] = []
    for segment in edl.transcript.segments:
        words = tuple(
            replace(word, start_s=span[0], end_s=span[1])
            for word in segment.words if (span := shown(word.start_s, word.end_s))
        )  # fmt: skip
        span = shown(segment.start_s, segment.end_s)
        if span and (words or not segment.words):
            text = " ".join(word.text for word in words) if words else segment.text
            heard.append(replace(segment, start_s=span[0], end_s=span[1], text=text, words=words))
    return replace(edl.transcript, segments=tuple(heard))


def left_out_notes(kept: KeptFrames, start_frame: int, end_frame_exclusive: int, frames_per_s: Fraction) -> list[str]:
    """Return the sentence that says how much is left out between the two frames, none for nothing."""
    missing = end_frame_exclusive - start_frame - kept.frames
    told = f"{float(missing / frames_per_s):.1f} s are left out, as the EDL marks them; {len(kept.stretches)} stretches stay"
    return [told] * bool(missing)


def without_unsaid(lettering: Lettering, kept: KeptFrames) -> Lettering:
    """Return `lettering` without the words that nobody hears; frames stay programme frames."""
    captions = [
        replace(caption, lines=lines) for caption in lettering.captions
        if (lines := tuple(line for each in caption.lines if (line := tuple(
            word for word in each if kept.span(word.start_frame, word.end_frame_exclusive)))))
    ]  # fmt: skip
    return replace(lettering, captions=tuple(captions))


def begun_where_shown(lettering: Lettering, kept: KeptFrames) -> Lettering:
    """Return `lettering` with each chapter at its first programme frame that is shown; one that shows none is gone.

    `kept` is the whole film's, not a window's: a card belongs to the beginning of its chapter alone.
    """
    chapters = [
        replace(each, start_frame=kept.programme_frame(each.start_frame)) for each in _chapters(lettering.chapters, kept)
    ]
    return replace(lettering, chapters=tuple(chapters))


def on_output(lettering: Lettering, kept: KeptFrames) -> Lettering:
    """Return `lettering` with every frame as the output counts it; what is not shown at all is gone."""
    captions = [caption for each in lettering.captions for caption in _caption(each, kept)]
    overlays = [shown for each in lettering.overlays for shown in _timed(each, kept)]
    return replace(
        lettering, captions=tuple(captions), overlays=tuple(overlays), chapters=tuple(_chapters(lettering.chapters, kept))
    )


def _caption(caption: Caption, kept: KeptFrames) -> Iterator[Caption]:
    span = kept.span(caption.start_frame, caption.end_frame_exclusive)
    lines = [tuple(shown for word in line for shown in _timed(word, kept)) for line in caption.lines]
    said = tuple(line for line in lines if line)
    if span and said:
        yield replace(caption, start_frame=span[0], end_frame_exclusive=span[1], lines=said)


def _timed(each: _Timed, kept: KeptFrames) -> Iterator[_Timed]:
    if span := kept.span(each.start_frame, each.end_frame_exclusive):
        yield replace(each, start_frame=span[0], end_frame_exclusive=span[1])


def _chapters(chapters: tuple[Chapter, ...], kept: KeptFrames) -> Iterator[Chapter]:
    """Yield the chapters that show a frame, each from its first one; a chapter before the window lasts into it."""
    starts = [kept.shown_frame(chapter.start_frame) for chapter in chapters] + [kept.frames]
    for chapter, low, high in zip(chapters, starts, starts[1:], strict=False):
        if low < high:
            yield replace(chapter, start_frame=low)
