"""Whatever a person types, the answer is a line and an exit code, never a traceback."""

from pathlib import Path

import pytest
import typer

from ruach_studio import __version__
from ruach_studio.app.cli import main
from ruach_studio.app.cli.main import run_command


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["run", "--frob"], "--frob"),
        (["run", "--camera", "A=a.mp4", "--rules", "x"], "angle-v1"),
        (["edl", "show"], "'file'"),
    ],
)
def test_a_word_that_is_no_command_or_option_is_said_and_exits_2(words, said, capsys):
    assert run_command(words) == 2
    assert said in capsys.readouterr().err


def test_no_word_at_all_shows_the_help(capsys):
    assert run_command([]) == 2
    told = capsys.readouterr()
    assert "assemble" in told.out + told.err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_ctrl_c_is_said_in_one_line(error, monkeypatch, capsys):
    def stopped(**_):
        raise error

    monkeypatch.setattr(main, "app", stopped)
    assert run_command(["sync"]) == 130
    assert capsys.readouterr().err == "ruach: interrupted\n"


def test_what_the_system_refuses_names_the_file_and_the_fact(monkeypatch, capsys):
    def refused(**_):
        raise NotADirectoryError(20, "Not a directory", "/data/x")

    monkeypatch.setattr(main, "app", refused)
    assert run_command(["sync"]) == 2
    assert capsys.readouterr().err == "ruach: /data/x: not a directory. Check that path and its permissions.\n"


def test_the_version_is_said(capsys):
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"ruach {__version__}\n"


def test_every_command_is_in_the_help_and_in_the_reference(capsys):
    run_command(["--help"])
    helped = capsys.readouterr().out
    reference = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()
    for name in main._MODULES:
        assert f" {name} " in helped
        assert f"`ruach {name}" in reference
