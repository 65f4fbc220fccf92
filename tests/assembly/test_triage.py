"""Assembly's playbook: the specification's three rows, rows of our own, and when each alarm rings."""

from datetime import UTC, datetime

import pytest

from ruach_studio.assembly.triage import PLAYBOOK, triage_of, ways_back
from ruach_studio.kernel.playbook import Letter

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SPEC = {
    1: ("FFmpeg astats failure", "Input WAV file existence + codec. Check if file was deleted mid-analysis.", "yes",
        "File genuinely corrupt → mark session for re-upload."),
    2: ("Sync offset out of range", "Check if cameras were started at vastly different times.", "no",
        "Offset >60s → likely wrong camera pairing."),
    3: ("Memory exhaustion", "Check input file sizes.", "yes", "Recurring on files >2GB → need streaming analysis."),
}  # fmt: skip


def test_the_playbook_is_the_specification_s():
    assert list(PLAYBOOK) == list(SPEC)
    for cause, (title, check_first, safe, escalate_when) in SPEC.items():
        row = PLAYBOOK[cause]
        assert (row.cause, row.title, row.safe, row.escalate_when) == (cause, title, safe, escalate_when)
        assert check_first in row.check_first
        assert (row.dlq, row.discard) == ("assembly-jobs-dlq", False)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("undecodable_sound", 1), ("bad_media", 1), ("media_failure", 1), ("not_the_same_event", 2), ("bad_session", 2),
        ("MemoryError", 3), ("stalled", 3),
    ],
)  # fmt: skip
def test_the_cause_of_each_error(code, cause):
    assert triage_of(code) is PLAYBOOK[cause]
    assert triage_of("OSError", "[Errno 12] Cannot allocate memory") is PLAYBOOK[3]


def test_what_nobody_foresaw_is_unknown_and_rows_of_ours_have_no_number():
    assert triage_of("session_state") is None
    for code in ("out_of_space", "transcriber_missing"):
        row = triage_of(code)
        assert (row.cause, row.dlq) == (None, None), code


def letter(code="bad_media", message="the file is empty (0 bytes)", subject="session a", **facts):
    return Letter(f"{code} {subject}", "sync", code, message, subject, NOON, facts=facts)


def alarms(row, *same):
    return {each.name: (each.value, each.escalate) for each in row.counters(same[-1], same, None)}


def test_a_corrupt_file_escalates_and_a_missing_one_does_not():
    name = "the decoder refuses the file itself"
    assert alarms(PLAYBOOK[1], letter()) == {name: (1, True)}
    assert alarms(PLAYBOOK[1], letter(message="/b.mp4: there is no such file")) == {name: (0, False)}
    assert alarms(PLAYBOOK[1], letter("ffmpeg_missing", "x")) == {name: (0, False)}


def test_a_large_offset_or_no_common_sound_means_a_wrong_camera():
    row = PLAYBOOK[2]
    assert alarms(row, letter("offset_out_of_range", largestOffsetS=59.9)) == {
        "no sound in common": (0, False), "largest offset": (59.9, False),
    }  # fmt: skip
    assert alarms(row, letter("offset_out_of_range", largestOffsetS=60.1))["largest offset"] == (60.1, True)
    assert alarms(row, letter("not_the_same_event"))["no sound in common"] == (1, True)


def test_memory_escalates_when_it_recurs_on_files_over_two_gigabytes():
    small, large = (
        letter("MemoryError", largestFileBytes=2_000_000_000),
        letter("MemoryError", largestFileBytes=2_000_000_001),
    )
    other = letter("MemoryError", subject="session b", largestFileBytes=3_000_000_000)
    name = "again on files over 2 GB"
    assert alarms(PLAYBOOK[3], small, large)[name] == (1, False)
    assert alarms(PLAYBOOK[3], other, large)[name] == (1, False)
    assert alarms(PLAYBOOK[3], large, large)[name] == (2, True)


def test_the_way_back_is_the_ordinary_request():
    payload = {"sessionId": "talk-1"}
    lines = {
        name: [each.line for each in ways_back(name, payload, PLAYBOOK[1])]
        for name in ("sync", "assemble", "transcribe", "nothing")
    }
    assert lines == {
        "sync": ["POST /sessions/talk-1/sync"], "assemble": ["POST /sessions/talk-1/assemble"],
        "transcribe": ["POST /sessions/talk-1/transcript/transcribe"],
        "nothing": [],
    }  # fmt: skip
    assert ways_back("sync", payload, PLAYBOOK[2])[0].line == "POST /sessions/talk-1/sync/correct"
