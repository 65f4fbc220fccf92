"""Decoding keeps every sample at its place on the clip's local time, to less than a millisecond."""

import numpy as np
import pytest

from ruach_studio.infra.media import decode_audio, probe
from ruach_studio.infra.media.decode import UndecodableSound

RATE = 48000


def on_local_time(path, rate=RATE):
    """Return mono sound with sample 0 at local 0, gaps as zeros."""
    out = np.zeros(0, np.float32)
    for block in decode_audio(path):
        assert block.rate == rate
        gap = round(block.start_s * rate) - len(out)
        assert gap >= 0, "blocks never overlap"
        out = np.concatenate((out, np.zeros(gap, np.float32), block.samples.mean(axis=1)))
    return out


def shift_samples(decoded, noise, start=60000, length=9600):
    """Return by how many samples `decoded` is late against the source, from the highest correlation."""
    piece = noise[start : start + length] / 32768
    search = decoded[start - 9000 : start + length + 9000]
    return int(np.argmax(np.correlate(search, piece, "valid"))) - 9000


@pytest.mark.parametrize("name", ["a.m4a", "a.mp3", "a.opus", "a.flac", "a.wav"])
def test_encoder_delay_is_skipped_to_the_sample(make, noise, name):
    decoded = on_local_time(make(name, "-i", "{wav}"))
    assert shift_samples(decoded, noise) == 0
    assert len(decoded) == len(noise)  # and the encoder's padding at the end is cut, as FFmpeg's own program does


@pytest.mark.parametrize("name", ["v.mp4", "v.mov", "v.mkv"])
def test_sound_beside_picture_is_in_place(make, noise, picture, name):
    decoded = on_local_time(make(name, *picture, "-i", "{wav}", "-c:v", "libx264", "-bf", "2", "-c:a", "aac"))
    assert abs(shift_samples(decoded, noise)) < 48


def test_local_time_begins_at_the_first_frame_when_sound_is_120_ms_late(make, noise, picture):
    args = [*picture, "-itsoffset", "0.12", "-i", "{wav}", "-c:v", "libx264", "-bf", "2", "-c:a", "aac"]
    path = make("late.mp4", *args)
    assert shift_samples(on_local_time(path), noise) == pytest.approx(0.12 * RATE, abs=48)


def test_local_time_begins_at_the_first_frame_when_picture_is_four_frames_late(make, noise, picture):
    path = make("early.mp4", "-itsoffset", "0.13333", *picture, "-i", "{wav}", "-c:v", "libx264", "-c:a", "aac")
    info = probe(path)
    assert info.local_zero_s == pytest.approx(4 / 30, abs=0.001)
    decoded = on_local_time(path)
    assert shift_samples(decoded, noise) == pytest.approx(-4 / 30 * RATE, abs=48)


def test_transport_stream_starts_at_its_first_frame_not_at_its_clock(make, noise, picture):
    path = make("t.ts", *picture, "-i", "{wav}", "-c:v", "libx264", "-bf", "0", "-c:a", "aac")
    assert probe(path).local_zero_s > 1.0
    assert abs(shift_samples(on_local_time(path), noise)) < 48


def test_a_gap_in_the_stamps_stays_a_gap(make, noise, tmp_path):
    """Drop the packets between 1 s and 2 s: what follows keeps its time."""
    whole = make("a.mka", "-i", "{wav}", "-c:a", "pcm_s16le")
    cut = make("gap.mka", "-i", str(whole), "-c", "copy", "-bsf:a", "noise=drop='between(pts*tb,1,2)'")
    starts = [block.start_s for block in decode_audio(cut)]
    decoded = on_local_time(cut)
    assert len(decoded) == pytest.approx(len(noise), abs=48)
    assert shift_samples(decoded, noise, start=120000) == pytest.approx(0, abs=48)
    assert not decoded[round(1.2 * RATE) : round(1.8 * RATE)].any()
    assert any(start == pytest.approx(2.0, abs=0.15) for start in starts)


def test_channels_and_rate_are_kept_and_full_scale_is_one(make):
    path = make("s.wav", "-f", "lavfi", "-i", "sine=f=441:r=44100:d=2", "-af", "volume=8,pan=stereo|c0=c0|c1=-0.5*c0")
    blocks = list(decode_audio(path))
    samples = np.concatenate([block.samples for block in blocks])
    assert samples.shape == (88200, 2)
    assert blocks[0].rate == 44100
    assert samples.dtype == np.float32
    assert samples[:, 0].max() == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(samples[:, 1], -0.5 * samples[:, 0], atol=1e-4)


@pytest.mark.parametrize(
    ("codec", "tolerance"), [("pcm_u8", 0.01), ("pcm_s24le", 1e-4), ("pcm_s32le", 1e-4), ("pcm_f64le", 1e-4)]
)
def test_every_sample_format_comes_out_alike(make, noise, codec, tolerance):
    decoded = on_local_time(make("a.wav", "-i", "{wav}", "-c:a", codec))
    np.testing.assert_allclose(decoded, noise / 32768, atol=tolerance)


def test_blocks_are_about_a_second_long(make):
    lengths = [len(block.samples) for block in decode_audio(make("a.m4a", "-i", "{wav}"))]
    assert max(lengths) < 1.1 * RATE
    assert len(lengths) == 5


def test_a_file_without_sound_is_refused(make, picture):
    with pytest.raises(UndecodableSound, match="no sound track"):
        next(decode_audio(make("v.mp4", *picture, "-c:v", "libx264")))


def test_what_is_no_number_is_silence_and_the_rest_stays(make, noise, tmp_path):
    path = make("float.wav", "-i", "{wav}", "-c:a", "pcm_f32le")
    data = bytearray(path.read_bytes())
    start = data.index(b"data") + 8
    for number, wrong in ((1000, np.nan), (2000, np.inf), (3000, 1e30)):
        data[start + 4 * number : start + 4 * number + 4] = np.float32(wrong).tobytes()
    path.write_bytes(data)
    sound = np.concatenate([block.samples[:, 0] for block in decode_audio(path)])
    assert (sound[1000], sound[2000], sound[3000]) == (0.0, 16.0, 16.0)
    rest = np.delete(np.arange(len(sound)), [1000, 2000, 3000])
    np.testing.assert_allclose(sound[rest], noise[rest] / 32768, atol=1e-6)
