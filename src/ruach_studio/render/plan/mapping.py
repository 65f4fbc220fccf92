"""Turn a frame of the programme into the frame of a camera file that stands on screen then, and back.

Frame k of a file lies at master time p_k = offset + (start + k / source_rate) * (1 + drift_ppm * 1e-6). Frame n of the
programme lies at t_n = n / rate and shows the last frame with p_k < t_n + half a frame: the nearest one, and of two that
are equally near the earlier. All arithmetic is exact, so an hour of 29.97 with drift ends where it should.
"""

from fractions import Fraction

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan.wire import ClipRef

_HALF = Fraction(1, 2)


def source_frame(clip: ClipRef, rate: FrameRate, frame: int) -> int:
    """Return the frame of `clip` shown at programme frame `frame`; below 0 before its start, unbounded after its end."""
    local_s = ((frame + _HALF) / rate.value - clip.offset_s) / clip.stretch - clip.start_s
    return -int(-(local_s * _source_rate(clip)) // 1) - 1


def first_programme_frame(clip: ClipRef, rate: FrameRate, source: int) -> int:
    """Return the first programme frame at which frame `source` of `clip` (or a later one) may be shown."""
    return int((position(clip, source) * rate.value + _HALF) // 1)


def position(clip: ClipRef, source: int) -> Fraction:
    """Return the master time in seconds of frame `source` of `clip`."""
    return clip.offset_s + (clip.start_s + source / _source_rate(clip)) * clip.stretch


def frames_per_source_frame(clip: ClipRef, rate: FrameRate) -> Fraction:
    """Return how many programme frames one frame of `clip` lasts: 1 at equal rates, 6/5 from 25 to 30, plus the drift."""
    return rate.value / _source_rate(clip) * clip.stretch


def covered(clip: ClipRef, rate: FrameRate) -> tuple[int, int]:
    """Return the programme frames (start, end exclusive) for which `clip` has a picture; may lie outside the programme."""
    first, last = own_frames(clip)
    return first_programme_frame(clip, rate, first), first_programme_frame(clip, rate, last)


def own_frames(clip: ClipRef) -> tuple[int, int]:
    """Return the source frames [first, end) that may be shown: all of the file, or those whose time lies in its piece."""
    if clip.piece_s is None:
        return 0, clip.frames
    first, last = (-int(-((at_s - clip.start_s) * _source_rate(clip)) // 1) for at_s in clip.piece_s)
    return max(first, 0), min(max(last, 0), clip.frames) if clip.out_s < clip.duration_s else clip.frames


def _source_rate(clip: ClipRef) -> Fraction:
    if clip.rate is None:
        raise ValueError(f"{clip.path} has no picture")
    return clip.rate.value
