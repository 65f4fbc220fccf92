import re
from pathlib import Path

import pytest

import ruach_studio
from ruach_studio.infra.queues.port import JobError
from ruach_studio.render.triage import PLAYBOOK, triage_of
from ruach_studio.render.usecases.fail_job import triage

CASES = [
    ("lambda_timeout", 1, True), ("remotion_timeout", 1, True), ("lambda_throttled", None, True),
    ("lambda_unreachable", None, True), ("lambda_failed", None, False), ("cost_cap_exceeded", None, False),
    ("store_unavailable", 2, True), ("checksum_mismatch", 2, True), ("unavailable", 2, True),
    ("store_refused", 2, False), ("no_such_bucket", 2, False),
    ("media_failure", 3, False), ("frame_count_wrong", 3, False), ("undecodable_sound", 3, False),
    ("bad_media", 3, False), ("media_changed", 3, False),
    ("ffmpeg_missing", None, True), ("font_missing", None, True),
    ("out_of_space", None, True), ("not_writable", None, True),
    ("edl_unreadable", None, False), ("edl_not_locked", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "cause", "safe"), CASES)
def test_each_code_has_its_cause_and_what_to_do(code, cause, safe):
    found = triage(None, JobError(code, "x", retryable=False))
    assert (found["cause"], found["safeToRequeue"]) == (cause, safe)
    assert found["checkFirst"]
    assert found["escalateWhen"]


def test_the_playbook_is_the_specification_s():
    assert {row["cause"]: row["title"] for row in PLAYBOOK.values()} == {
        1: "Lambda timeout", 2: "Upload failure", 3: "FFmpeg crash",
    }  # fmt: skip


@pytest.mark.parametrize("code", ["ValueError", "query_timeout", "illegal_transition", ""])
def test_what_nobody_foresaw_is_unknown(code):
    assert triage_of(code) is None


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
