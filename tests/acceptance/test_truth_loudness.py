"""The three finished videos are as loud as promised, measured on the encoded files by FFmpeg's ebur128."""

import pytest

pytestmark = [pytest.mark.xdist_group("programme"), pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", ["full_16_9", "short_9_16", "clip_1_1"])
def test_minus_fourteen_lufs_and_no_true_peak_above_minus_one(programme, name: str) -> None:
    measured = programme.loud[name]
    print(f"{name}: {measured.lufs:.1f} LUFS, {measured.peak_dbtp:.1f} dBTP")
    assert measured.lufs == pytest.approx(-14.0, abs=0.5)
    assert measured.peak_dbtp <= -1.0
    assert programme.artifacts[name]["loudnessLufs"] == pytest.approx(measured.lufs, abs=0.15)  # what is reported
