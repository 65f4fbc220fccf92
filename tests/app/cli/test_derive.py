"""`ruach derive`: files beside each other by recording, and refusals that name the option."""

import json
import subprocess

from ruach_studio.app.cli.main import run_command
from ruach_studio.infra.media import find_ffmpeg


def test_files_lie_by_recording_and_kind(tmp_path, capsys):
    source = tmp_path / "a.mp4"
    made = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2", str(source)]
    subprocess.run([str(find_ffmpeg()), "-v", "error", *made], check=True)
    out = tmp_path / "out"
    assert run_command(["derive", str(source), "--out", str(out), "--json"]) == 0
    assert [each["kind"] for each in json.loads(capsys.readouterr().out)] == ["proxy", "peaks", "thumbnails"]
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert names == ["a/peaks.bin", "a/peaks.json", "a/proxy.json", "a/proxy.mp4", "a/sheet-000.jpg", "a/thumbnails.json"]
    assert json.loads((out / "a" / "thumbnails.json").read_text())["everyMs"] == 1000


def test_what_cannot_be_derived_is_said(tmp_path, capsys):
    assert run_command(["derive", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert run_command(["derive", "a.mp4", "--kind", "mezzanine"]) == 2
    assert "proxy, peaks, thumbnails" in capsys.readouterr().err


def film(path, *, picture=True, sound=True):
    inputs = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2"] if picture else []
    inputs += ["-f", "lavfi", "-i", "sine=d=2"] if sound else []
    subprocess.run([str(find_ffmpeg()), "-v", "error", *inputs, str(path)], check=True)
    return str(path)


def test_a_file_has_what_it_has_sound_and_picture_for(tmp_path, capsys):
    mute, recorder = film(tmp_path / "mute.mp4", sound=False), film(tmp_path / "recorder.wav", picture=False)
    assert run_command(["derive", mute, recorder, "--out", str(tmp_path / "out"), "--json"]) == 0
    told = capsys.readouterr()
    made = [(each["file"], each["kind"]) for each in json.loads(told.out)]
    assert made == [(mute, "proxy"), (mute, "thumbnails"), (recorder, "proxy"), (recorder, "peaks")]
    assert told.err.splitlines() == ["mute.mp4: no peaks, it has no sound", "recorder.wav: no thumbnails, it has no picture"]


def test_a_bad_file_among_good_ones_is_said_before_anything_is_made(tmp_path, capsys):
    good, mute, out = film(tmp_path / "good.mp4"), film(tmp_path / "mute.mp4", sound=False), tmp_path / "out"
    assert run_command(["derive", good, str(tmp_path / "none.mp4"), "--out", str(out)]) == 2
    assert run_command(["derive", good, mute, "--kind", "peaks", "--out", str(out)]) == 2
    assert "mute.mp4: the file has no sound track" in capsys.readouterr().err
    assert not out.exists()


def test_a_file_that_fails_half_way_leaves_what_is_whole_and_nothing_else(tmp_path, capsys, monkeypatch):
    good, bad, out = film(tmp_path / "good.mp4"), film(tmp_path / "bad.mp4"), tmp_path / "out"
    content = bytearray((tmp_path / "bad.mp4").read_bytes())
    start = content.index(b"mdat") + 8
    content[start : start + len(content) // 2] = bytes(len(content) // 2)
    (tmp_path / "bad.mp4").write_bytes(content)
    assert run_command(["derive", good, bad, "--kind", "proxy", "--out", str(out)]) in {1, 2}
    assert "bad.mp4" in capsys.readouterr().err
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "good/proxy.json", "good/proxy.mp4"]  # fmt: skip
    assert not (out / ".making").exists()
