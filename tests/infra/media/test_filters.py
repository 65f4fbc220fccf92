import pytest

from ruach_studio.infra.media import FilterMissing, check_filter


def test_our_ffmpeg_can_draw_subtitles():
    check_filter("ass")


def test_a_filter_that_is_not_there_is_an_error_with_a_remedy():
    with pytest.raises(FilterMissing, match="no filter 'nonesuch'") as caught:
        check_filter("nonesuch")
    assert "FFMPEG_BIN" in caught.value.remedy
