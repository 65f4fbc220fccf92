"""Each answer of S3 has its error, which says whether asking again can help and what to correct."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from ruach_studio.infra.queues.failure import is_final
from ruach_studio.infra.storage.port import ChecksumMismatch, NoSuchBucket, StoreRefused, StoreUnavailable
from ruach_studio.infra.storage.s3.errors import mapped_s3_errors
from ruach_studio.kernel.errors import OutOfSpace, RuachError

ANSWERS = [
    (401, "Unauthorized", StoreRefused, "RUACH_S3_SECRET_ACCESS_KEY"),
    (403, "InvalidAccessKeyId", StoreRefused, "RUACH_S3_ACCESS_KEY_ID"),
    (403, "SignatureDoesNotMatch", StoreRefused, "RUACH_S3_SECRET_ACCESS_KEY"),
    (403, "AccessDenied", StoreRefused, "policy"),
    (403, "403", StoreRefused, "what they may do"),
    (403, "RequestTimeTooSkewed", StoreRefused, "clock"),
    (400, "ExpiredToken", StoreRefused, "RUACH_S3_SESSION_TOKEN"),
    (301, "PermanentRedirect", StoreRefused, "RUACH_S3_REGION"),
    (400, "AuthorizationHeaderMalformed", StoreRefused, "RUACH_S3_REGION"),
    (400, "MalformedXML", StoreRefused, "documentation"),
    (404, "NoSuchBucket", NoSuchBucket, "RUACH_S3_BUCKET"),
    (400, "BadDigest", ChecksumMismatch, "tried again"),
    (400, "RequestTimeout", StoreUnavailable, "tried again"),
    (404, "NoSuchUpload", StoreUnavailable, "tried again"),
    (409, "ConditionalRequestConflict", StoreUnavailable, "tried again"),
    (429, "TooManyRequests", StoreUnavailable, "tried again"),
    (500, "InternalError", StoreUnavailable, "tried again"),
    (503, "SlowDown", StoreUnavailable, "tried again"),
    (507, "InsufficientStorage", OutOfSpace, "room"),
    (403, "QuotaExceeded", OutOfSpace, "room"),
]


@pytest.mark.parametrize(("status", "code", "kind", "remedy"), ANSWERS)
def test_each_answer_has_its_error(status, code, kind, remedy):
    answer = {"Error": {"Code": code, "Message": "quotes AKSECRET"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(RuachError) as caught, mapped_s3_errors("a.mp4", "films"):
        raise ClientError(answer, "PutObject")
    assert type(caught.value) is kind
    assert remedy in caught.value.remedy
    assert caught.value.details["httpStatus"] == status
    assert is_final(caught.value) is (kind in (StoreRefused, NoSuchBucket))
    assert "AKSECRET" not in str(caught.value)
    assert caught.value.__suppress_context__, "the answer's text is not shown as a cause"


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="x"), ConnectionClosedError(endpoint_url="x"), ResponseParserError("no XML")]
)
def test_a_broken_line_may_heal(error):
    with pytest.raises(StoreUnavailable, match=type(error).__name__) as caught, mapped_s3_errors("a.mp4", "films"):
        raise error
    assert caught.value.__cause__ is error
    assert "timeout" not in caught.value.code, "the playbook would take it for Lambda's"
