"""What a file says, and what is assumed where it says nothing."""

import pytest

from ruach_studio.render.colour import Colours, conversion_of


@pytest.mark.parametrize(
    ("colours", "conversion", "matrix", "primaries"),
    [
        (Colours(1, 1, 1), "none", "bt709", "bt709"),
        (Colours(), "none", "bt709", "bt709"),  # a silent HD file
        (Colours(width=1280, height=640), "none", "bt709", "bt709"),
        (Colours(width=640, height=480), "matrix", "smpte170m", "bt709"),  # a silent webcam
        (Colours(5, 1, 1), "matrix", "bt470bg", "bt709"),  # a phone's HD with the matrix of SD
        (Colours(6, 6, 6, 720, 480), "primaries", "smpte170m", "smpte170m"),
        (Colours(5, 5, 1, 720, 576), "primaries", "bt470bg", "bt470bg"),
        (Colours(9, 9, 14), "primaries", "bt2020nc", "bt2020"),
        (Colours(1, 12, 13), "primaries", "bt709", "smpte432"),
        (Colours(9, 9, 16), "tone-map", "bt2020nc", "bt2020"),
        (Colours(2, 2, 18), "tone-map", "bt2020nc", "bt2020"),  # HDR that forgot the rest
        (Colours(9, 12, 16), "tone-map", "bt2020nc", "smpte432"),
        (Colours(0, 2, 2, is_rgb=True), "matrix", "gbr", "bt709"),
        (Colours(0, 2, 2), "none", "bt709", "bt709"),  # RGB's code on YUV: a lie, taken as silence
    ],
)
def test_the_verdict(colours, conversion, matrix, primaries):
    verdict = conversion_of(colours)
    assert (verdict.conversion, verdict.matrix, verdict.primaries) == (conversion, matrix, primaries)
    assert verdict.reason
