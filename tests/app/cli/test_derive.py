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
