"""The measuring instruments measure what is there: known shifts, known loudness, known frames."""

import wave
from pathlib import Path

import numpy as np
import pytest

from ruach_studio.kernel.timebase import FrameRate
from ruach_studio.testing import strip, talk_film
from ruach_studio.testing.measure import RATE, heard_in, loudness_of, seen_in, sound_of


def wav(path: Path, sound: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("shift_samples", [0, 240, -1200])
def test_a_shift_of_the_sound_is_found_to_a_tenth_of_a_millisecond(tmp_path: Path, shift_samples: int) -> None:
    scene = (np.random.default_rng(3).standard_normal(RATE * 6) * 0.1).astype(np.float32)
    path = wav(tmp_path / "shifted.wav", np.roll(scene, shift_samples))
    heard = heard_in(path, scene)
    assert len(heard) >= 3
    for window in heard:
        assert (window.time_s - window.scene_s) * 1000 == pytest.approx(shift_samples / 48, abs=0.1)
        assert window.clarity > 20


def test_silent_windows_are_left_out(tmp_path: Path) -> None:
    scene = np.zeros(RATE * 6, np.float32)
    assert heard_in(wav(tmp_path / "silent.wav", scene), scene) == ()


def test_loudness_of_the_reference_tone(tmp_path: Path) -> None:
    tone = 10 ** (-20 / 20) * np.sin(2 * np.pi * 997 * np.arange(RATE * 10) / RATE)
    measured = loudness_of(wav(tmp_path / "tone.wav", tone))  # EBU R 128: mono sine at -20 dBFS peak reads -23.0 LUFS
    assert measured.lufs == pytest.approx(-23.0, abs=0.15)
    assert measured.peak_dbtp == pytest.approx(-20.0, abs=0.15)


def test_missing_repeated_and_black_pictures_are_seen(tmp_path: Path) -> None:
    shown = [0, 1, 1, 3, None, 5]

    def paint(place: int) -> np.ndarray:
        picture = np.full((270, 320), 128, np.uint8)
        picture[:180] = 16
        if shown[place] is not None:
            for cell, bit in zip(strip.cells(320, 180), strip.bits("C", shown[place]), strict=True):
                picture[cell.y0 : cell.y1, cell.x0 : cell.x1] = strip.WHITE if bit else strip.BLACK
        return picture

    path, sound = tmp_path / "film.mp4", np.zeros((RATE // 5, 1), np.float32)
    talk_film.write_mp4(
        path, rate=FrameRate.parse(30), size=(320, 180), frames=range(6), paint=paint, sound=sound, sound_rate=RATE
    )
    seen = seen_in(path)
    assert [(s.camera, s.frame) for s in seen] == [("C", 0), ("C", 1), ("C", 1), ("C", 3), ("", -1), ("C", 5)]
    assert [s.time_s for s in seen] == pytest.approx([n / 30 for n in range(6)])
    assert len(sound_of(path)) == pytest.approx(RATE / 5, abs=2048)
