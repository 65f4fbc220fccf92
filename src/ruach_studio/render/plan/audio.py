"""Turn the session's audio sources into one continuous programme track, span by span, in samples.

The best track (the EDL's `audio.programme`) runs through every cut. Only where it did not record does the next in the
EDL's order take over, with an equal-power cross-fade of 10 ms; a hole of at most 20 ms is not worth another microphone
and stays silent. Where nobody recorded there is silence, and a note says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ruach_studio.kernel.timebase import clock_text, round_half_up
from ruach_studio.render.plan.wire import ClipRef, LockedEdl, Source

SAMPLE_RATE = 48_000
FADE_SAMPLES = 480
TINY_HOLE_SAMPLES = 960


@dataclass(frozen=True, slots=True)
class AudioSpan:
    """Samples [start, end) of the output that come from one file; fades are in samples, equal power."""

    start_sample: int
    end_sample_exclusive: int
    source: str
    clip: ClipRef
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """The programme's sound: `samples` at 48 kHz, filled by `spans`; `origin_s` is the master time of sample 0."""

    origin_s: Fraction
    samples: int
    spans: tuple[AudioSpan, ...]
    notes: tuple[str, ...]


def plan_audio(edl: LockedEdl, start_frame: int, end_frame_exclusive: int) -> AudioPlan:
    """Return which file sounds when, for programme frames [start, end). Sample 0 sounds with the first frame."""
    origin_s = edl.rate.seconds(start_frame)
    samples = round_half_up(edl.rate.seconds(end_frame_exclusive - start_frame) * SAMPLE_RATE)
    order = [edl.sources[name] for name in edl.programme_audio]
    raw = list(_fill(origin_s, 0, samples, order))
    return AudioPlan(origin_s, samples, tuple(_faded(raw, origin_s, samples)), tuple(_notes(edl, origin_s, raw, samples)))


def sample_range(clip: ClipRef, origin_s: Fraction) -> tuple[int, int]:
    """Return the output samples (start, end exclusive) that `clip` can fill, relative to master time `origin_s`."""
    start = (clip.offset_s - origin_s) * SAMPLE_RATE
    return round_half_up(start), round_half_up(start + clip.duration_s * clip.stretch * SAMPLE_RATE)


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
        if before.end_sample_exclusive == edge and sample_range(after.clip, origin_s)[0] <= edge - FADE_SAMPLES >= 0:
            spans[i] = replace(after, start_sample=edge - FADE_SAMPLES)
        elif before.end_sample_exclusive == edge and sample_range(before.clip, origin_s)[1] >= edge + FADE_SAMPLES:
            spans[i - 1] = replace(before, end_sample_exclusive=min(edge + FADE_SAMPLES, samples))
    for span in spans:
        length = min(FADE_SAMPLES, (span.end_sample_exclusive - span.start_sample) // 2)
        fade_in = length if span.start_sample > 0 else 0
        yield replace(span, fade_in=fade_in, fade_out=length if span.end_sample_exclusive < samples else 0)


def _notes(edl: LockedEdl, origin_s: Fraction, spans: Sequence[AudioSpan], samples: int) -> Iterator[str]:
    if not spans:
        yield "the whole programme is silent: no source of the session recorded sound there"
        return
    best = edl.programme_audio[0]
    for span in spans:
        if span.source != best:
            length = (span.end_sample_exclusive - span.start_sample) / SAMPLE_RATE
            yield f"sound from {span.source} instead of {best} for {length:.2f} s at {_at(origin_s, span.start_sample)}"
    edges = [0, *(edge for span in spans for edge in (span.start_sample, span.end_sample_exclusive)), samples]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start > TINY_HOLE_SAMPLES:
            yield f"silence for {(end - start) / SAMPLE_RATE:.2f} s at {_at(origin_s, start)}: nobody recorded sound"


def _at(origin_s: Fraction, sample: int) -> str:
    return clock_text(float(origin_s + Fraction(sample, SAMPLE_RATE)))
