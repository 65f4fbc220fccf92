"""kill -9 at any moment of an upload: no half object, and the next start leaves no part of it behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("s3")
PARTS = r"PUT .*partNumber"


@pytest.fixture
def upload(bucket, line, key, talk):
    """Start an upload of `talk` over `line` in a process of its own; killed at the end of the test if it still runs."""
    started = []

    def start():
        told = {
            "port": line.port, "folder": str(bucket.folder), "prefix": bucket.prefix, "key": key, "path": str(talk[0])
        }  # fmt: skip
        child = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("upload_child.py"), json.dumps(told)], stdout=subprocess.PIPE
        )
        started.append(child)
        assert child.stdout.readline() == b"ready\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


async def tidy_and_whole_again(bucket, key, talk):
    """Do what the next start does, and what the job does when it is taken up again."""
    assert bucket.objects() in ({}, {key: talk[1]}), "never half of it"
    store = bucket.store()
    await store.sweep()
    assert (bucket.open_uploads(), bucket.notes()) == ([], 0)
    assert (await store.put_file(key, talk[0], content_type="video/mp4")).sha256 == talk[1]
    assert bucket.objects() == {key: talk[1]}


async def test_killed_while_parts_are_on_the_line(bucket, line, key, talk, upload):
    line.fault("slow", PARTS, times=99, bytes_per_s=200_000)
    child = upload()
    await asyncio.to_thread(line.await_request, PARTS)
    assert bucket.open_uploads() == [key]
    other = bucket.store()
    assert await other.sweep() == 0, "its writer lives"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert (bucket.open_uploads(), bucket.notes(), bucket.objects()) == ([key], 1, {})
    line.ended.set()
    await tidy_and_whole_again(bucket, key, talk)


async def test_killed_before_the_id_of_the_upload_was_noted(bucket, line, key, talk, upload):
    line.fault("lost", "POST .*uploads", times=99)
    child = upload()
    while not bucket.open_uploads():  # begun, and nobody knows its id
        await asyncio.to_thread(line.await_request, "POST .*uploads")
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    await tidy_and_whole_again(bucket, key, talk)


@pytest.mark.slow
async def test_killed_at_forty_moments(bucket, line, key, talk, upload):
    line.fault("slow", "", times=10**6, bytes_per_s=12_000_000)
    begun = time.monotonic()
    upload().wait()
    whole_s = time.monotonic() - begun
    seen = set()
    for moment in range(40):
        await bucket.store().delete(key)
        child = upload()
        timer = threading.Timer(whole_s * 1.2 * moment / 40, child.kill)
        timer.start()
        child.wait()
        timer.join()
        seen.add((bool(bucket.objects()), bool(bucket.open_uploads())))
        await tidy_and_whole_again(bucket, key, talk)
    assert {(False, True), (True, False)} <= seen, "some died in the middle, some after the end"
