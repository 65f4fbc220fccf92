"""Turn what S3 or the line to it says into an error that tells whether asking again can help.

Refused for good (StoreRefused, NoSuchBucket): credentials, policy, region, a bucket that is not there; the job goes to the
dead letters at once. To be tried again (StoreUnavailable, ChecksumMismatch): 5xx, 429, silence, a broken line, bytes that
arrived damaged. Only status and code of an answer are kept: its text may quote what was sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ruach_studio.infra.storage.port import ChecksumMismatch, NoSuchBucket, StoreRefused, StoreUnavailable
from ruach_studio.kernel.errors import OutOfSpace, RuachError

_DAMAGED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "StorageFull"}
_PASSING = {"RequestTimeout", "SlowDown", "NoSuchUpload", "InvalidPart", "OperationAborted", "ConditionalRequestConflict"}
_PASSING_STATUSES = {408, 409, 412, 425, 429}
_KEYS = "Check RUACH_S3_ACCESS_KEY_ID and RUACH_S3_SECRET_ACCESS_KEY, then retry the job."
_REMEDIES = {
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "Unauthorized": _KEYS,
    "ExpiredToken": "Renew RUACH_S3_SESSION_TOKEN and the keys that go with it, then retry the job.",
    "InvalidToken": "Renew RUACH_S3_SESSION_TOKEN and the keys that go with it, then retry the job.",
    "RequestTimeTooSkewed": "Set this machine's clock, then retry the job.",
    "AccessDenied": "Let this key read, write, list and abort uploads in the bucket: its policy or the token's permissions.",
    "PermanentRedirect": "Set RUACH_S3_REGION to the bucket's region.",
    "AuthorizationHeaderMalformed": "Set RUACH_S3_REGION to the bucket's region.",
    "EntityTooLarge": "The store takes no object of this size.",
}
_BY_STATUS = {401: _KEYS, 403: "Check the S3 keys and what they may do in the bucket, then retry the job."}


def status_of(error: ClientError) -> tuple[int, str]:
    """Return the HTTP status and the S3 code of an answer."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status), str(error.response.get("Error", {}).get("Code", ""))


def is_answer(error: BaseException, *wanted: int | str) -> bool:
    """Say whether `error` is an answer of S3 with one of these statuses or codes."""
    return isinstance(error, ClientError) and bool({*status_of(error)} & {*wanted})


@contextmanager
def mapped_s3_errors(subject: str, bucket: str) -> Iterator[None]:
    """Raise errors of the house for those of botocore."""
    try:
        yield
    except ClientError as error:
        raise _answered(error, subject, bucket) from _quiet(error)
    except (BotoCoreError, ResponseParserError) as error:
        raise StoreUnavailable(
            f"the store does not answer as it should ({type(error).__name__})", subject=subject,
            remedy="It is tried again; if it goes on, check RUACH_S3_ENDPOINT and the provider's status page.",
        ) from _quiet(error)  # fmt: skip


def _answered(error: ClientError, subject: str, bucket: str) -> RuachError:
    status, code = status_of(error)
    operation = error.operation_name
    fact = f"the store answers {status} ({code}) to {operation}" if code != str(status) else f"the store answers {status}"
    facts: dict[str, Any] = {"httpStatus": status, "storeCode": code, "operation": operation}
    if code == "NoSuchBucket":
        return NoSuchBucket(subject=bucket, remedy="Make it, or correct RUACH_S3_BUCKET.", **facts)
    if code in _DAMAGED:
        return ChecksumMismatch(f"it arrived damaged; {fact}", subject=subject, remedy="It is tried again.", **facts)
    if code in _FULL or status == 507:
        return OutOfSpace(f"the store is full; {fact}", subject=bucket, remedy="Make room or raise its quota.", **facts)
    if code in _PASSING or status in _PASSING_STATUSES or status >= 500 or status < 300:
        return StoreUnavailable(fact, subject=subject, remedy="It is tried again; see the provider's status page.", **facts)
    remedy = _REMEDIES.get(code) or _BY_STATUS.get(status, "Check the S3 settings against the provider's documentation.")
    return StoreRefused(fact, subject=subject, remedy=remedy, **facts)


def _quiet(error: Exception) -> Exception | None:
    """Return the cause to show: a broken line helps whoever looks for it, an answer's text may quote a request."""
    return None if isinstance(error, ClientError) else error
