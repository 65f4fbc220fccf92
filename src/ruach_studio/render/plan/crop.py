"""Turn a picture's size, a preset and the subject's place into the rectangle that a crop keeps, to the pixel.

The rectangle has the preset's shape and as much of the picture as fits; it is centred on the subject as far as the
picture reaches, on even pixels (yuv420p). runners/graph.py says the same in FFmpeg's own words; a test holds them equal.
"""

from fractions import Fraction

from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.render.presets import Preset


def crop_box(
    width: int, height: int, preset: Preset, subject_x: Fraction = Fraction(1, 2), pixel_shape: Fraction = Fraction(1)
) -> tuple[int, int, int, int]:
    """Return (x, y, width, height) of what a crop to `preset` keeps of a picture of `width` x `height`, upright.

    `pixel_shape` is a pixel's width by its height.
    """
    wanted = Fraction(preset.width, preset.height)
    if Fraction(width, height) * pixel_shape >= wanted:
        w, h = 2 * round_half_up(height * wanted / pixel_shape / 2), height
    else:
        w, h = width, 2 * round_half_up(width * pixel_shape / wanted / 2)
    x = 2 * round_half_up((subject_x * width - Fraction(w, 2)) / 2)
    return min(max(x, 0), width - w), (height - h) // 2 // 2 * 2, w, h
