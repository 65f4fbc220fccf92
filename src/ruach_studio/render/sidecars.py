"""Turn a plan's captions and chapters into the files that go out beside the video: WebVTT, SubRip, and chapters for the MP4.

All times count from the output's first frame, so a short's files fit the short. They are the exact start of a frame
(1001/30000 s each at 29.97), rounded down to the millisecond that the formats know: a player then shows a caption with
its first frame and not one later. Every text is on lines of its own without blank ones, and what WebVTT would read as
markup is escaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.render.glyphs import one_line
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.plan.lettering import Caption

VTT, SRT = "text/vtt; charset=utf-8", "application/x-subrip; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file beside the video: `name` is `captions.vtt`, `captions.srt` or `chapters.vtt`."""

    name: str
    content_type: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter of the output: frames [start, end) counted from its first frame."""

    start_frame: int
    end_frame_exclusive: int
    title: str


def sidecars(plan: RenderPlan) -> tuple[Sidecar, ...]:
    """Return the files of `plan`; none for a still, and none where there is nothing to write."""
    if plan.preset.is_still:
        return ()
    captions, chapters = captions_of(plan), chapters_of(plan)
    files: list[Sidecar] = []
    if captions:
        files.append(Sidecar("captions.vtt", VTT, "WEBVTT\n\n" + "\n".join(_vtt_cues(captions, plan.rate))))
        files.append(Sidecar("captions.srt", SRT, "\n".join(_srt_cues(captions, plan.rate))))
    if chapters:
        cues = (f"{_span(m.start_frame, m.end_frame_exclusive, plan.rate)}\n{_escaped(m.title)}\n" for m in chapters)
        files.append(Sidecar("chapters.vtt", VTT, "WEBVTT\n\n" + "\n".join(cues)))
    return tuple(files)


def captions_of(plan: RenderPlan) -> tuple[tuple[int, int, Caption], ...]:
    """Return (start, end exclusive, caption) of every caption seen in the output, in the output's frames."""
    timeline = plan.timeline
    spans = ((timeline.span(c.start_frame, c.end_frame_exclusive), c) for c in plan.lettering.captions)
    return tuple((span[0], span[1], caption) for span, caption in spans if span and _lines(caption))


def chapters_of(plan: RenderPlan) -> tuple[Mark, ...]:
    """Return the output's chapters: the one that is running when it begins starts at its first frame."""
    timeline, chapters = plan.timeline, plan.lettering.chapters
    ends = [*(c.start_frame for c in chapters[1:]), plan.end_frame_exclusive]
    spans = ((timeline.span(c.start_frame, end), c.title) for c, end in zip(chapters, ends, strict=False))
    return tuple(Mark(span[0], span[1], title) for span, title in spans if span)


def ffmetadata(plan: RenderPlan) -> str | None:
    """Return the chapters as FFmpeg's metadata file, in frames; None without chapters (or for a still)."""
    marks = () if plan.preset.is_still else chapters_of(plan)
    if not marks:
        return None
    tick = f"TIMEBASE={plan.rate.value.denominator}/{plan.rate.value.numerator}"
    parts = [
        f"[CHAPTER]\n{tick}\nSTART={m.start_frame}\nEND={m.end_frame_exclusive}\ntitle={_metadata(m.title)}\n" for m in marks
    ]
    return ";FFMETADATA1\n" + "".join(parts)


def _vtt_cues(captions: Sequence[tuple[int, int, Caption]], rate: FrameRate) -> Iterator[str]:
    for start, end, caption in captions:
        lines = [_escaped(line) for line in _lines(caption)]
        who = f"<v {_escaped(one_line(caption.speaker))}>" if caption.speaker else ""
        yield f"{_span(start, end, rate)}\n{who}{chr(10).join(lines)}\n"


def _srt_cues(captions: Sequence[tuple[int, int, Caption]], rate: FrameRate) -> Iterator[str]:
    for number, (start, end, caption) in enumerate(captions, 1):
        yield f"{number}\n{_span(start, end, rate).replace('.', ',')}\n{chr(10).join(_lines(caption))}\n"


def _lines(caption: Caption) -> list[str]:
    return [text for text in (one_line(" ".join(word.text for word in line)) for line in caption.lines) if text]


def _span(start: int, end: int, rate: FrameRate) -> str:
    return f"{_clock(start, rate)} --> {_clock(end, rate)}"


def _clock(frame: int, rate: FrameRate) -> str:
    ms = int(rate.seconds(frame) * 1000 // 1)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _metadata(text: str) -> str:
    for special in "\\=;#":
        text = text.replace(special, "\\" + special)
    return text
