import pytest

from ruach_studio.infra.media import FfmpegStalled, FilterMissing, check_filter, filters


def test_our_ffmpeg_can_draw_subtitles():
    check_filter("ass")


def test_a_filter_that_is_not_there_is_an_error_with_a_remedy():
    with pytest.raises(FilterMissing, match="no filter 'nonesuch'") as caught:
        check_filter("nonesuch")
    assert "FFMPEG_BIN" in caught.value.remedy


def test_a_program_that_does_not_answer_counts_as_stalled(monkeypatch, tmp_path):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("RUACH_FFMPEG_BIN", str(program))
    monkeypatch.setattr(filters, "ANSWER_S", 0.2)
    with pytest.raises(FfmpegStalled, match=r"did not name its filters within 0\.2 s") as caught:
        check_filter("ass")
    assert caught.value.retryable
