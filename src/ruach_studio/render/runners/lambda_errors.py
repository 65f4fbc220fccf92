"""Turn what Remotion Lambda and AWS say into errors with a code of ours, so that worker and triage know what to do.

The codes: `lambda_timeout` (the playbook's cause 1), `lambda_throttled` (the account's concurrency; a later try can help),
`lambda_out_of_memory`, `lambda_disk_full`, `lambda_version_mismatch`, `lambda_access_denied`, `lambda_not_found`, and
`lambda_failed` for the rest. The first rule that matches counts.
"""

import re
from collections.abc import Sequence

from ruach_studio.kernel.errors import MediaFailure, RuachError, Unavailable


class LambdaFailed(MediaFailure):
    """Remotion Lambda could not draw the picture."""

    code = "lambda_failed"


class LambdaTimeout(LambdaFailed):
    """A Lambda function ran into its time limit."""

    code = "lambda_timeout"
    retryable = True


class LambdaThrottled(Unavailable):
    """AWS runs no more functions of this account at the moment."""

    code = "lambda_throttled"


class LambdaOutOfMemory(LambdaFailed):
    """A Lambda function had too little memory."""

    code = "lambda_out_of_memory"
    status = 422  # the same function fails the same way: no retry until it is deployed anew


class LambdaDiskFull(LambdaFailed):
    """A Lambda function had too little disk."""

    code = "lambda_disk_full"
    status = 422


class LambdaVersionMismatch(LambdaFailed):
    """The deployed function is of another version than this client."""

    code = "lambda_version_mismatch"
    status = 409


class LambdaAccessDenied(LambdaFailed):
    """AWS refuses these credentials or permissions."""

    code = "lambda_access_denied"
    status = 403


class LambdaNotFound(LambdaFailed):
    """The function, the bucket or the site is not there."""

    code = "lambda_not_found"
    status = 404


class LambdaUnreachable(Unavailable):
    """AWS does not answer."""

    code = "lambda_unreachable"


_RULES: Sequence[tuple[str, type[RuachError], str]] = (
    (r"version mismatch|incompatible version|not compatible|different version|has version .* but|version .* does not match",
     LambdaVersionMismatch, "Deploy the function with the version of the client (npx remotion lambda functions deploy)."),
    (r"Concurrency limit reached|Rate Exceeded|TooManyRequests|Throttl|ConcurrentInvocationLimit|SlowDown|Limit Exceeded",
     LambdaThrottled, "It is tried again; ask AWS for more concurrent executions, or set RUACH_LAMBDA_FRAMES higher."),
    (r"AccessDenied|not authorized|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|InvalidAccessKeyId|"
     r"ExpiredToken|security token|Forbidden|\b403\b", LambdaAccessDenied, "Correct the key or its policy."),
    (r"ResourceNotFound|Function not found|NoSuchBucket|specified bucket does not exist|No such site|status code 404",
     LambdaNotFound, "Check RUACH_LAMBDA_FUNCTION, RUACH_LAMBDA_BUCKET and RUACH_LAMBDA_SITE."),
    (r"ENOSPC|No space left", LambdaDiskFull, "Deploy the function with more disk (10240 MB)."),
    (r"out of memory|OutOfMemory|memory limit|signal: killed|Runtime exited|No frame found at position|Target closed",
     LambdaOutOfMemory, "Deploy the function with more memory (10240 MB was needed for 1080p with B-frames)."),
    (r"timed out|timeout|TimeoutError|not cleared after", LambdaTimeout,
     "Deploy the function with a longer timeout, or set RUACH_LAMBDA_FRAMES lower."),
    (r"EndpointConnectionError|Could not connect|Connection was closed|ECONNREFUSED|ECONNRESET|Unavailable|\b50[034]\b",
     LambdaUnreachable, "It is tried again."),
)  # fmt: skip


def classified(message: str, *, subject: str) -> RuachError:
    """Return the error that `message` stands for.

    >>> type(classified("AWS Concurrency limit reached (Rate Exceeded)", subject="x")).__name__
    'LambdaThrottled'
    """
    short = " ".join(message.split())[:500] or "it ended without a word"
    for pattern, kind, remedy in _RULES:
        if re.search(pattern, message, re.IGNORECASE):
            return kind(short, subject=subject, remedy=remedy)
    return LambdaFailed(short, subject=subject, remedy="See the function's log in CloudWatch.")
