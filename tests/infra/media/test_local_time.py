"""Edit lists, variable frame rate and gaps in the stamps: local time is the container's time, whatever the file does."""

import numpy as np
import pytest

from ruach_studio.assembly.sync import locate
from ruach_studio.assembly.usecases.listen import listen
from ruach_studio.infra.media import decode_audio, probe
from ruach_studio.testing.scene.voices import conversation

RATE = 48000


def arrival_s(path, noise, at_s, length_s=0.2):
    """Return how much later than in `noise` the sound of `at_s` lies on the file's local time."""
    out = np.zeros(RATE * 8, np.float32)
    for block in decode_audio(path):
        start = round(block.start_s * RATE)
        out[start : start + len(block.samples)] = block.samples.mean(axis=1)
    piece = noise[round(at_s * RATE) : round((at_s + length_s) * RATE)] / 32768
    score = np.fft.irfft(np.fft.rfft(out, 2 * len(out)) * np.conj(np.fft.rfft(piece, 2 * len(out))))
    return int(np.argmax(score[: len(out)])) / RATE - at_s


def test_an_edit_list_that_begins_inside_is_obeyed(make, noise, picture):
    """A trim without re-encoding keeps the packets before the cut; the edit list hides them, and local 0 is the cut."""
    whole = make("w.mp4", *picture, "-i", "{wav}", "-c:v", "libx264", "-g", "15", "-bf", "0", "-c:a", "aac")
    trimmed = make("t.mp4", "-ss", "1.5", "-i", str(whole), "-c", "copy")
    assert probe(trimmed).local_zero_s == pytest.approx(0.0, abs=0.03)
    assert arrival_s(trimmed, noise, 3.0) == pytest.approx(-1.5, abs=0.002)


def test_variable_frame_rate_does_not_move_the_sound(make, noise, picture):
    path = make("v.mp4", *picture, "-i", "{wav}", "-vf", "select='not(mod(n,3)*lt(n,90))'", "-fps_mode", "vfr",
                "-c:v", "libx264", "-c:a", "aac")  # fmt: skip
    assert probe(path).video.variable_rate
    for at_s in (0.5, 2.5, 4.5):
        assert arrival_s(path, noise, at_s) == pytest.approx(0.0, abs=0.001)


async def test_a_hole_in_the_stamps_is_no_step_for_sync(make, tmp_path):
    """40 s of sound of which 12 to 13 s are missing with their stamps: one line fits both sides."""
    raw = tmp_path / "talk.f32"
    raw.write_bytes(sum(conversation(40.0, 2, 3)).tobytes())
    whole = make("a.mka", "-f", "f32le", "-ar", "16000", "-ac", "1", "-i", str(raw), "-c:a", "pcm_s16le")
    holed = make("gap.mka", "-i", str(whole), "-c", "copy", "-bsf:a", "noise=drop='between(pts*tb,12,13)'")
    query, reference = await listen(holed, tmp_path), await listen(whole, tmp_path)
    assert np.isnan(query.power10ms[1220:1280]).all()
    found = locate(query, reference)
    assert found.offset_s == pytest.approx(0.0, abs=0.001)
    assert (found.steps, found.confidence > 0.8) == ((), True)
