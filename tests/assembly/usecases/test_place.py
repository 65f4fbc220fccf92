"""Cameras without sound, and the choice of a master: from real files to a draft."""

import subprocess
from pathlib import Path

import pytest

from ruach_studio.assembly.edl import validate_edl
from ruach_studio.assembly.usecases.draft import CameraFiles, DraftOptions, SilentCamera, draft
from ruach_studio.infra.media import find_ffmpeg


@pytest.fixture
def rewrite(footage, tmp_path):
    """`rewrite(name, source, *options)`: write a camera's file again, with options such as a start timecode."""

    def write(name, source, *options):
        out = tmp_path / f"{name}.mp4"
        command = [str(find_ffmpeg()), "-v", "error", "-i", footage.path(source), *options, "-c", "copy"]
        subprocess.run([*command, str(out)], check=True)
        return CameraFiles(name, (Path(out),))

    return write


async def test_a_camera_without_sound_is_placed_by_its_timecode_and_can_be_cut_to(rewrite, tmp_path):
    cameras = [
        rewrite("A", "A", "-timecode", "10:00:00:00"),
        rewrite("B", "B", "-timecode", "10:00:01:06"),  # 1.24 s later; sound says 1.25
        rewrite("M", "B", "-timecode", "10:00:02:00", "-an"),  # a picture alone
    ]
    made = await draft("talk", cameras, scratch=tmp_path / "scratch")
    [m], [b] = made.solution.of("M"), made.solution.of("B")
    assert (m.offset_s, m.placed_by, m.classification) == (pytest.approx(2.0, abs=0.02), "timecode", "review-suggested")
    assert b.offset_s == pytest.approx(1.25, abs=0.002)
    assert any("timecode agrees within" in reason for reason in b.reasons)
    assert validate_edl(made.edl).ok
    assert "M" not in (made.edl.programme_audio, *made.edl.fallback_audio)
    assert made.edl.sources["M"].offset_ms == pytest.approx(2000.0, abs=20.0)


async def test_without_sound_and_timecode_a_camera_is_refused_or_left_to_a_person(footage, rewrite, tmp_path):
    cameras = [CameraFiles("A", (Path(footage.path("A")),)), rewrite("M", "B", "-an")]
    with pytest.raises(SilentCamera, match="no timecode places it"):
        await draft("talk", cameras, scratch=tmp_path / "scratch")
    made = await draft("talk", cameras, DraftOptions(allow_unsure=True), scratch=tmp_path / "scratch")
    [m] = made.solution.of("M")
    assert (m.confidence, m.reasons) == (0.0, ("the clip has no sound", "move it by hand"))


async def test_the_best_sounding_camera_is_the_master_unless_one_is_named(footage, tmp_path):
    """B is 9 dB softer than A and W 3 dB: A is proposed, wherever it stands."""
    files = {name: CameraFiles(name, (Path(footage.path(name)),), "wide" if name == "W" else "camera") for name in "WBA"}
    made = await draft("talk", list(files.values()), scratch=tmp_path)
    assert made.solution.master == "A"
    scores = {quality.camera_id: quality.score for quality in made.solution.sound}
    assert scores["A"] > scores["B"]
    named = await draft("talk", list(files.values()), DraftOptions(master="B"), scratch=tmp_path)
    assert named.solution.master == "B"
    assert named.solution.of("A")[0].offset_s == pytest.approx(-1.25, abs=0.002)
    assert named.edl.programme_audio == "B"  # A sounds better, but stopped 1.25 s before B: the sound would change
