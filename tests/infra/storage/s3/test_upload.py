"""What becomes of an upload over a bad line, with bad keys, twice, or given up: the whole object or nothing."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from ruach_studio.infra.queues.failure import describe
from ruach_studio.infra.storage.port import ChecksumMismatch, NoSuchBucket, StoreRefused, StoreUnavailable
from ruach_studio.testing.s3_server import READER_ACCESS_KEY, READER_SECRET_KEY, SECRET_KEY

pytestmark = pytest.mark.xdist_group("s3")
CREATE, PART, COMPLETE, WHOLE = r"POST .*uploads", r"PUT .*partNumber", r"POST .*uploadId", r"PUT [^?]*$"
MP4 = {"content_type": "video/mp4"}

PASSING = [
    ("answer", PART, {"status": 503, "code": "SlowDown"}),
    ("reset", PART, {}),
    ("lost", COMPLETE, {}),
    ("lost", CREATE, {}),
    ("truncated", COMPLETE, {}),
]
MORE_PASSING = [
    ("answer", CREATE, {"status": 500}),
    ("answer", COMPLETE, {"status": 500}),
    ("answer", "HEAD", {"status": 503}),
    ("answer", PART, {"status": 429, "code": "TooManyRequests"}),
    ("lost", PART, {}),
    ("lost", "HEAD", {}),
    ("reset", "POST", {}),
    ("reset", "HEAD", {}),
    ("truncated", CREATE, {}),
    ("slow", PART, {"bytes_per_s": 4 << 20}),
    ("silent", PART, {}),
    ("silent", CREATE, {}),
    ("silent", COMPLETE, {}),
    ("damaged", CREATE, {}),
]


async def put_over(bucket, behind, line, key, talk, kind, pattern, more):
    line.fault(kind, pattern, **more)
    path, sha256 = talk
    put = await behind(connect_s=1.5, answer_s=1.5).put_file(key, path, **MP4)
    assert line.faults[0].used == 1, "the fault was met"
    assert put.sha256 == sha256
    assert bucket.objects() == {key: sha256}
    assert (bucket.open_uploads(), bucket.notes()) == ([], 0)


@pytest.mark.parametrize(("kind", "pattern", "more"), PASSING)
async def test_a_passing_fault_is_overcome(bucket, behind, line, key, talk, kind, pattern, more):
    await put_over(bucket, behind, line, key, talk, kind, pattern, more)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "pattern", "more"), MORE_PASSING)
async def test_more_passing_faults_are_overcome(bucket, behind, line, key, talk, kind, pattern, more):
    await put_over(bucket, behind, line, key, talk, kind, pattern, more)


LASTING = [
    ("answer", PART, {"status": 500}, StoreUnavailable),
    ("silent", PART, {}, StoreUnavailable),
    ("answer", PART, {"status": 403, "code": "AccessDenied"}, StoreRefused),
    ("damaged", PART, {}, ChecksumMismatch),
]
MORE_LASTING = [
    ("reset", PART, {}, StoreUnavailable),
    ("lost", CREATE, {}, StoreUnavailable),
    ("truncated", CREATE, {}, StoreUnavailable),
    ("answer", COMPLETE, {"status": 503, "code": "SlowDown"}, StoreUnavailable),
    ("answer", COMPLETE, {"status": 401, "code": "Unauthorized"}, StoreRefused),
    ("answer", CREATE, {"status": 403, "code": "AccessDenied"}, StoreRefused),
    ("answer", CREATE, {"status": 404, "code": "NoSuchBucket"}, NoSuchBucket),
    ("silent", COMPLETE, {}, StoreUnavailable),
]


async def fail_over(bucket, behind, line, key, talk, kind, pattern, more, error):
    line.fault(kind, pattern, times=99, **more)
    store = behind(connect_s=0.7, answer_s=0.7, attempts=2)
    with pytest.raises(error) as caught:
        await store.put_file(key, talk[0], **MP4)
    assert type(caught.value) is error
    assert caught.value.retryable is (error in (StoreUnavailable, ChecksumMismatch))
    assert caught.value.remedy
    assert line.count(PART) <= 4, "two attempts at each of two parts, and none once one has failed"
    assert bucket.objects() == {}
    line.faults.clear()
    assert bucket.open_uploads() == []
    assert bucket.notes() == 0
    assert (await store.put_file(key, talk[0], **MP4)).sha256 == talk[1]


@pytest.mark.parametrize(("kind", "pattern", "more", "error"), LASTING)
async def test_a_lasting_fault_is_named_and_leaves_nothing(bucket, behind, line, key, talk, kind, pattern, more, error):
    await fail_over(bucket, behind, line, key, talk, kind, pattern, more, error)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "pattern", "more", "error"), MORE_LASTING)
async def test_more_lasting_faults_are_named(bucket, behind, line, key, talk, kind, pattern, more, error):
    await fail_over(bucket, behind, line, key, talk, kind, pattern, more, error)


async def test_an_upload_that_cannot_even_be_aborted_is_swept_later(bucket, behind, line, key, talk):
    line.fault("answer", f"{PART}|DELETE", times=99, status=500)
    with pytest.raises(StoreUnavailable):
        await behind(attempts=1).put_file(key, talk[0], **MP4)
    assert (bucket.open_uploads(), bucket.notes()) == ([key], 1)
    assert await bucket.store().sweep() == 1
    assert (bucket.open_uploads(), bucket.notes(), bucket.objects()) == ([], 0, {})


async def test_the_same_bytes_are_not_sent_again(bucket, behind, line, key, talk, film):
    small = film(b"small", "small.mp4")
    for path, name in ((talk[0], key), (small, "small.mp4")):
        first = await behind().put_file(name, path, **MP4)
        line.seen.clear()
        assert await behind().put_file(name, path, **MP4) == first
        assert line.count("PUT|POST") == 0
    await behind().put_file("small.mp4", small, content_type="video/webm")
    assert line.count("PUT") == 1, "another Content-Type is another object"


async def test_a_write_whose_answer_was_lost_is_recognised(bucket, behind, line, film):
    line.fault("lost", WHOLE)
    put = await behind().put_file("small.mp4", film(), **MP4)
    assert bucket.objects() == {"small.mp4": put.sha256}
    assert line.count(WHOLE) == 2, "the second try was refused by its condition, and the object was ours"


async def test_a_server_without_conditions_is_asked_without(bucket, behind, line, film):
    line.fault("answer", WHOLE, status=501, code="NotImplemented")
    put = await behind().put_file("small.mp4", film(), **MP4)
    assert bucket.objects() == {"small.mp4": put.sha256}


async def test_an_object_that_is_gone_after_it_was_stored_is_an_error(behind, line, film):
    line.fault("answer", "HEAD", status=404)
    line.fault("answer", "HEAD", status=404)
    with pytest.raises(ChecksumMismatch, match="not there after it was stored"):
        await behind().put_file("small.mp4", film(), **MP4)


async def test_keys_that_may_not_write_fail_at_once_and_tell_no_secret(bucket, line, behind, film, caplog):
    cases = [
        {"access_key_id": SecretStr(READER_ACCESS_KEY), "secret_access_key": SecretStr(READER_SECRET_KEY)},
        {"secret_access_key": SecretStr("wrong-secret-value")},
        {"access_key_id": SecretStr("AKUNKNOWN")},
    ]
    for changes in cases:
        line.seen.clear()
        store = behind(**changes)
        with pytest.raises(StoreRefused, match="403") as caught:
            await store.put_file("small.mp4", film(), **MP4)
        told = "".join((str(caught.value), describe(caught.value).traceback, repr(caught.value.details), repr(store.place)))
        for secret in (SECRET_KEY, READER_SECRET_KEY, "wrong-secret-value", "AKUNKNOWN", READER_ACCESS_KEY):
            assert secret not in told + caplog.text
        assert line.count("PUT") <= 1, "no second try"
    assert bucket.objects() == {}


async def test_a_bucket_that_is_not_there_is_named(bucket, talk, film):
    store = bucket.store(bucket="no-such-films")
    for path in (film(), talk[0]):
        with pytest.raises(NoSuchBucket, match="RUACH_S3_BUCKET") as caught:
            await store.put_file("small.mp4", path, **MP4)
        assert caught.value.subject == "no-such-films"
    assert bucket.notes() == 0


async def test_nobody_listening_is_a_passing_fault(bucket, film):
    with pytest.raises(StoreUnavailable, match="RUACH_S3_ENDPOINT") as caught:
        await bucket.store(endpoint="http://127.0.0.1:9", attempts=2).put_file("small.mp4", film(), **MP4)
    assert "timeout" not in caught.value.code, "the playbook takes that for Lambda's"


async def test_giving_up_stops_the_upload_and_leaves_nothing(bucket, behind, line, key, film):
    line.fault("slow", PART, times=99, bytes_per_s=2_000_000)
    putting = asyncio.create_task(behind().put_file(key, film(b"talk" * 20_000_000), **MP4))
    await asyncio.to_thread(line.await_request, PART)
    started = time.monotonic()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert time.monotonic() - started < 6, "what the line has swallowed; the rest would have taken more than 10 s"
    assert line.count(PART) < 16
    assert (bucket.objects(), bucket.open_uploads(), bucket.notes()) == ({}, [], 0)
