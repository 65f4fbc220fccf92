"""Real speech: a BBC interview (Tim Berners-Lee, CC BY 3.0) against itself, cut by 12.254 s and encoded again."""

import os
from pathlib import Path

import pytest

from ruach_studio.assembly.sync import classify, locate
from ruach_studio.assembly.usecases.listen import listen

FOLDER = Path(os.environ.get("RUACH_TEST_MEDIA") or Path(__file__).parents[4] / "shared" / "media")


async def test_the_offset_of_real_speech_is_right_in_both_directions(tmp_path):
    files = [FOLDER / "timbl_1.mp3", FOLDER / "timbl_2.mp3"]
    if not all(file.exists() for file in files):
        pytest.skip("the recordings timbl_1.mp3 and timbl_2.mp3 are not here: set RUACH_TEST_MEDIA to their folder")
    whole, cut = [await listen(file, tmp_path) for file in files]
    there, back = locate(cut, whole), locate(whole, cut)
    assert there.offset_s == pytest.approx(12.254, abs=0.050)
    assert there.offset_s + back.offset_s == pytest.approx(0.0, abs=0.001)
    assert there.drift_ppm == pytest.approx(0.0, abs=2.0)
    assert classify(there.confidence) == classify(back.confidence) == "looks-good"
