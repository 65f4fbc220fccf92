"""Turn a camera's letter and a frame number into the picture of a talk: a room, someone in it, a sensor's noise.

The room stands still: a lit wall, a desk, furniture with soft edges, over all of it a texture with the spectrum of natural
images (amplitude 1/f: Field 1987, J. Opt. Soc. Am. A 4, 2379). The speaker sways, nods, talks and now and then moves a
hand, in steps of a quarter of a pixel. The noise is another one in every frame: Gaussian, a little soft as demosaicing
leaves it. With a deviation of 1.5 levels a camera of 1080p30 has 2.1 Mbit/s at veryfast, crf 21; with 2 levels 4.1
(measured.md: what that does to the ratios). Frame k shows k modulo `LOOP`; letter, number and size decide every byte.
"""

from dataclasses import dataclass
from functools import cache
from math import pi, sin

import numpy as np
import numpy.typing as npt

LOOP = 600  # frames
NOISE, CHROMA_NOISE = 1.5, 0.75  # standard deviation in 8-bit levels
FINE = 4  # parts are drawn with this many samples a pixel, and placed by one of them
_OPAQUE = 127
_NECK = 0.35  # of the head's height, from its middle to where the neck begins
_LOWEST = 1.02  # where the body ends, in picture heights from the top
Floats = npt.NDArray[np.floating]
Levels = npt.NDArray[np.int16]
Planes = npt.NDArray[np.uint8]  # (height * 3/2, width): yuv420p as PyAV lays it out
Size = tuple[int, int]
# Where the head's middle is (in picture heights, from the left and the top) and how tall the head is.
PLACES = {"A": (0.62, 0.46, 0.30), "B": (1.20, 0.48, 0.38), "C": (0.84, 0.50, 0.17)}


@dataclass(frozen=True, slots=True)
class Shape:
    """Part of a person in fine samples: luma and cover (0..1), 2 pixels of nothing around; one colour (Cb, Cr)."""

    luma: Floats
    cover: Floats
    colour: tuple[int, int]


class Part:
    """A shape that can be put into a picture at quarters of a pixel."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._shifted: dict[tuple[int, int], tuple[Levels, Levels]] = {}

    def put(self, planes: Planes, x: float, y: float, strength: float = 1.0) -> None:
        """Blend the part into `planes`, its middle at (x, y) in pixels; what lies below the picture is cut off."""
        height, width = planes.shape[0] * 2 // 3, planes.shape[1]
        fine_h, fine_w = self._shape.luma.shape
        left, top = round(x * FINE) - fine_w // 2, round(y * FINE) - fine_h // 2
        # Chroma has half the lines and columns: parts begin on even ones, the rest of the way is in the samples.
        (column, right), (row, down) = divmod(left, 2 * FINE), divmod(top, 2 * FINE)
        luma, cover = self._at(right, down)
        luma, cover = luma[: height - 2 * row], cover[: height - 2 * row]
        if strength < 1:
            cover = (cover * np.float32(strength)).astype(np.int16)
        lines, columns = luma.shape
        _blend(planes[2 * row : 2 * row + lines, 2 * column : 2 * column + columns], luma, cover)
        half = cover[::2, ::2]
        for plane, level in zip(_chroma(planes, height, width), self._shape.colour, strict=True):
            _blend(plane[row : row + half.shape[0], column : column + half.shape[1]], np.int16(level), half)

    def _at(self, right: int, down: int) -> tuple[Levels, Levels]:
        if (right, down) not in self._shifted:
            luma, cover = (_shrunk(each, right, down) for each in (self._shape.luma, self._shape.cover * _OPAQUE))
            self._shifted[right, down] = luma, cover
        return self._shifted[right, down]


@dataclass(frozen=True, slots=True)
class Room:
    """A camera's view."""

    still: Planes
    noise: npt.NDArray[np.int8]
    chroma_noise: npt.NDArray[np.int8]
    places: npt.NDArray[np.int64]  # (LOOP, 2): where in the noise a frame begins
    torso: Part
    head: Part
    mouth: Part
    hand: Part
    letter: str

    def picture(self, number: int) -> Planes:
        """Return frame `number` as yuv420p planes in limited range."""
        planes = self.still.copy()
        height, width = planes.shape[0] * 2 // 3, planes.shape[1]
        x, y, tall = (value * height for value in PLACES[self.letter])
        k = number % LOOP
        sway, nod = 0.02 * _wave(k, 2) + 0.012 * _wave(k, 5, 1), 0.02 * _wave(k, 9, 2) + 0.012 * _wave(k, 4)
        turn = 0.03 * _wave(k, 7, 1) + 0.015 * _wave(k, 13, 2)
        talks, gesture = max(_wave(k, 3), 0.0), max(_wave(k, 2, 2), 0.0)
        self.torso.put(planes, x + sway * tall, (y + _NECK * tall + _LOWEST * height) / 2)
        at_x, at_y = x + (1.6 * sway + turn) * tall, y + nod * tall
        self.head.put(planes, at_x, at_y)
        self.mouth.put(planes, at_x, at_y + 0.24 * tall, talks * abs(_wave(k, 43)))
        reach = gesture * (0.5 + 0.5 * _wave(k, 17))
        lift = 0.4 * reach - 0.05 * gesture * _wave(k, 29)
        self.hand.put(planes, x + (0.75 - 0.35 * reach) * tall, y + (1.45 - lift) * tall)
        down, right = self.places[k]
        planes[:height] += self.noise[down : down + height, right : right + width].view(np.uint8)  # wraps: signed addition
        planes[height:] += self.chroma_noise[down : down + height // 2, right : right + width].view(np.uint8)
        return planes


@cache
def room(letter: str, size: Size) -> Room:
    """Return what camera `letter` sees at `size` (width, height), both multiples of 4."""
    width, height = size
    rng = np.random.default_rng(ord(letter))
    tall = PLACES[letter][2] * height
    grain = rng.normal(0, 1, (2 * height, 2 * width)).astype(np.float32)
    grain = grain + 0.5 * np.roll(grain, 1, 1)
    grain = grain + 0.5 * np.roll(grain, 1, 0)
    grain /= grain.std()
    shirt = (int(rng.integers(108, 150)), int(rng.integers(108, 150)))
    return Room(
        still=_still(rng, size),
        noise=np.rint(grain * NOISE).astype(np.int8),
        chroma_noise=np.rint(grain[:, ::-1] * CHROMA_NOISE).astype(np.int8),
        places=np.stack([rng.permutation(height)[np.arange(LOOP) % height], rng.integers(0, width, LOOP)], axis=1),
        torso=Part(_torso(rng, tall, _LOWEST * height - PLACES[letter][1] * height - _NECK * tall, shirt)),
        head=Part(_face(rng, tall)),
        mouth=Part(_ellipse(rng, 0.24 * tall, 0.1 * tall, 60, (116, 142))),
        hand=Part(_ellipse(rng, 0.3 * tall, 0.34 * tall, 150, (112, 146))),
        letter=letter,
    )


def texture(rng: np.random.Generator, shape: tuple[int, int], finest: float) -> Floats:
    """Return noise of amplitude 1/f with deviation 1, nothing finer than `finest` samples a period."""
    f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]).astype(np.float32)
    f[0, 0] = 1
    white = np.fft.rfft2(rng.normal(0, 1, shape).astype(np.float32))
    made: Floats = np.fft.irfft2(white / f * np.exp(-((f * finest) ** 2)), shape)
    made -= made.mean()
    made /= made.std()
    return made


def _still(rng: np.random.Generator, size: Size) -> Planes:
    """Return the room without noise: yuv420p planes."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    lamp = rng.uniform(0.2, 1.6)
    luma = 160 - 55 * np.hypot(x - lamp, y - 0.2) + 4 * texture(rng, (height, width), 3)
    cb, cr = np.full_like(luma, rng.integers(118, 126)), np.full_like(luma, rng.integers(128, 138))
    for _ in range(7):  # furniture: soft-edged boxes, each with its own colour and texture
        w, h, left, top = rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.5), rng.uniform(0, 1.6), rng.uniform(0, 0.7)
        box = _box(x, left, left + w, height) * _box(y, top, top + h, height)
        level, texture_level = rng.uniform(60, 170), rng.uniform(3, 10)
        luma += box * (level - 30 * (y - top) - luma + texture_level * texture(rng, (height, width), 3))
        cb += box * (rng.uniform(112, 140) - cb)
        cr += box * (rng.uniform(116, 144) - cr)
    desk = _box(y, 0.82 + 0.05 * rng.uniform(), 2, height)
    luma += desk * (70 - luma + 9 * texture(rng, (height, width), 3))
    cb, cr = cb + desk * (112 - cb), cr + desk * (140 - cr)
    planes = [np.clip(luma, 40, 210), *(each.reshape(height // 2, 2, width // 2, 2).mean((1, 3)) for each in (cb, cr))]
    return np.concatenate([np.rint(each).astype(np.uint8).reshape(-1, width) for each in planes])


def _box(at: Floats, start: float, end: float, height: int) -> Floats:
    """Return 1 between `start` and `end` (in picture heights), with an edge some 3 pixels wide."""
    edges: Floats = np.clip((at - start) * height / 3, 0, 1) * np.clip((end - at) * height / 3, 0, 1)
    return edges


def _grid(width: float, height: float) -> tuple[Floats, Floats, float]:
    """Return x and y of fine samples, -1..1 over the part, 2 pixels more on each side, and the samples in half its width."""
    columns, rows = (2 * FINE * (-(-int(side) // 2) + 2) for side in (width, height))
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    return (2 * x - columns) / (width * FINE), (2 * y - rows) / (height * FINE), width * FINE / 2


def _ellipse(rng: np.random.Generator, width: float, height: float, level: float, colour: tuple[int, int]) -> Shape:
    x, y, half = _grid(width, height)
    cover = np.clip((1 - np.hypot(x, y)) * half / (2 * FINE), 0, 1)  # an edge 2 pixels wide
    return Shape(level * (1 - 0.15 * x - 0.15 * y) + 4 * texture(rng, x.shape, 3 * FINE), cover, colour)


def _face(rng: np.random.Generator, tall: float) -> Shape:
    width = 0.74 * tall
    shape = _ellipse(rng, width, tall, 150, (112, 148))
    x, y, _ = _grid(width, tall)
    luma = shape.luma
    hair = np.clip((-0.45 - y + 0.25 * x * x) * 20, 0, 1)
    luma += hair * (55 - luma + 14 * texture(rng, x.shape, 2.5 * FINE))
    for side in (-0.38, 0.38):
        luma -= 80 * np.exp(-(((x - side) / 0.11) ** 2) - ((y + 0.1) / 0.05) ** 2)
        luma -= 50 * np.exp(-(((x - side) / 0.17) ** 2) - ((y + 0.24) / 0.03) ** 2)
    luma += 18 * np.exp(-((x / 0.09) ** 2) - ((y - 0.08) / 0.2) ** 2)
    return Shape(np.clip(luma, 40, 210), shape.cover, shape.colour)


def _torso(rng: np.random.Generator, tall: float, height: float, colour: tuple[int, int]) -> Shape:
    """Return a neck, and shoulders that fall away to the sides, for a head `tall` pixels high."""
    x, y, half = _grid(2.2 * tall, height)
    from_top, from_end = ((1 + y) * height / (2.2 * tall), (1 - y) * height / (2.2 * tall))  # in half widths, as x is
    shoulders = np.minimum(from_top - 0.3 - 0.5 * np.abs(x) ** 3, 0.98 - np.abs(x))
    inside = np.minimum(np.maximum(shoulders, 0.17 - np.abs(x)), np.minimum(from_top, from_end))
    luma = 105 - 18 * x + 10 * texture(rng, x.shape, 3 * FINE)
    return Shape(np.clip(luma, 40, 210), np.clip(inside * half / (2 * FINE), 0, 1), colour)


def _shrunk(fine: Floats, right: int, down: int) -> Levels:
    """Return the part in pixels, moved by so many fine samples."""
    moved = np.roll(fine, (down, right), (0, 1))
    rows, columns = (side // FINE for side in fine.shape)
    shrunk: Floats = moved.reshape(rows, FINE, columns, FINE).mean((1, 3))
    return np.rint(shrunk).astype(np.int16)


def _blend(under: npt.NDArray[np.uint8], over: Levels | np.int16, cover: Levels) -> None:
    """Put `over` on `under` in place where `cover` (0..127) says so."""
    under += ((over - under) * cover >> 7).astype(np.uint8)


def _chroma(planes: Planes, height: int, width: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    rest = planes[height:].reshape(2, height // 2, width // 2)
    return rest[0], rest[1]


def _wave(k: int, cycles: int, phase: float = 0.0) -> float:
    """Return a sine with so many cycles in a loop."""
    return sin(2 * pi * cycles * k / LOOP + phase)
