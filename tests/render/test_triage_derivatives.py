"""The rows for dead jobs of media-transcoding: ours, without a number; when each alarm rings; the way back."""

from datetime import UTC, datetime

from ruach_studio.kernel.playbook import Letter
from ruach_studio.render.triage_derivatives import triage_of, ways_back

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def letter(code, message="the file is empty (0 bytes)", **facts):
    return Letter(code, "derive", code, message, "session a", NOON, facts=facts)


def test_rows_have_no_number_and_what_nobody_foresaw_is_unknown():
    assert triage_of("not_the_same_event") is None
    assert triage_of("OSError", "[Errno 12] Cannot allocate memory") is triage_of("stalled")
    assert triage_of("ffmpeg_filter_missing") is triage_of("ffmpeg_missing") is not triage_of("bad_media")
    for code in ("bad_media", "stalled", "out_of_space", "recipe_unknown", "ffmpeg_filter_missing"):
        row = triage_of(code)
        assert (row.cause, row.dlq) == (None, None), code


def test_alarms():
    decoder, memory = triage_of("bad_media"), triage_of("stalled")
    corrupt, gone = letter("bad_media"), letter("bad_media", "/b.mp4: there is no such file")
    assert [[each.value for each in decoder.counters(one, [one], None)] for one in (corrupt, gone)] == [[1], [0]]
    large, small = letter("stalled", largestFileBytes=2_000_000_001), letter("stalled", largestFileBytes=2_000_000_000)
    assert [each.value for each in memory.counters(large, [small, large, large], None)] == [2]


def test_the_way_back_is_the_ordinary_request():
    (way,) = ways_back("derive", {"sessionId": "talk-1"}, triage_of("bad_media"))
    assert way.line == "POST /sessions/talk-1/derivatives"
    assert ways_back("derivatives.requested", {"sessionId": "talk-1"}, triage_of("bad_media")) == ()
