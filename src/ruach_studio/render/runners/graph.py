"""Turn a chunk into FFmpeg's inputs and filter graph, so that exactly the plan's frames come out.

Each segment is an input of its own, sought to half a frame before its first source frame (a stamp that is off by a
rounding still lands on the right side). Containers without an index of key frames (MPEG-TS as AVCHD cameras write it,
MPEG-PS) are read from 10 s earlier: a seek there lands between key frames and would lose pictures without a word. Then
per branch: interlaced pictures made whole, a grid of the source's own rate (a recording with a variable rate becomes
constant here), each source frame moved to the first programme frame that shows it, the programme's rate on top (which
repeats or drops as the plan says), the last frame held where the file ends early, the picture fitted and its colours
brought to BT.709. FFmpeg computes in doubles; the expression is compared with the plan's exact numbers before it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ruach_studio.kernel.errors import RuachError
from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, Segment, first_programme_frame, position
from ruach_studio.render.plan.crop import crop_box
from ruach_studio.render.plan.mapping import covered, frames_per_source_frame
from ruach_studio.render.presets import Preset
from ruach_studio.render.recolour import recoloured, told
from ruach_studio.render.runners.footage import Footage

# Every branch carries the same tags, so that all chunks share one sequence header.
_COLOUR = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"
_LIMITED = "setparams=range=tv"
READ_AHEAD_S = Fraction(1, 2)
_NUDGES = (0.0, 1e-9, -1e-9, 1e-7, -1e-7, 1e-6, -1e-6)


class MappingInexpressible(RuachError):
    """FFmpeg's arithmetic cannot show the frames that the plan asks for."""

    code = "mapping_inexpressible"


@dataclass(frozen=True, slots=True)
class Graph:
    """The inputs (argument list) and the filter graph; the picture comes out as [v]."""

    inputs: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class SharedGraph:
    """One decoding for several formats: the inputs, the `head` that splits it, and each format's own text, ending in [v]."""

    inputs: tuple[str, ...]
    head: str
    texts: tuple[str, ...]


def build_graph(segments: Sequence[Segment], rate: FrameRate, preset: Preset, media: Mapping[str, Footage]) -> Graph:
    """Return the graph that shows `segments` one after another. `media` holds what is known of each file, by its path."""
    inputs, sources = _sources(segments, rate, media)
    return Graph(inputs, _shown(segments, [f"{source}," for source in sources], rate, preset, media))


def build_shared_graph(
    formats: Sequence[tuple[Sequence[Segment], Preset]], rate: FrameRate, media: Mapping[str, Footage]
) -> SharedGraph:
    """Return the graph that shows each format its segments, the same for all but for the subject's place.

    Each source is split once its frames stand at the programme's rate; all that makes a format's picture comes after.
    """
    segments = formats[0][0]
    inputs, sources = _sources(segments, rate, media)
    pads = [[f"[s{k}x{i}]" for k in range(len(formats))] for i in range(len(segments))]
    head = [f"{source},split={len(formats)}{''.join(pads[i])}" for i, source in enumerate(sources) if source]
    texts = (_shown(own, [pad[k] for pad in pads], rate, preset, media, f"{k}x") for k, (own, preset) in enumerate(formats))
    return SharedGraph(inputs, ";".join(head), tuple(texts))


def _sources(
    segments: Sequence[Segment], rate: FrameRate, media: Mapping[str, Footage]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the inputs, and for each segment the filters from its input to the programme's rate; "" for black."""
    inputs: list[str] = []
    sources: list[str] = []
    count = 0
    for segment in segments:
        if segment.clip is None:
            sources.append("")
            continue
        arguments, chain = _branch(segment, segment.clip, rate, media[segment.clip.path])
        inputs += arguments
        sources.append(f"[{count}:v:0]{told(media[segment.clip.path].colour)}{chain}")
        count += 1
    return tuple(inputs), sources


def _shown(
    segments: Sequence[Segment], sources: Sequence[str], rate: FrameRate, preset: Preset, media: Mapping[str, Footage],
    mark: str = "",
) -> str:  # fmt: skip
    """Return the filters from each segment's source (what its chain begins with) to one format's picture, [v]."""
    branches: list[str] = []
    for i, (segment, source) in enumerate(zip(segments, sources, strict=True)):
        if segment.clip is None:
            shaped = f"color=c=black:s={preset.width}x{preset.height}:r={rate},"
        else:
            footage = media[segment.clip.path]
            shape = fitted(preset, segment.subject_x, scaled=needs_scaling(footage, preset))
            shaped = f"{source}{shape},{recoloured(footage.colour)}"
        branches.append(f"{shaped}{_tail(segment)}[b{mark}{i}]")
    joined = "".join(f"[b{mark}{i}]" for i in range(len(segments)))
    ends = f"{joined}concat=n={len(segments)}:v=1:a=0,settb={_tick(rate)},setpts=N[v]"
    return ";".join([*branches, ends])


def seek_arguments(clip: ClipRef, first: int, last: int, footage: Footage) -> tuple[list[str], Fraction]:
    """Return the input options that read frames first..last of `clip`, and the seconds from the wanted point to the seek.

    A seek counts from the container's start; local 0 is the first picture, which may come later. The wanted point lies
    half a frame before frame `first`. The second value is positive where that is before the file's start, which no seek
    reaches, and negative with a run-up.
    """
    if clip.rate is None:
        raise ValueError(f"{clip.path} has no picture")
    frame_s = 1 / clip.rate.value
    late_s = Fraction(footage.info.local_zero_s) - Fraction(footage.info.container_start_s)
    wanted_s = late_s + (first - Fraction(1, 2)) * frame_s
    seek_s = max(wanted_s - footage.run_up_s, Fraction(0))
    length_s = max(wanted_s - seek_s, Fraction(0)) + (last - first + 1) * frame_s + READ_AHEAD_S
    seek = ["-ss", f"{float(seek_s):.6f}"] if seek_s else []
    counted_s = max(seek_s, late_s) if footage.restamped else seek_s
    return ["-threads", "1", *seek, "-t", f"{float(length_s):.6f}", "-i", footage.info.path], counted_s - wanted_s


def needs_scaling(footage: Footage, preset: Preset) -> bool:
    """Say whether the file's pictures (what a crop keeps of them) are not of the preset's size and form already.

    A scaler that changes no pixel still copies each frame, at some 7 % of what decoding it costs.
    """
    video = footage.info.video
    if video is None or video.rotation or video.pix_fmt != "yuv420p" or footage.full_range or not footage.square_pixels:
        return True
    kept = (video.width, video.height)
    if preset.fit == "crop":
        kept = crop_box(*kept, preset)[2:]
    return kept != (preset.width, preset.height)


def fitted(preset: Preset, subject_x: Fraction = Fraction(1, 2), *, scaled: bool = True) -> str:
    """Return the filters that bring any picture to the preset's size: all of it with bars, or a crop around the subject.

    plan/crop.py says the same rectangle in exact numbers. `crop` sees the picture upright, as the viewer does. Without
    `scaled` only what pictures need whose size is right (`needs_scaling`); their range is said as the scaler says it.
    """
    width, height = preset.width, preset.height
    wide = f"gte(dar,{width}/{height})"  # `dar` is what the viewer sees: stored size times pixel shape, after rotation
    if preset.fit == "pad":
        w, h = f"if({wide},{width},2*round({height}*dar/2))", f"if({wide},2*round({width}/dar/2),{height})"
        return f"scale=w='{w}':h='{h}':out_range=tv,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2" if scaled else _LIMITED
    w, h = f"if({wide},2*round(ih*{width}/{height}/sar/2),iw)", f"if({wide},ih,2*round(iw*sar*{height}/{width}/2))"
    place = f"{subject_x.numerator}/{subject_x.denominator}"
    x = f"clip(2*floor((iw*{place}-ow/2)/2+0.5),0,iw-ow)"
    size = f"scale={width}:{height}:out_range=tv" if scaled else _LIMITED
    return f"crop=w='{w}':h='{h}':x='{x}',{size}"


def _branch(segment: Segment, clip: ClipRef, rate: FrameRate, footage: Footage) -> tuple[list[str], str]:
    first = segment.source_frame_at(rate, segment.start_frame) or 0
    last = segment.source_frame_at(rate, segment.end_frame_exclusive - 1) or 0
    arguments, early_s = seek_arguments(clip, first, last, footage)
    source_rate = clip.rate or rate
    shift = f"setpts=PTS+{float(early_s):.9f}/TB," if early_s else ""
    whole = "yadif=mode=send_frame:deint=interlaced," if footage.interlaced else ""
    ends = covered(clip, rate)[1] < segment.end_frame_exclusive and last + 1 < clip.frames  # held, though the file goes on
    alone = f",trim=end_frame={last - first + 1}" if ends else ""
    grid = f"{whole}{shift}fps={source_rate}:round=down:start_time=0{alone}"
    placed = f"settb={_tick(rate)},setpts='{placement(segment, clip, rate, first, last)}'"
    return arguments, f"{grid},{placed},fps={rate}:round=near:start_time=0"


def placement(segment: Segment, clip: ClipRef, rate: FrameRate, first: int, last: int) -> str:
    """Return FFmpeg's expression for the frame (counted in the segment) at which source frame `first` + N appears.

    Raises MappingInexpressible if no double arithmetic near the exact line gives the plan's numbers.
    """
    exact = [first_programme_frame(clip, rate, k) - segment.start_frame for k in range(first, last + 2)]
    slope = float(frames_per_source_frame(clip, rate))
    if exact == list(range(exact[0], exact[0] + len(exact))):
        return f"N+{exact[0]}" if exact[0] >= 0 else f"N-{-exact[0]}"
    start = float(position(clip, first) * rate.value + Fraction(1, 2) - segment.start_frame)
    for nudge in _NUDGES:
        base = float(f"{start + nudge:.12f}")
        if [int((base + n * slope) // 1) for n in range(len(exact))] == exact:
            return f"floor({base:.12f}+N*{slope:.17f})"
    raise MappingInexpressible(subject=clip.path, remedy="Report this file's rate and the session's drift.")


def _tail(segment: Segment) -> str:
    """Return the filters that make a branch exactly as long as its segment and equal in form to the others."""
    length = segment.frames
    return f"tpad=stop_mode=clone:stop=-1,trim=end_frame={length},setsar=1,format=yuv420p,{_COLOUR}"


def _tick(rate: FrameRate) -> str:
    return f"{rate.value.denominator}/{rate.value.numerator}"
