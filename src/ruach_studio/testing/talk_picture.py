"""Turn a camera, a frame number and the speakers' loudness into a picture that a person and a test can both read.

Every picture shows a plain coloured room, the camera's name, its running timecode, a figure per person in view (brighter,
bigger and with an open mouth while speaking) and the machine-readable strip. Static parts are drawn once with Pillow; a
frame costs a few pasted cells.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing import strip

LEVELS = 5  # 0 silent .. 4 loud
_LOUD_RMS = (0.004, 0.02, 0.05, 0.1)  # of the clean voice, per level
_SKIN = ((196, 140, 110), (226, 180, 150))
_COAT = ((150, 60, 70), (60, 90, 150))

Planes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class View:
    """What a camera sees: its letter, a caption, the colour of its room and who sits where (x from centre, in heights)."""

    letter: str
    caption: str
    room: tuple[int, int, int]
    people: tuple[tuple[str, float, float], ...]  # (speaker, x, scale)


def level_of(rms: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the loudness step 0..4 for each RMS of the clean voice."""
    return np.searchsorted(np.array(_LOUD_RMS), rms, side="right").astype(np.int64)


class Painter:
    """Paint one camera's frames into one yuv420p buffer of shape (height * 3 / 2, width), BT.709 limited range.

    Width must be even, height a multiple of 4. `paint` returns the same buffer each time: copy it or encode it before the
    next call.
    """

    def __init__(self, view: View, rate: FrameRate, width: int, height: int) -> None:
        if width % 2 or height % 4:
            raise ValueError(f"{width}x{height}: the width must be even and the height a multiple of 4")
        self._view, self._rate, self._width, self._height = view, rate, width, height
        drawn = [yuv420(self._room(level)) for level in range(LEVELS)]
        self._buffer = drawn[0].copy()
        self._boxes = [self._box(x, scale) for _, x, scale in view.people]
        self._patches = [[_cut(planes, box, width, height) for planes in drawn] for box in self._boxes]
        self._shown_levels = [0] * len(view.people)
        self._cells = strip.cells(width, height)
        self._shown_bits: list[bool | None] = [None] * len(self._cells)
        self._glyph, self._glyph_at = self._timecode_glyphs()
        self._shown_text = " " * 11

    def paint(self, frame: int, levels: tuple[int, ...]) -> Planes:
        """Return the picture of `frame`; `levels` gives the loudness step of each person in the order of the view."""
        for person, level in enumerate(levels):
            if level != self._shown_levels[person]:
                _paste(self._buffer, self._patches[person][level], self._boxes[person], self._width, self._height)
                self._shown_levels[person] = level
        for place, bit in enumerate(strip.bits(self._view.letter, frame)):
            if bit is not self._shown_bits[place]:
                cell = self._cells[place]
                self._buffer[cell.y0 : cell.y1, cell.x0 : cell.x1] = strip.WHITE if bit else strip.BLACK
                self._shown_bits[place] = bit
        text = self._rate.timecode(frame)
        top, left, step = self._glyph_at
        for place, sign in enumerate(text):
            if sign != self._shown_text[place]:
                glyph = self._glyph[sign]
                x = left + place * step
                self._buffer[top : top + glyph.shape[0], x : x + step] = glyph
        self._shown_text = text
        return self._buffer

    def _room(self, level: int) -> Image.Image:
        """Draw everything but timecode and strip, all people at `level`."""
        width, height, view = self._width, self._height, self._view
        picture = Image.new("RGB", (width, height), view.room)
        draw = ImageDraw.Draw(picture)
        shade = tuple(channel * 3 // 4 for channel in view.room)
        for shelf in range(4):  # something with edges, so that a sharp picture can be told from a blurred one
            y = round(height * (0.12 + 0.17 * shelf))
            for left, right in ((0.03, 0.22), (0.78, 0.97)):
                draw.rectangle((left * width, y, right * width, y + max(1, height // 90)), fill=shade)
                for book in range(9):
                    x = width * (left + (right - left) * (book + 0.2) / 9)
                    tall = height * (0.05 + 0.04 * ((book * 7 + shelf * 5) % 4) / 4)
                    draw.rectangle(
                        (x, y - tall, x + width * 0.011, y - 1), fill=tuple(c * (6 + book % 4) // 10 for c in view.room)
                    )
        for order, (speaker, x, scale) in enumerate(view.people):
            self._person(draw, order if len(view.people) > 1 else int(speaker) - 1, x, scale, level)
        draw.rectangle((0, round(height * 0.93), width, height), fill=(94, 66, 44))
        box = self._label_box()
        draw.rectangle(box, fill=(0, 0, 0))
        strip_cells = strip.cells(width, height)
        draw.rectangle(
            (strip_cells[0].x0 - 2, strip_cells[0].y0 - 2, strip_cells[-1].x1 + 1, strip_cells[-1].y1 + 1), fill=(0, 0, 0)
        )
        font = ImageFont.load_default(max(8, round(height * 0.042)))
        draw.text((width / 2, height * 0.265), view.caption, fill=(255, 255, 255), font=font, anchor="mm")
        return picture

    def _person(self, draw: ImageDraw.ImageDraw, look: int, x: float, scale: float, level: int) -> None:
        height = self._height
        size = height * 0.13 * scale * (1 + 0.025 * level)
        cx, cy = self._width / 2 + x * height, height * (0.56 + 0.08 * (1 - scale))
        bright = 0.6 + 0.1 * level
        skin, coat = (tuple(round(min(255, c * bright)) for c in colours[look % 2]) for colours in (_SKIN, _COAT))
        draw.ellipse((cx - 1.7 * size, cy + 1.1 * size, cx + 1.7 * size, cy + 5 * size), fill=coat)
        draw.ellipse((cx - size, cy - 1.1 * size, cx + size, cy + 1.1 * size), fill=skin)
        for eye in (-0.4, 0.4):
            draw.ellipse(
                (cx + (eye - 0.1) * size, cy - 0.3 * size, cx + (eye + 0.1) * size, cy - 0.1 * size), fill=(30, 25, 25)
            )
        mouth = size * (0.05 + 0.09 * level)
        draw.ellipse(
            (cx - 0.35 * size, cy + 0.5 * size - mouth, cx + 0.35 * size, cy + 0.5 * size + mouth), fill=(90, 25, 30)
        )

    def _box(self, x: float, scale: float) -> tuple[int, int, int, int]:
        """Return the even-edged box (y0, y1, x0, x1) that holds a person at every level, below the labels."""
        half = 0.13 * scale * 1.1 * 1.75 * self._height
        middle = self._width / 2 + x * self._height
        edges = (self._height * 0.38, self._height * 0.93, max(0.0, middle - half), min(float(self._width), middle + half))
        y0, y1, x0, x1 = (int(edge) // 2 * 2 for edge in edges)
        return y0, y1, x0, x1

    def _label_box(self) -> tuple[float, float, float, float]:
        half, height = 0.24 * self._height, self._height
        return self._width / 2 - half, 0.24 * height, self._width / 2 + half, 0.365 * height

    def _timecode_glyphs(self) -> tuple[dict[str, Planes], tuple[int, int, int]]:
        """Return white-on-black luma per sign, and (top, left, step) of the timecode: 11 signs, centred."""
        step, tall = round(0.042 * self._height), round(0.065 * self._height)
        font = ImageFont.load_default(max(8, round(0.062 * self._height)))
        glyphs = {}
        for sign in "0123456789:;":
            tile = Image.new("L", (step, tall), 0)
            ImageDraw.Draw(tile).text((step / 2, tall / 2), sign, fill=255, font=font, anchor="mm")
            glyphs[sign] = (16 + np.asarray(tile, np.float32) * (219 / 255)).astype(np.uint8)
        return glyphs, (round(0.295 * self._height), round(self._width / 2 - 5.5 * step), step)


def yuv420(picture: Image.Image) -> Planes:
    """Return an RGB picture as yuv420p planes (height * 3 / 2, width), BT.709 limited range."""
    rgb = np.asarray(picture, np.float32) / 255
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    height, width = luma.shape
    small = rgb.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    small_luma = small @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    blue, red = (small[..., 2] - small_luma) / 1.8556, (small[..., 0] - small_luma) / 1.5748
    planes = [16 + 219 * luma, 128 + 224 * blue, 128 + 224 * red]
    flat = np.concatenate([np.rint(plane).astype(np.uint8).reshape(-1) for plane in planes])
    return flat.reshape(height * 3 // 2, width)


def _split(planes: Planes, width: int, height: int) -> tuple[Planes, Planes, Planes]:
    quarter = height // 4
    luma, blue, red = planes[:height], planes[height : height + quarter], planes[height + quarter :]
    return luma, blue.reshape(height // 2, width // 2), red.reshape(height // 2, width // 2)


def _cut(planes: Planes, box: tuple[int, int, int, int], width: int, height: int) -> tuple[Planes, ...]:
    y0, y1, x0, x1 = box
    luma, *chroma = _split(planes, width, height)
    return luma[y0:y1, x0:x1].copy(), *(plane[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2].copy() for plane in chroma)


def _paste(planes: Planes, patch: tuple[Planes, ...], box: tuple[int, int, int, int], width: int, height: int) -> None:
    y0, y1, x0, x1 = box
    luma, *chroma = _split(planes, width, height)
    luma[y0:y1, x0:x1] = patch[0]
    for plane, part in zip(chroma, patch[1:], strict=True):
        plane[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = part
