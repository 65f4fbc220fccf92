"""Turn segments into what must be encoded and what may be copied: whole closed groups of pictures, packet by packet.

An opt-in (`VideoCodec.smart_copy`): the camera's own quality and bit rate stay, at a third of the work. Copied is only what
comes out as the plan says to the frame: H.264 8 bit 4:2:0 in the output's size, rate, colours and orientation, nothing
written on the picture, and runs of at least a second from one IDR picture to another. Everything else is encoded as ever,
with a sentence that names the reason. Counterpart: splice.py joins the two kinds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.packet import Packet
from av.video.stream import VideoStream

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, RenderPlan, Segment
from ruach_studio.render.presets import Preset
from ruach_studio.render.runners.chunks import Chunk, chunked
from ruach_studio.render.runners.footage import Footage

LEAST_COPY_S = Fraction(1)
_STAMP_TOLERANCE = 0.2  # of a frame: containers round their stamps
_IDR, _PARAMETER_SETS = 5, (7, 8)


@dataclass(frozen=True, slots=True)
class Copied:
    """Programme frames that are the packets of `clip` from source frame `first` on, an IDR picture."""

    segment: Segment
    clip: ClipRef
    first: int


@dataclass(frozen=True, slots=True)
class Parted:
    """The plan's segments in order, each to encode (Segment) or to copy; and why the rest is not copied, by file."""

    parts: tuple[Segment | Copied, ...]
    reasons: tuple[str, ...]

    @property
    def copied_frames(self) -> int:
        """Return how many frames are copied."""
        return sum(part.segment.frames for part in self.parts if isinstance(part, Copied))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what was copied and why the rest was not, for a person; nothing where nobody asked for copies."""
        total = self.copied_frames + sum(part.frames for part in self.parts if isinstance(part, Segment))
        if not self.copied_frames and not self.reasons:
            return ()
        return (f"{self.copied_frames} of {total} frames are copied as the cameras recorded them", *self.reasons)


def part(plan: RenderPlan, media: Mapping[str, Footage]) -> Parted:
    """Say which frames of `plan` can be copied."""
    parts: list[Segment | Copied] = []
    reasons: dict[str, None] = {}
    for segment in plan.segments:
        clip = segment.clip
        why = _refused(plan, segment, media)
        copied = None if why or clip is None else _whole_groups(segment, clip, plan.rate, media[clip.path])
        if isinstance(copied, Copied):
            start, end = copied.segment.start_frame, copied.segment.end_frame_exclusive
            edges = (replace(segment, end_frame_exclusive=start), replace(segment, start_frame=end))
            parts += [piece for piece in (edges[0], copied, edges[1]) if isinstance(piece, Copied) or piece.frames]
            continue
        parts.append(segment)
        if clip is not None:
            reasons[f"{clip.path} is encoded: {why or copied}"] = None
    return Parted(tuple(parts), tuple(reasons))


def is_unsafe(footage: Footage, clip: ClipRef, rate: FrameRate, preset: Preset) -> str | None:
    """Return why nothing of a file may be copied, or None."""
    video = footage.info.video
    if video is None or footage.info.path != clip.path:
        return "its pictures carry no times of their own"
    shape = (video.width, video.height)
    refusals = {
        f"its codec is {video.codec}, not h264": video.codec != "h264",
        f"its pixels are {video.pix_fmt}, not yuv420p": video.pix_fmt != "yuv420p" or footage.full_range,
        f"its size is {shape[0]}x{shape[1]}, the output's {preset.width}x{preset.height}": shape
        != (preset.width, preset.height),
        f"it is turned by {video.rotation} degrees": video.rotation != 0,
        "its pixels are not square": not footage.square_pixels,
        f"its colours are not BT.709 ({footage.colour.reason})": footage.colour.conversion != "none",
        "it is interlaced": footage.interlaced,
        f"its rate is {clip.rate}, the programme's {rate}": clip.rate is None or clip.rate.value != rate.value,
        "its rate varies": video.variable_rate,
        "its container has no index of key frames": footage.run_up_s > 0,
    }
    return next((reason for reason, holds in refusals.items() if holds), None)


def _refused(plan: RenderPlan, segment: Segment, media: Mapping[str, Footage]) -> str | None:
    if segment.clip is None:
        return "black"
    if unsafe := is_unsafe(media[segment.clip.path], segment.clip, plan.rate, plan.preset):
        return unsafe
    lettering = plan.lettering
    spans = [(overlay.start_frame, overlay.end_frame_exclusive) for overlay in lettering.overlays]
    captions = lettering.captions if lettering.burn_captions else ()
    spans += [(caption.start_frame, caption.end_frame_exclusive) for caption in captions]
    if lettering.show_chapters and lettering.chapters:  # how long a card stands is the runner's business
        spans.append((plan.start_frame, plan.end_frame_exclusive))
    if any(lo < segment.end_frame_exclusive and segment.start_frame < hi for lo, hi in spans):
        return "something is written on the picture"
    first, last = (segment.source_frame_at(plan.rate, at) for at in (segment.start_frame, segment.end_frame_exclusive - 1))
    if first is None or last is None or last - first != segment.frames - 1:
        return "frames are held, dropped or repeated there"
    return None


def _whole_groups(segment: Segment, clip: ClipRef, rate: FrameRate, footage: Footage) -> Copied | str:
    """Return the longest run from an IDR picture to another inside the segment, or why there is none."""
    first = segment.source_frame_at(rate, segment.start_frame) or 0
    seen = _pictures(footage, rate, first, first + segment.frames)
    if isinstance(seen, str):
        return seen
    numbers, keys = seen
    inside = [number for number in keys if first <= number <= first + segment.frames]
    if clip.frames == first + segment.frames and max(numbers, default=0) < clip.frames:
        inside.append(first + segment.frames)  # the file's end closes its last group
    if len(inside) < 2 or (inside[-1] - inside[0]) < LEAST_COPY_S * rate.value:
        return "no run of whole groups of pictures lasts a second there"
    start, end = inside[0], inside[-1]
    if sorted(n for n in numbers if start <= n < end) != list(range(start, end)):
        return "pictures are missing there"
    at = segment.start_frame + start - first
    return Copied(replace(segment, start_frame=at, end_frame_exclusive=at + end - start), clip, start)


def _pictures(footage: Footage, rate: FrameRate, start: int, end: int) -> tuple[list[int], list[int]] | str:
    """Return the frame numbers of the packets around [start, end] and which are IDR pictures, or why they cannot be told."""
    numbers: list[int] = []
    keys: list[int] = []
    with av.open(footage.info.path, options={"protocol_whitelist": "file"}) as container:
        stream = container.streams.video[0]
        if not has_long_lengths(stream.codec_context.extradata):
            return "its pictures are not stored as MP4 stores them"
        zero_s = footage.info.local_zero_s
        if start > 0 and stream.time_base is not None:
            container.seek(int((zero_s + start / float(rate.value)) / stream.time_base), stream=stream)
        for packet in container.demux(stream):
            if packet.pts is None or packet.size == 0:
                continue
            exact = (float(packet.pts * packet.time_base) - zero_s) * float(rate.value)
            number = round(exact)
            if abs(exact - number) > _STAMP_TOLERANCE:
                return "its pictures are not evenly spaced"
            if packet.is_keyframe:
                kinds = unit_kinds(bytes(packet))
                if _IDR not in kinds:
                    return "it has open groups of pictures (a key frame that is no IDR picture)"
                keys.append(number)
                if number >= end:
                    break
            numbers.append(number)
    return numbers, keys


def has_long_lengths(extradata: bytes | None) -> bool:
    """Say whether the track's pictures are units behind lengths of four bytes (ISO/IEC 14496-15, 5.3.3.1)."""
    return extradata is not None and len(extradata) > 6 and extradata[0] == 1 and extradata[4] & 3 == 3


def unit_kinds(data: bytes) -> list[int]:
    """Return the kind of each NAL unit of a picture stored behind lengths of four bytes."""
    kinds, at = [], 0
    while at + 5 <= len(data):
        kinds.append(data[at + 4] & 31)
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return kinds


def parameter_sets(extradata: bytes) -> bytes:
    """Return the track's parameter sets as units that can stand before a picture."""
    sets, at = b"", 6
    for count_at in range(2):
        count = extradata[5] & 31 if count_at == 0 else extradata[at]
        at += count_at
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            sets += length.to_bytes(4, "big") + extradata[at + 2 : at + 2 + length]
            at += 2 + length
    return sets


def carries_sets(packet: "Packet[VideoStream]") -> bool:
    """Say whether the picture brings its own parameter sets."""
    return any(kind in _PARAMETER_SETS for kind in unit_kinds(bytes(packet)))


def scheduled(parts: Sequence[Segment | Copied], rate: FrameRate) -> tuple[Chunk | Copied, ...]:
    """Return the parts in order, those to encode as chunks, numbered through."""
    work: list[Chunk | Copied] = []
    run: list[Segment] = []
    for item in [*parts, None]:
        if isinstance(item, Segment):
            run.append(item)
            continue
        work += [replace(chunk, index=len(work) + i) for i, chunk in enumerate(chunked(run, rate))] if run else []
        run = []
        work += [item] if item is not None else []
    return tuple(work)
