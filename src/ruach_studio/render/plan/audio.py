"""Turn the session's audio sources into one continuous programme track, span by span, in samples.

The best track (the EDL's `audio.programme`) runs through every cut. Only where it did not record does the next in the
EDL's order take over, with an equal-power cross-fade of 10 ms; a hole of at most 20 ms is not worth another microphone
and stays silent. Where nobody recorded there is silence, and a note says so. Where the EDL leaves a stretch out, the same
cross-fade joins both sides of it, out of the sound that is left out, so that nothing clicks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ruach_studio.kernel.kept import KeptFrames, Stretch
from ruach_studio.kernel.timebase import clock_text, round_half_up
from ruach_studio.render.plan.wire import ClipRef, LockedEdl, Source

SAMPLE_RATE = 48_000
FADE_SAMPLES = 480
TINY_HOLE_SAMPLES = 960


@dataclass(frozen=True, slots=True)
class AudioSpan:
    """Samples [start, end) of the output that come from one file; fades are in samples, equal power.

    `left_out_s`: how much of the programme is left out between sample 0 of the output and this span.
    """

    start_sample: int
    end_sample_exclusive: int
    source: str
    clip: ClipRef
    fade_in: int = 0
    fade_out: int = 0
    left_out_s: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """The programme's sound: `samples` at 48 kHz, filled by `spans`; `origin_s` is the master time of sample 0."""

    origin_s: Fraction
    samples: int
    spans: tuple[AudioSpan, ...]
    notes: tuple[str, ...]


def plan_audio(edl: LockedEdl, start_frame: int, end_frame_exclusive: int, left_out: Sequence[Stretch] = ()) -> AudioPlan:
    """Return which file sounds when, for programme frames [start, end) less `left_out`; sample 0 sounds with the first one.

    Raises IndexError if nothing is left of them.
    """
    kept = KeptFrames.of(start_frame, end_frame_exclusive, left_out)
    origin_s = edl.rate.seconds(kept.stretches[0][0])
    order = [edl.sources[name] for name in edl.programme_audio]
    raw, notes = list[AudioSpan](), list[str]()
    for (low, high), first in zip(kept.stretches, kept.first, strict=True):
        part_s = edl.rate.seconds(low - first)  # master time of sample 0, as this stretch sees it
        start, end = _samples(edl, first), _samples(edl, first + high - low)
        spans = [replace(s, left_out_s=part_s - origin_s) for s in _fill(part_s, start, end, order)]
        notes += _notes(edl, part_s, spans, start, end)
        raw += spans
    if not raw:
        notes = ["the whole programme is silent: no source of the session recorded sound there"]
    samples = _samples(edl, kept.frames)
    return AudioPlan(origin_s, samples, tuple(_faded(raw, origin_s, samples)), tuple(notes))


def _samples(edl: LockedEdl, frames: int) -> int:
    return round_half_up(edl.rate.seconds(frames) * SAMPLE_RATE)


def sample_range(clip: ClipRef, origin_s: Fraction) -> tuple[int, int]:
    """Return the output samples (start, end exclusive) that `clip` can fill, relative to master time `origin_s`."""
    return _range(clip, origin_s, clip.in_s, clip.out_s)


def file_range(clip: ClipRef, origin_s: Fraction) -> tuple[int, int]:
    """Return the output samples that the clip's file would fill if all of it lay where this piece of it lies."""
    return _range(clip, origin_s, Fraction(0), clip.duration_s)


def _range(clip: ClipRef, origin_s: Fraction, in_s: Fraction, out_s: Fraction) -> tuple[int, int]:
    start = (clip.offset_s - origin_s + in_s * clip.stretch) * SAMPLE_RATE
    return round_half_up(start), round_half_up(start + (out_s - in_s) * clip.stretch * SAMPLE_RATE)


def _fill(origin_s: Fraction, start: int, end: int, order: Sequence[Source]) -> Iterator[AudioSpan]:
    """Yield spans for [start, end): the first source where it recorded, the next ones in its holes."""
    if not order:
        return
    at = start
    for clip in order[0].clips:
        first, last = sample_range(clip, origin_s)
        lo, hi = max(first, at), min(last, end)
        if not clip.has_audio or lo >= hi:
            continue
        if lo - at > TINY_HOLE_SAMPLES:
            yield from _fill(origin_s, at, lo, order[1:])
        yield AudioSpan(lo, hi, order[0].name, clip)
        at = hi
    if end - at > TINY_HOLE_SAMPLES or at == start:
        yield from _fill(origin_s, at, end, order[1:])


def _faded(raw: Sequence[AudioSpan], origin_s: Fraction, samples: int) -> Iterator[AudioSpan]:
    """Give each inner edge a fade, and let two neighbours overlap for it where either file has sound to spare."""
    spans = list(raw)
    for i in range(1, len(spans)):
        before, after = spans[i - 1], spans[i]
        edge = after.start_sample
        if before.end_sample_exclusive != edge:
            continue
        for reach in (sample_range, file_range):  # a piece's own sound first; else what the file has beside it
            if reach(after.clip, origin_s + after.left_out_s)[0] <= edge - FADE_SAMPLES >= 0:
                spans[i] = replace(after, start_sample=edge - FADE_SAMPLES)
                break
            if reach(before.clip, origin_s + before.left_out_s)[1] >= edge + FADE_SAMPLES:
                spans[i - 1] = replace(before, end_sample_exclusive=min(edge + FADE_SAMPLES, samples))
                break
    for span in spans:
        length = min(FADE_SAMPLES, (span.end_sample_exclusive - span.start_sample) // 2)
        fade_in = length if span.start_sample > 0 else 0
        yield replace(span, fade_in=fade_in, fade_out=length if span.end_sample_exclusive < samples else 0)


def _notes(edl: LockedEdl, origin_s: Fraction, spans: Sequence[AudioSpan], first: int, last: int) -> Iterator[str]:
    for span in spans:
        if span.source != edl.programme_audio[0]:
            length = (span.end_sample_exclusive - span.start_sample) / SAMPLE_RATE
            told = f"sound from {span.source} instead of {edl.programme_audio[0]}"
            yield f"{told} for {length:.2f} s at {_at(origin_s, span.start_sample)}"
    edges = [first, *(edge for span in spans for edge in (span.start_sample, span.end_sample_exclusive)), last]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > TINY_HOLE_SAMPLES:
            yield f"silence for {(end - start) / SAMPLE_RATE:.2f} s at {_at(origin_s, start)}: nobody recorded sound"


def _at(origin_s: Fraction, sample: int) -> str:
    return clock_text(float(origin_s + Fraction(sample, SAMPLE_RATE)))
