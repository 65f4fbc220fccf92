"""What can be known to be wrong with a step's options is said before any footage is heard."""

import pytest

from ruach_studio.app.cli.main import run_command

NO_FOOTAGE = ["--camera", "A=a.mp4", "--camera", "B=b.mp4"]  # files that do not exist: reading them would say so


@pytest.mark.parametrize("name", ["../x", "", "a b"])
def test_a_session_name_that_cannot_be_used(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["assemble", *NO_FOOTAGE, "--session", name]) == 2
    assert "--session" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["assemble", "energy"])
@pytest.mark.parametrize(
    ("out", "fact"), [("folder", "it is a folder"), ("file/x.json", "not a folder"), ("missing/x.json", "no such folder")]
)
def test_a_place_that_cannot_take_the_file(command, out, fact, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    assert run_command([command, *NO_FOOTAGE, "--out", out]) == 2
    said = capsys.readouterr().err
    assert fact in said
    assert out.split("/")[0] in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
