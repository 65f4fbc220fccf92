"""Turn a render plan into the props of the Remotion composition `programme`, whole or one stretch of it.

The models are the one source of the props' form: tools/remotion_props.py writes the TypeScript types and the JSON schema
from them, and a test fails if those drift. Frames are programme frames, as in the plan. Which source frame is on screen is
carried as the plan's exact line, ceil((a * frame + b) / d) - 1 in whole numbers, because JavaScript's own numbers would
round an hour of 29.97. Counterpart: remotion/src/frames.ts reads the line, Picture.tsx shows the frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.plan import ClipRef, Lettering, RenderPlan, Segment
from ruach_studio.render.plan.lettering import OverlayKind
from ruach_studio.render.plan.mapping import own_frames
from ruach_studio.render.runners.chunks import Chunk

SCHEMA = 1  # Root.tsx refuses another: a deployed site can be older than the studio
COMPOSITION = "programme"


class _Props(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class SourceProps(_Props):
    """A file that the browser reads: its address, size as it is seen, rate, and the time stamp of frame 0."""

    src: str
    width: float
    height: float
    fps: float
    first_picture_s: float


class LineProps(_Props):
    """Which source frame is shown at a programme frame: ceil((a * frame + b) / d) - 1, whole numbers as text."""

    a: str
    b: str
    d: str


class SegmentProps(_Props):
    """Programme frames [start, end) from one source; `source` is its place in the list, null is black."""

    start_frame: int
    end_frame_exclusive: int
    source: int | None
    subject_x: float
    line: LineProps
    first_source_frame: int
    last_source_frame: int


class GapProps(_Props):
    """Where programme frames are left out: before the composition's frame `at`, as many as `left_out`."""

    at: int
    left_out: int


class CaptionWordProps(_Props):
    """One word and the programme frames in which it is said."""

    text: str
    start_frame: int
    end_frame_exclusive: int


class CaptionProps(_Props):
    """One phrase on screen, as lines of words."""

    start_frame: int
    end_frame_exclusive: int
    lines: list[list[CaptionWordProps]]


class OverlayProps(_Props):
    """One overlay on screen."""

    start_frame: int
    end_frame_exclusive: int
    kind: OverlayKind
    payload: dict[str, str]


class ChapterProps(_Props):
    """A chapter; `number` counts from 1 in the whole programme."""

    start_frame: int
    number: int
    title: str


class LetteringProps(_Props):
    """Everything written on the picture."""

    captions: list[CaptionProps]
    overlays: list[OverlayProps]
    chapters: list[ChapterProps]
    burn_captions: bool
    karaoke: bool
    show_chapters: bool


class FontProps(_Props):
    """A font file in the site's public folder."""

    family: str
    weight: int
    file: str


class RenderProps(_Props):
    """The composition: its frame 0 is programme frame `start_frame`; `gaps` are left out on the way."""

    schema_version: int
    width: int
    height: int
    fps: float
    frames: int
    start_frame: int
    gaps: list[GapProps]
    fit: Literal["pad", "crop"]
    sources: list[SourceProps]
    segments: list[SegmentProps]
    lettering: LetteringProps
    fonts: list[FontProps]

    def wire(self) -> dict[str, object]:
        """Return the JSON form."""
        return self.model_dump(by_alias=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the props must know of a file: its address for the browser, its size as the viewer sees it, where frame 0 is."""

    src: str
    width: float
    height: float
    first_picture_s: float


def props_of(
    plan: RenderPlan, seen: Mapping[str, Seen], fonts: Sequence[FontProps] = (), *, segments: Sequence[Segment] | None = None
) -> RenderProps:
    """Return the props of `plan`, or of its consecutive `segments` alone. `seen` is by path."""
    shown = plan.segments if segments is None else segments
    clips = list(dict.fromkeys(s.clip for s in shown if s.clip is not None))
    whole = Chunk(0, tuple(shown))
    start, end = whole.start_frame, whole.end_frame_exclusive
    return RenderProps(
        schema_version=SCHEMA, width=plan.preset.width, height=plan.preset.height, fps=float(plan.rate.value),
        frames=whole.frames, start_frame=start, gaps=[GapProps(at=at, left_out=count) for at, count in whole.gaps],
        fit=plan.preset.fit,
        sources=[_source(clip, seen[clip.path]) for clip in clips], segments=[_segment(s, clips, plan.rate) for s in shown],
        lettering=_lettering(plan.lettering, start, end), fonts=list(fonts),
    )  # fmt: skip


def line_of(clip: ClipRef, rate: FrameRate) -> LineProps:
    """Return the line of plan/mapping.py's `source_frame` with one denominator."""
    source_rate = _rate(clip)
    a = source_rate / (rate.value * clip.stretch)
    b = (1 / (2 * rate.value) - clip.offset_s) / clip.stretch * source_rate - clip.start_s * source_rate
    d = lcm(a.denominator, b.denominator)
    return LineProps(a=str(int(a * d)), b=str(int(b * d)), d=str(d))


def _rate(clip: ClipRef) -> Fraction:
    if clip.rate is None:
        raise ValueError(f"{clip.path} has no picture")
    return clip.rate.value


def _source(clip: ClipRef, seen: Seen) -> SourceProps:
    return SourceProps(
        src=seen.src, width=seen.width, height=seen.height, fps=float(_rate(clip)), first_picture_s=seen.first_picture_s
    )


def _segment(segment: Segment, clips: Sequence[ClipRef], rate: FrameRate) -> SegmentProps:
    clip = segment.clip
    first, end = (0, 1) if clip is None else own_frames(clip)
    return SegmentProps(
        start_frame=segment.start_frame, end_frame_exclusive=segment.end_frame_exclusive,
        source=None if clip is None else clips.index(clip), subject_x=float(segment.subject_x),
        line=LineProps(a="0", b="0", d="1") if clip is None else line_of(clip, rate),
        first_source_frame=first, last_source_frame=max(end - 1, first),
    )  # fmt: skip


def _lettering(lettering: Lettering, start: int, end: int) -> LetteringProps:
    """Return what is drawn in frames [start, end); a chapter stays for its card, whenever it began."""
    captions = lettering.captions if lettering.burn_captions else ()
    chapters = list(enumerate(lettering.chapters, 1)) if lettering.show_chapters else []
    return LetteringProps(
        captions=[
            CaptionProps(
                start_frame=c.start_frame, end_frame_exclusive=c.end_frame_exclusive,
                lines=[
                    [CaptionWordProps(text=w.text, start_frame=w.start_frame, end_frame_exclusive=w.end_frame_exclusive)
                     for w in line] for line in c.lines
                ],
            ) for c in captions if c.start_frame < end and c.end_frame_exclusive > start
        ],
        overlays=[
            OverlayProps(start_frame=o.start_frame, end_frame_exclusive=o.end_frame_exclusive, kind=o.kind,
                         payload=dict(o.payload))
            for o in lettering.overlays if o.start_frame < end and o.end_frame_exclusive > start
        ],
        chapters=[ChapterProps(start_frame=c.start_frame, number=n, title=c.title) for n, c in chapters],
        burn_captions=lettering.burn_captions, karaoke=lettering.karaoke, show_chapters=lettering.show_chapters,
    )  # fmt: skip
