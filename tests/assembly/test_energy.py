"""Energy: the same figures as FFmpeg's astats, silence and absence told apart, offset and drift honoured."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.assembly.digest import AudioDigest, DigestBuilder
from ruach_studio.assembly.energy import energy_matrix, energy_windows
from ruach_studio.assembly.sync import Placement
from ruach_studio.infra.media import decode_audio, find_ffmpeg


def digest_of(samples: np.ndarray, rate: int, block: int = 5000, gaps: tuple[int, ...] = ()) -> AudioDigest:
    builder = DigestBuilder(rate, samples.shape[1])
    chunks = [builder.feed(samples[i : i + block]) for i in range(0, len(samples), block)]
    chunks.append(builder.finish())
    pcm, power = np.concatenate([c.pcm8k for c in chunks]), np.concatenate([c.power10ms for c in chunks])
    return AudioDigest(rate, samples.shape[1], builder.position / rate, pcm, power)


def at(camera: str, offset_s: float, drift_ppm: float = 0.0, clip: int = 0) -> Placement:
    return Placement(camera, clip, offset_s, drift_ppm, 1.0, "looks-good", 0.0)


def noise(seconds: float, rate: int, channels: int, seed: int = 0) -> np.ndarray:
    """Uncorrelated channels, each of its own level, swelling over time."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate)
    swell = 0.05 + 0.2 * np.abs(np.sin(np.arange(count) / rate * 1.7))
    levels = np.linspace(1.0, 0.2, channels)
    return (rng.standard_normal((count, channels)) * 0.3 * swell[:, None] * levels).astype(np.float32)


def astats_db(path: Path, rate: int, of: str = "Overall", window_ms: int = 500) -> list[float]:
    """Return FFmpeg's RMS level per window (of one channel, or Overall), the route that the specification names."""
    graph = (
        f"asetnsamples=n={rate * window_ms // 1000}:p=0,astats=metadata=1:reset=1,"
        f"ametadata=print:key=lavfi.astats.{of}.RMS_level:file=-"
    )
    command = [str(find_ffmpeg()), "-v", "error", "-i", str(path), "-af", graph, "-f", "null", "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(value) for value in re.findall(r"RMS_level=(\S+)", text)]


@pytest.mark.parametrize(("rate", "channels", "suffix"), [
    (48000, 1, "wav"), (44100, 1, "wav"), (48000, 2, "wav"), (44100, 2, "wav"), (48000, 2, "m4a"), (44100, 1, "flac"),
])  # fmt: skip
def test_energy_windows_match_ffmpeg_astats_within_a_hundredth_of_a_db(tmp_path, rate, channels, suffix):
    samples = noise(7.3, rate, channels)
    path = tmp_path / f"a.{suffix}"
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "-"]
    subprocess.run([str(find_ffmpeg()), "-v", "error", *raw, str(path)], input=samples.tobytes(), check=True)
    builder_blocks = list(decode_audio(path))
    ours = energy_windows(digest_of(np.concatenate([b.samples for b in builder_blocks]), rate))
    theirs = astats_db(path, rate)
    assert len(ours) == len(theirs) == 15
    np.testing.assert_allclose(ours, theirs, atol=0.01, rtol=0)
    assert ours.max() - ours.min() > 6  # the comparison saw loud and soft windows


@pytest.mark.parametrize(("rate", "suffix"), [(48000, "wav"), (44100, "wav"), (48000, "m4a"), (44100, "mp4")])
def test_each_channel_kept_apart_matches_ffmpeg_astats(tmp_path, rate, suffix):
    """A recorder with a lavalier on each channel is two microphones: each one's power is its own."""
    samples = noise(4.2, rate, 2, seed=3)
    path = tmp_path / f"a.{suffix}"
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", "2", "-i", "-"]
    subprocess.run([str(find_ffmpeg()), "-v", "error", *raw, str(path)], input=samples.tobytes(), check=True)
    digest = digest_of(np.concatenate([block.samples for block in decode_audio(path)]), rate)
    for channel in (0, 1):
        alone = replace(digest, channels=1, power10ms=digest.power10ms[:, channel : channel + 1])
        theirs = astats_db(path, rate, f"{channel + 1}")
        np.testing.assert_allclose(energy_windows(alone), theirs, atol=0.01, rtol=0)


def test_channels_are_averaged_by_power_not_mixed_down():
    rate = 48000
    one = noise(2.0, rate, 1)
    opposite = np.hstack([one, -one])  # a downmix of these is silence
    np.testing.assert_allclose(energy_windows(digest_of(opposite, rate)), energy_windows(digest_of(one, rate)), atol=1e-4)


@pytest.mark.parametrize("rate", [48000, 44100, 22050, 11025, 32000])
def test_block_size_of_the_feed_does_not_matter(rate):
    samples = noise(3.217, rate, 2)
    whole, parts = digest_of(samples, rate, block=10**9), digest_of(samples, rate, block=997)
    np.testing.assert_allclose(whole.power10ms, parts.power10ms, rtol=1e-6)
    exact = np.array([10 * np.log10(np.mean(samples[a : a + rate // 2] ** 2.0)) for a in range(0, len(samples), rate // 2)])
    limit = 0.01 if rate * 500 % 1000 == 0 else 0.02  # 11025 Hz: half a second is 5512.5 samples
    np.testing.assert_allclose(energy_windows(whole)[: len(exact)], exact[: len(energy_windows(whole))], atol=limit)


def test_digital_silence_is_minus_infinity_and_never_nan():
    samples = noise(4.0, 48000, 1)
    samples[48000:96000] = 0
    levels = energy_windows(digest_of(samples, 48000))
    assert np.isneginf(levels[2:4]).all()
    assert np.isfinite(np.delete(levels, [2, 3])).all()


def test_a_gap_in_the_recording_is_nan_not_silence():
    builder = DigestBuilder(48000, 1)
    chunks = [*builder.feed_gap(48000), builder.feed(noise(2.0, 48000, 1)), builder.finish()]
    power = np.concatenate([c.power10ms for c in chunks])
    digest = AudioDigest(48000, 1, 3.0, np.concatenate([c.pcm8k for c in chunks]), power)
    assert len(digest.pcm8k) == 24000
    assert np.isnan(energy_windows(digest)[:2]).all()
    assert np.isfinite(energy_windows(digest)[2:]).all()


def test_matrix_at_offset_zero_equals_the_windows():
    digest = digest_of(noise(10.0, 44100, 2), 44100)
    matrix = energy_matrix({"A": [digest]}, [at("A", 0.0)], 500, 10.0)
    assert matrix.dbfs.shape == (20, 1)
    assert matrix.dbfs.dtype == np.float32
    np.testing.assert_array_equal(matrix.dbfs[:, 0], energy_windows(digest))


def test_matrix_is_nan_before_and_after_the_recording():
    digest = digest_of(noise(4.0, 48000, 1), 48000)
    matrix = energy_matrix({"A": [digest], "B": [digest]}, [at("A", 0.0), at("B", 2.0)], 500, 8.0)
    recorded = np.isfinite(matrix.dbfs)
    assert recorded[:, 0].tolist() == [True] * 8 + [False] * 8
    assert recorded[:, 1].tolist() == [False] * 4 + [True] * 8 + [False] * 4
    np.testing.assert_array_equal(matrix.dbfs[4:12, 1], energy_windows(digest))


@pytest.mark.parametrize(("offset_s", "drift_ppm"), [(-1.2345, 0.0), (3.3333, 500.0), (0.25, -900.0)])
def test_offset_and_drift_put_a_burst_into_its_window(offset_s, drift_ppm):
    rate, burst_local_s = 48000, 500.0
    samples = np.full((rate * 600, 1), 0.001, np.float32)
    samples[round(burst_local_s * rate) : round((burst_local_s + 0.05) * rate)] = 0.5
    matrix = energy_matrix({"A": [digest_of(samples, rate, 48000)]}, [at("A", offset_s, drift_ppm)], 100, 601.0)
    master_s = offset_s + burst_local_s * (1 + drift_ppm * 1e-6)
    expected = {int(master_s * 10), int((master_s + 0.0499) * 10)}
    assert set(np.flatnonzero(np.nan_to_num(matrix.dbfs[:, 0], nan=-99, neginf=-99) > -55)) <= expected
    assert int(np.nanargmax(matrix.dbfs[:, 0])) in expected
    quiet = np.flatnonzero(np.abs(matrix.dbfs[:, 0] + 60) < 0.01)
    assert len(quiet) > 5900


def test_a_silent_window_after_an_hour_of_noise_is_exactly_silent():
    rate = 8000
    samples = noise(600.0, rate, 1)
    samples[rate * 300 : rate * 310] = 0
    matrix = energy_matrix({"A": [digest_of(samples, rate, 80000)]}, [at("A", 0.123, 33.0)], 100, 600.0)
    assert np.isneginf(matrix.dbfs[3003:3100, 0]).all()


def test_clips_of_one_camera_join():
    samples = noise(20.0, 48000, 1)
    whole = energy_matrix({"A": [digest_of(samples, 48000)]}, [at("A", 0.0)], 500, 20.0)
    cut = 48000 * 7 + 1234
    parts = [digest_of(samples[:cut], 48000), digest_of(samples[cut:], 48000)]
    joined = energy_matrix({"A": parts}, [at("A", 0.0), at("A", cut / 48000, clip=1)], 500, 20.0)
    np.testing.assert_allclose(joined.dbfs, whole.dbfs, atol=0.1)  # the window with the join: 10 ms blocks are shared
    np.testing.assert_allclose(np.delete(joined.dbfs, 14, 0), np.delete(whole.dbfs, 14, 0), atol=0.05)


def test_the_last_window_is_not_padded():
    matrix = energy_matrix({"A": [digest_of(np.full((48000, 1), 0.5, np.float32), 48000)]}, [at("A", 0.0)], 500, 0.7)
    np.testing.assert_allclose(matrix.dbfs[:, 0], 20 * np.log10(0.5), atol=1e-4)
    assert matrix.dbfs.shape == (2, 1)


def test_a_window_that_is_no_multiple_of_ten_ms_is_refused():
    with pytest.raises(ValueError, match="multiple of 10 ms"):
        energy_windows(digest_of(noise(1.0, 8000, 1), 8000), 125)


def test_windows_made_some_at_a_time_are_those_made_at_once(monkeypatch):
    """Also where a window begins within a 10 ms block, at a rate whose blocks are of unequal length, and across a gap."""
    rng = np.random.default_rng(3)
    power = rng.random((3000, 2)).astype(np.float32)
    power[1000:1100] = np.nan
    digest = AudioDigest(11025, 2, 30.0, np.zeros(0, np.int16), power)
    places = [Placement("rec", 0, 1.2345, 300.0, 1.0, "looks-good", 0.0)]

    def made():
        return energy_windows(digest, 100), energy_matrix({"rec": [digest]}, places, 100, 33.05, split={"rec"}).dbfs

    whole = made()
    monkeypatch.setattr("ruach_studio.assembly.energy._WINDOWS_AT_ONCE", 7)
    for pieces, all_at_once in zip(made(), whole, strict=True):
        np.testing.assert_array_equal(pieces, all_at_once)
    assert np.isnan(whole[1]).any()
    assert np.isfinite(whole[1]).any()
