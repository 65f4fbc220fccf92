"""The render playbook: the specification's three rows word for word, every error's row, and when each alarm rings."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ruach_studio
from ruach_studio.infra.queues.port import JobError
from ruach_studio.kernel.playbook import Letter
from ruach_studio.render.triage import PLAYBOOK, triage_of, ways_back
from ruach_studio.render.usecases.fail_job import triage

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
# shared words of the specification's table `render-jobs-dlq`: cause, check first, safe to requeue, escalate when
SPEC = {
    1: ("Lambda timeout", "CloudWatch logs for the function invocation. Check input duration vs Lambda timeout setting.",
        "yes",
        "3+ timeouts on same session → likely a media format issue."),
    2: ("R2 upload failure", "R2 status page + credentials validity.", "yes",
        "401/403 → credential rotation needed. 5xx persisting >10min → escalate to Cloudflare."),
    3: ("FFmpeg crash (exit code 1)", "Usually a codec issue or corrupt input frame.", "no",
        "Crash on multiple sessions → possible FFmpeg version regression."),
}  # fmt: skip
CASES = [
    ("lambda_timeout", 1, "yes"), ("remotion_timeout", 1, "yes"), ("lambda_throttled", None, "yes"),
    ("lambda_unreachable", None, "yes"), ("lambda_failed", None, "after-repair"),
    ("cost_cap_exceeded", None, "after-repair"),
    ("store_unavailable", 2, "yes"), ("checksum_mismatch", 2, "yes"), ("unavailable", 2, "yes"),
    ("store_refused", 2, "after-repair"), ("no_such_bucket", 2, "after-repair"),
    ("media_failure", 3, "no"), ("frame_count_wrong", 3, "no"), ("undecodable_sound", 3, "no"),
    ("bad_media", 3, "no"), ("media_changed", 3, "no"),
    ("ffmpeg_missing", None, "after-repair"), ("font_missing", None, "after-repair"),
    ("out_of_space", None, "after-repair"), ("not_writable", None, "after-repair"),
    ("edl_unreadable", None, "no"), ("edl_not_locked", None, "no"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "cause", "safe"), CASES)
def test_each_code_has_its_cause_and_what_to_do(code, cause, safe):
    found = triage(None, JobError(code, "x", retryable=False))
    assert (found["cause"], found["safeToRequeue"]) == (cause, safe)
    assert found["playbook"] == ("render-jobs-dlq" if cause else None)
    assert all(found[name] for name in ("title", "checkFirst", "requeueWhen", "escalateWhen"))
    assert not found["discardable"]


def test_the_playbook_is_the_specification_s():
    assert list(PLAYBOOK) == list(SPEC)
    for cause, (title, check_first, safe, escalate_when) in SPEC.items():
        row = PLAYBOOK[cause]
        assert (row.cause, row.title, row.safe, row.escalate_when) == (cause, title, safe, escalate_when)
        assert check_first in row.check_first
        assert row.alarms


@pytest.mark.parametrize("code", ["ValueError", "query_timeout", "illegal_transition", ""])
def test_what_nobody_foresaw_is_unknown(code):
    assert triage_of(code) is None


def letters(*told):
    """Make letters from (session, minute of death, further fields)."""
    return [
        Letter(str(number), "render", "x", "x", f"session {session}", NOON + timedelta(minutes=minute), **fields)
        for number, (session, minute, fields) in enumerate(told)
    ]


def alarms(row, same, done=None):
    return {each.name: (each.value, each.escalate) for each in row.counters(same[-1], same, done)}


def test_three_timeouts_on_one_session_escalate_and_others_do_not_count():
    name = "timeouts on the same session"
    assert alarms(PLAYBOOK[1], letters(("a", 0, {}), ("b", 1, {}), ("a", 2, {})))[name] == (2, False)
    assert alarms(PLAYBOOK[1], letters(("a", 0, {}), ("a", 1, {}), ("a", 2, {})))[name] == (3, True)


def failed(*minutes, status=503):
    at = tuple(NOON + timedelta(minutes=each) for each in minutes)
    return {"failed_at": at, "details": {"httpStatus": status}}


def test_server_errors_escalate_after_ten_minutes_without_a_success():
    name, row = "5xx persisting", PLAYBOOK[2]
    assert alarms(row, letters(("a", 3, failed(0, 1, 3)), ("b", 9, failed(4, 9))))[name] == (9, False)
    outage = letters(("a", 3, failed(0, 1, 3)), ("b", 10, failed(4, 10)))
    assert alarms(row, outage)[name] == (10, True)
    assert alarms(row, outage, done=NOON + timedelta(minutes=2))[name] == (7, False), "a success ended the first outage"
    refusals = letters(("a", 0, failed(0, status=403)), ("b", 99, failed(99, status=403)))
    assert alarms(row, refusals) == {"credentials refused": (1, True), "5xx persisting": (0, False)}
    assert alarms(row, outage)["credentials refused"] == (0, False)


def test_crashes_on_two_sessions_within_a_week_escalate():
    name, week = "crashes on different sessions in 7 days", 7 * 24 * 60
    assert alarms(PLAYBOOK[3], letters(("a", 0, {}), ("a", 1, {})))[name] == (1, False)
    assert alarms(PLAYBOOK[3], letters(("a", 0, {}), ("b", week, {})))[name] == (2, True)
    assert alarms(PLAYBOOK[3], letters(("a", 0, {}), ("b", week + 1, {})))[name] == (1, False)


def test_bad_footage_is_no_sign_of_a_bad_ffmpeg():
    assert triage_of("bad_media").alarms == ()
    assert triage_of("bad_media") != PLAYBOOK[3]


def test_the_way_back_is_a_command_or_a_new_version():
    payload = {"sessionId": "talk-1", "format": "clip_1_1"}
    told = {code: [each.line for each in ways_back("J", payload, triage_of(code))] for code, *_ in CASES}
    assert told["lambda_timeout"] == ['ruach ops render retry J "REASON"']
    assert told["store_unavailable"][0] == 'ruach ops render resume talk-1 upload "REASON"'
    assert told["media_failure"] == ["POST /render-jobs/render-all/talk-1", 'ruach ops render retry J "REASON"']
    assert all(told.values())


def test_every_final_error_of_a_render_is_known():
    """A media or storage error that a render can die of and that triage has no word for would be shown as unknown."""
    home = Path(ruach_studio.__file__).parent
    folders = ("infra/media", "infra/storage", "infra/storage/s3", "render/runners", "render/plan")
    files = [*(file for folder in folders for file in (home / folder).glob("*.py")),
             home / "render/usecases/produce.py", home / "render/usecases/disk.py"]  # fmt: skip
    codes = {code for file in files for code in re.findall(r'^    code = "(\w+)"', file.read_text(), re.MULTILINE)}
    elsewhere = {"path_refused", "nothing_stored", "no_such_object"}  # of a request, never of a render
    assert len(codes) > 10
    assert [code for code in sorted(codes - elsewhere) if triage_of(code) is None] == []
