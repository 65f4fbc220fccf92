"""Turn a plan's lettering into placed lines and panels: every kind in its own part of the safe area, ready for libass.

Captions stand at the bottom, white with a dark edge; with karaoke the word that is being said is lit, exactly during its
frames. A lower third has a panel with a bar, a title stands alone, a scripture and a chapter card have panels, a call to
action is a filled label. Overlays fade for 0.3 s, chapter cards show 3 s and fade for 0.5 s; a shorter one fades for a
third of its time. All sizes are multiples of `unit`, so that a picture of half the size shows the same picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Literal

from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.render.glyphs import drawable
from ruach_studio.render.lettering_style import Box, Place, place, unit
from ruach_studio.render.plan import RenderPlan
from ruach_studio.render.plan.lettering import Caption, Overlay
from ruach_studio.render.runners.ass import Event
from ruach_studio.render.runners.typeset import CAP_HEIGHT, LINE, Block, Part, as_broken, ascent, stacked, typed

FADE_S, CARD_FADE_S, CARD_S = Fraction(3, 10), Fraction(1, 2), Fraction(3)
WHITE, INK, LIT, ACCENT, SOFT = "FFFFFF", "1A1410", "3FD2FF", "4FC4F5", "E6E0DC"  # blue, green, red
UPRIGHT = 1.15  # a telephone's picture is small: everything but its captions is that much larger there
GAP = 14  # between two texts of one overlay
PANEL_ALPHA = "50"  # 0 is opaque, FF is invisible
# Edge and shadow of a caption, in ems. Both stay inside the safe area.
EDGE, SHADOW = 0.075, 0.035

Align = Literal["left", "centre", "right"]


@dataclass(frozen=True, slots=True)
class _Look:
    """How one kind of overlay looks: its texts with size in units, where it stands, what is behind it."""

    place: Place
    align: Align
    stands: Literal["top", "middle", "bottom"]
    panel: str | None
    bar: bool
    pad: float
    edge: float = 0.0


_LOOKS: Mapping[str, _Look] = {
    "lowerThird": _Look("lowerThird", "left", "bottom", INK, bar=True, pad=22),
    "title": _Look("middle", "centre", "middle", None, bar=False, pad=8, edge=0.05),
    "scripture": _Look("middle", "centre", "bottom", INK, bar=False, pad=28),
    "cta": _Look("cta", "right", "top", ACCENT, bar=False, pad=16),
    "chapter": _Look("chapter", "left", "top", INK, bar=True, pad=22),
}


def events_of(plan: RenderPlan) -> tuple[Event, ...]:
    """Return everything that is drawn during `plan`, in programme frames, in order of appearance."""
    lettering, size = plan.lettering, (plan.preset.width, plan.preset.height)
    found: list[Event] = []
    for overlay in lettering.overlays:
        fade = _frames(plan, FADE_S)
        span = overlay.start_frame, overlay.end_frame_exclusive
        found += _set(_LOOKS[overlay.kind], _parts(overlay, float(unit(*size))), span, fade, plan)
    if lettering.show_chapters:
        ends = [*(c.start_frame for c in lettering.chapters[1:]), plan.end_frame_exclusive]
        for number, (chapter, end) in enumerate(zip(lettering.chapters, ends, strict=False), 1):
            last = min(chapter.start_frame + _frames(plan, CARD_S), end)
            u = float(unit(*size))
            parts = [
                Part(f"{number} / {len(lettering.chapters)}", "Bold", 28 * u, ACCENT),
                Part(chapter.title, "Bold", 44 * u, WHITE),
            ]
            found += _set(_LOOKS["chapter"], parts, (chapter.start_frame, last), _frames(plan, CARD_FADE_S), plan)
    if lettering.burn_captions:
        for caption in lettering.captions:
            found += _caption(caption, plan)
    seen = (e for e in found if e.start_frame < plan.end_frame_exclusive and e.end_frame_exclusive > plan.start_frame)
    return tuple(sorted(seen, key=lambda e: (e.start_frame, e.layer)))


def _parts(overlay: Overlay, u: float) -> list[Part]:
    text = overlay.payload
    match overlay.kind:
        case "lowerThird":
            wanted = [("name", "Bold", 44, WHITE), ("role", "Medium", 31, SOFT)]
        case "title":
            wanted = [("title", "Bold", 92, WHITE), ("subtitle", "Medium", 44, WHITE)]
        case "scripture":
            source = " · ".join(text[key] for key in ("reference", "translation") if key in text)
            text = {"text": text["text"], "source": source} if source else text
            wanted = [("text", "Medium", 46, WHITE), ("source", "Bold", 34, ACCENT)]
        case "cta":
            wanted = [("text", "Bold", 40, INK), ("detail", "Medium", 32, INK)]
    return [Part(text[key], weight, em * u, colour) for key, weight, em, colour in wanted if key in text]  # type: ignore[arg-type]


def _set(look: _Look, parts: Sequence[Part], span: tuple[int, int], fade: int, plan: RenderPlan) -> Iterator[Event]:
    """Yield the events of one overlay or card: its panel, its bar, and each line of its texts."""
    width, height = plan.preset.width, plan.preset.height
    larger = UPRIGHT if height > width else 1.0
    held = [Part(drawn, p.weight, p.em * larger, p.colour) for p in parts if (drawn := drawable(p.text))]
    start, end = span
    if not held or start >= end:
        return
    u, room = float(unit(width, height)), _room(look, plan)
    pad, side, bar = look.pad * u, look.pad * u * 1.3, (8 * u if look.bar else 0.0)
    blocks = stacked(held, room.width - 2 * side - bar, room.height - 2 * pad, GAP * u)
    inner = max(block.width for block in blocks)
    tall = sum(block.height for block in blocks) + GAP * u * (len(blocks) - 1)
    outer = Box(0, 0, inner + 2 * side + bar, tall + 2 * pad)
    align = look.align if width > height or look.align != "right" else "centre"
    x0 = {"left": room.x0, "centre": room.x0 + (room.width - outer.width) / 2, "right": room.x1 - outer.width}[align]
    y0 = {"top": room.y0, "middle": room.y0 + (room.height - outer.height) / 2, "bottom": room.y1 - outer.height}[
        look.stands
    ]
    fade = min(fade, (end - start) // 3)
    faded = f"\\fad({fade * 10},{fade * 10})" if fade else ""
    if look.panel:
        alpha = "00" if look.panel == ACCENT else PANEL_ALPHA
        panel = Box(x0, y0, x0 + outer.width, y0 + outer.height)
        yield Event(start, end, 0, f"{{{faded}{_fill(look.panel, alpha)}}}{_rounded(panel, 0.0 if bar else 14 * u)}")
        if bar:
            strip = Box(x0, y0, x0 + bar, y0 + outer.height)
            yield Event(start, end, 1, f"{{{faded}{_fill(ACCENT, '00')}}}{_rounded(strip, 0.0)}")
    y = y0 + pad
    for part, block in zip(held, blocks, strict=True):
        x = x0 + side + bar if align == "left" else x0 + outer.width / 2
        for line, body in _lines(block, y, x, "left" if align == "left" else "centre"):
            edge = f"\\bord{look.edge * block.em:.2f}\\3c&H{INK}&\\shad0"
            yield Event(start, end, 1, f"{{{faded}{body}{edge}\\1c&H{part.colour}&}}{typed(line, part.weight, block.em)}")
        y += block.height + GAP * u


def _caption(caption: Caption, plan: RenderPlan) -> Iterator[Event]:
    """Yield a caption's lines; with karaoke each line once per stretch in which the same word of it is lit."""
    width, height = plan.preset.width, plan.preset.height
    room, u = place("captions", width, height), float(unit(width, height))
    em = (64 if height > width else 54 if height == width else 48) * u
    lines = [[(drawn, word) for word in line if (drawn := drawable(word.text))] for line in caption.lines]
    lines = [line for line in lines if line]
    if not lines:
        return
    edge = (EDGE + SHADOW) * em
    texts = [" ".join(drawn for drawn, _ in line) for line in lines]
    block = as_broken(texts, "Bold", em, room.width - 2 * edge, room.height - 2 * edge)
    look = f"\\bord{EDGE * block.em:.2f}\\shad{SHADOW * block.em:.2f}\\3c&H000000&\\4c&H000000&\\4a&H60&\\1c&H{WHITE}&"
    top = room.y1 - edge - block.height
    for line, (_, body) in zip(lines, _lines(block, top, room.x0 + room.width / 2, "centre"), strict=True):
        spans = [(word.start_frame, word.end_frame_exclusive) for _, word in line] if plan.lettering.karaoke else []
        for start, end, lit in _stretches(caption.start_frame, caption.end_frame_exclusive, spans):
            words = [
                f"{{\\1c&H{LIT if i == lit else WHITE}&}}{typed(drawn, 'Bold', block.em)}"
                for i, (drawn, _) in enumerate(line)
            ]
            blank = f"{{\\1c&H{WHITE}&}}{typed(' ', 'Bold', block.em)}"
            text = blank.join(words) if lit is not None else typed(" ".join(d for d, _ in line), "Bold", block.em)
            yield Event(start, end, 2, f"{{{body}{look}}}{text}")


def _stretches(start: int, end: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, int | None]]:
    """Yield (first frame, end exclusive, index of the lit word or None) so that all of [start, end) is covered once."""
    edges = sorted({start, end, *(edge for span in spans for edge in span if start < edge < end)})
    for a, b in pairwise(edges):
        yield a, b, next((i for i, (first, last) in enumerate(spans) if first <= a < last), None)


def _lines(block: Block, top: float, x: float, align: Literal["left", "centre"]) -> Iterator[tuple[str, str]]:
    """Yield each line and the tags that put its baseline where it belongs; `top` is the top of the first capitals."""
    for i, line in enumerate(block.lines):
        baseline = top + (CAP_HEIGHT + i * LINE) * block.em
        yield line, f"\\an{7 if align == 'left' else 8}\\pos({x:.2f},{baseline - ascent(line) * block.em:.2f})"


def _room(look: _Look, plan: RenderPlan) -> Box:
    """Return the look's place; what stands at the foot of its place moves down where no captions are drawn."""
    size = plan.preset.width, plan.preset.height
    room = place(look.place, *size)
    if look.stands == "bottom" and not plan.lettering.burn_captions:
        down = place("captions", *size).y1 - place("lowerThird", *size).y1
        return Box(room.x0, room.y0 + down, room.x1, room.y1 + down)
    return room


def _fill(colour: str, alpha: str) -> str:
    return f"\\an7\\pos(0,0)\\bord0\\shad0\\1c&H{colour}&\\1a&H{alpha}&\\p1"


def _rounded(box: Box, radius: float) -> str:
    # Whole pixels, one of them spare: a smoothed edge colours the pixel beside it.
    x0, y0 = ceil(box.x0) + 1, ceil(box.y0) + 1
    x1, y1 = max(floor(box.x1) - 1, x0 + 1), max(floor(box.y1) - 1, y0 + 1)
    r = round(radius)
    if not r:
        return f"m {x0} {y0} l {x1} {y0} {x1} {y1} {x0} {y1}"
    corners = ((x1, y0, -r, 0, 0, r), (x1, y1, 0, -r, -r, 0), (x0, y1, r, 0, 0, -r), (x0, y0, 0, r, r, 0))
    path = [f"m {x0 + r} {y0}"]
    for x, y, ax, ay, bx, by in corners:
        path.append(f"l {x + ax} {y + ay} b {x} {y} {x} {y} {x + bx} {y + by}")
    return " ".join(path)


def _frames(plan: RenderPlan, seconds: Fraction) -> int:
    return round_half_up(seconds * plan.rate.value)
