"""The FFmpeg that is used: found, asked its version and its filters, and never waited for without end."""

import re

import pytest

from ruach_studio.infra.media import FfmpegMissing, FfmpegStalled, check_ffmpeg, check_filter, find_ffmpeg, program


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Name a program of these words as FFmpeg."""

    def name(script):
        path = tmp_path / "ffmpeg"
        path.write_text(script)
        path.chmod(0o755)
        monkeypatch.setenv("FFMPEG_BIN", str(path))
        return path

    return name


def test_the_named_program_wins(named, monkeypatch, tmp_path):
    path = named("#!/bin/true\n")
    assert find_ffmpeg() == path
    monkeypatch.setenv("FFMPEG_BIN", str(tmp_path / "absent"))
    with pytest.raises(FfmpegMissing, match="FFMPEG_BIN"):
        find_ffmpeg()


def test_ours_says_its_version():
    assert re.fullmatch(r"n?\d+\.\d.*", check_ffmpeg())


@pytest.mark.parametrize("script", ["#!/bin/true\n", "#!/bin/nonesuch\n", "#!/bin/echo ffmpeg is mine\n", "\0\0"])
def test_a_program_that_is_no_ffmpeg_is_named(named, script):
    path = named(script)
    with pytest.raises(FfmpegMissing, match=f"{path}: it .*RUACH_FFMPEG_BIN") as caught:
        check_ffmpeg()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("ask", [check_ffmpeg, lambda: check_filter("ass")])
def test_a_program_that_does_not_answer_counts_as_stalled(named, monkeypatch, ask):
    named("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(program, "ANSWER_S", 0.2)
    with pytest.raises(FfmpegStalled, match=r"did not answer .* within 0\.2 s") as caught:
        ask()
    assert caught.value.retryable
