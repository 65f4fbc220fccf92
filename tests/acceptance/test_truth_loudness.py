"""The three finished videos are as loud as promised, measured on the encoded files by FFmpeg's ebur128."""

import pytest

from ruach_studio.testing.measure import loudness_of

pytestmark = [pytest.mark.xdist_group("programme"), pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", ["full_16_9", "short_9_16", "clip_1_1"])
def test_minus_fourteen_lufs_and_no_true_peak_above_minus_one(programme, name: str) -> None:
    artifact = programme.artifacts[name]
    measured = loudness_of(artifact.path)
    print(f"{name}: {measured.lufs:.1f} LUFS, {measured.peak_dbtp:.1f} dBTP")
    assert measured.lufs == pytest.approx(-14.0, abs=0.5)
    assert measured.peak_dbtp <= -1.0
    assert artifact.loudness.lufs == pytest.approx(measured.lufs, abs=0.15)  # what it reports is what is there
