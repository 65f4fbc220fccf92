"""What Remotion Lambda and AWS say, in their own words, becomes a code that the worker and the triage know."""

import pytest

from ruach_studio.infra.queues.failure import describe, is_final
from ruach_studio.render.runners.lambda_errors import classified
from ruach_studio.render.usecases.fail_job import triage

# Messages as the emulator, the AWS documentation and Remotion's issues show them.
SAID = {
    "AWS Concurrency limit reached (Original Error: Rate Exceeded)": ("lambda_throttled", False, True),
    "TooManyRequestsException: An error occurred (TooManyRequestsException)": ("lambda_throttled", False, True),
    "The main function timed out. Make sure to set an appropriate timeout": ("lambda_timeout", False, True),
    "RequestId: 0 Error: Task timed out after 120.00 seconds": ("lambda_timeout", False, True),
    "Incompatible version: The version of the client (4.0.539) does not match": ("lambda_version_mismatch", True, False),
    "Compositor error: No frame found at position 95232": ("lambda_out_of_memory", True, False),
    "RequestId: 1 Error: Runtime exited with error: signal: killed": ("lambda_out_of_memory", True, False),
    "ClientError: An error occurred (AccessDeniedException) when calling the Invoke": ("lambda_access_denied", True, False),
    "ENOSPC: no space left on device, write": ("lambda_disk_full", True, False),
    "ClientError: An error occurred (ResourceNotFoundException)": ("lambda_not_found", True, False),
    "EndpointConnectionError: Could not connect to the endpoint URL": ("lambda_unreachable", False, True),
    "TypeError: undefined is not a function": ("lambda_failed", False, False),
}


@pytest.mark.parametrize(("said", "code", "final", "safe"), [(said, *want) for said, want in SAID.items()])
def test_each_has_a_code_and_says_whether_another_try_can_help(said, code, final, safe):
    error = classified(said, subject="render abc")
    assert (error.code, is_final(error)) == (code, final)
    found = triage(None, describe(error))
    assert (None if found is None else found["safeToRequeue"] == "yes") == safe
    if found is not None:
        assert found["checkFirst"]
        assert found["escalateWhen"]
    assert (found or {}).get("cause") == (1 if code == "lambda_timeout" else None)


def test_the_message_is_short_and_never_empty():
    assert classified("x" * 9000 + "\n\n  y", subject="s").fact == "x" * 500
    assert classified("", subject="s").fact == "it ended without a word"
