"""A melt that hangs is asked again; one that fails is not."""

import os
import subprocess
import sys

import pytest

from ruach_studio.testing.melt import run_melt

# Stands for melt: notes each start, and hangs for as many starts as its first argument says.
STANDS_FOR_MELT = """#!/bin/sh
echo "$*" >>starts
test "$(wc -l <starts)" -gt "$1" || exec sleep 60
exit "$2"
"""


@pytest.fixture
def melt(tmp_path, monkeypatch):
    """Return a function (hangs, exit code) that asks melt; its `.starts()` are what the stand-in was started with."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "melt").write_text(STANDS_FOR_MELT)
    (programs / "melt").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    def asked(hangs, code=0):
        run_melt([str(hangs), str(code)], tmp_path, hangs_s=3)

    asked.starts = lambda: (tmp_path / "starts").read_text().splitlines()
    return asked


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


def test_what_hangs_once_is_asked_again(melt):
    melt(hangs=1)
    assert melt.starts() == ["1 0", "1 0"]


def test_what_fails_is_not_asked_again(melt):
    with pytest.raises(subprocess.CalledProcessError):
        melt(hangs=0, code=3)
    assert melt.starts() == ["0 3"]
