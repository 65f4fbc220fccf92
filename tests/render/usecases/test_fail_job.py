import pytest

from ruach_studio.infra.queues.port import JobError
from ruach_studio.render.usecases.fail_job import triage


@pytest.mark.parametrize(
    ("code", "cause", "safe"),
    [
        ("lambda_timeout", 1, True), ("checksum_mismatch", 2, True), ("out_of_space", 2, True),
        ("media_failure", 3, False), ("frame_count_wrong", 3, False), ("undecodable_sound", 3, False),
        ("font_missing", 4, True), ("ffmpeg_filter_missing", 4, True),
    ],
)  # fmt: skip
def test_the_playbook_names_cause_and_what_to_do(code, cause, safe):
    found = triage(None, JobError(code, "x", retryable=False))
    assert (found["cause"], found["safeToRequeue"]) == (cause, safe)
    assert found["checkFirst"]
    assert found["escalateWhen"]


def test_what_the_playbook_does_not_know_has_no_cause():
    assert triage(None, JobError("bad_media", "x", retryable=False)) is None
