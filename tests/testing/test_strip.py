"""The strip says the same after crops, scaling and noise, and says nothing rather than something wrong."""

import numpy as np
import pytest
from PIL import Image

from ruach_studio.testing import strip


def painted(letter: str, frame: int, width: int = 1280, height: int = 720) -> np.ndarray:
    picture = np.full((height, width), 120, np.uint8)
    for cell, bit in zip(strip.cells(width, height), strip.bits(letter, frame), strict=True):
        picture[cell.y0 : cell.y1, cell.x0 : cell.x1] = strip.WHITE if bit else strip.BLACK
    return picture


@pytest.mark.parametrize(("letter", "frame"), [("A", 0), ("B", 1), ("C", 2699), ("Z", strip.MAX_FRAME), ("M", 0b1010101)])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (320, 180)])
def test_what_was_written_is_read(letter: str, frame: int, size: tuple[int, int]) -> None:
    picture = painted(letter, frame, *size)
    assert strip.read_strip(picture) == (letter, frame)
    assert strip.read_strip(np.repeat(picture[..., None], 3, axis=2)) == (letter, frame)


@pytest.mark.parametrize("crop_width", [406, 720])  # 9:16 and 1:1 of 720 lines
def test_a_centre_crop_scaled_to_another_size_is_read(crop_width: int) -> None:
    left = (1280 - crop_width) // 2
    crop = Image.fromarray(painted("C", 123_456)[:, left : left + crop_width])
    scaled = np.asarray(crop.resize((crop_width * 3 // 2 // 2 * 2, 1080), Image.Resampling.BICUBIC))
    assert strip.read_strip(scaled) == ("C", 123_456)


def test_every_single_wrong_cell_is_noticed() -> None:
    picture = painted("B", 777)
    for number, cell in enumerate(strip.cells(1280, 720)):
        broken = picture.copy()
        part = broken[cell.y0 : cell.y1, cell.x0 : cell.x1]
        part[:] = strip.BLACK if part[0, 0] == strip.WHITE else strip.WHITE
        with pytest.raises(strip.StripUnreadable):
            print(number, strip.read_strip(broken))


def test_black_grey_and_blended_pictures_are_refused() -> None:
    blend = (painted("A", 100).astype(np.uint16) + painted("B", 355)) // 2
    for picture in (np.zeros((720, 1280), np.uint8), np.full((720, 1280), 120, np.uint8), blend.astype(np.uint8)):
        with pytest.raises(strip.StripUnreadable):
            strip.read_strip(picture)


def test_letters_and_frames_out_of_range_are_refused() -> None:
    for letter, frame in (("a", 0), ("AB", 0), ("A", -1), ("A", strip.MAX_FRAME + 1)):
        with pytest.raises(ValueError, match="a strip holds"):
            strip.bits(letter, frame)
