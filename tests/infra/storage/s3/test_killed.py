"""kill -9 at any moment of an upload: no half object, and the next start leaves no part of it behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("s3")
PARTS = r"PUT .*partNumber"


class Children:
    """Starts uploads of one film over one line in processes of their own."""

    def __init__(self, told):
        self.told = told
        self.parent = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("upload_child.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, **more):
        """Return the process id of an upload that begins now."""
        self.parent.stdin.write(json.dumps(self.told | more) + "\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def ended(self):
        """Wait for its end; return (exit status, seconds that it lived)."""
        return json.loads(self.parent.stdout.readline())


@pytest.fixture
def children(bucket, line, key, talk):
    made = Children(
        {"port": line.port, "folder": str(bucket.folder), "prefix": bucket.prefix, "key": key, "path": str(talk[0])}
    )
    yield made
    made.parent.kill()
    made.parent.wait()
    made.parent.stdin.close()
    made.parent.stdout.close()


async def tidy_and_whole_again(bucket, key, talk):
    """Do what the next start does, and what the job does when it is taken up again."""
    assert bucket.objects() in ({}, {key: talk[1]}), "never half of it"
    store = bucket.store()
    await store.sweep()
    assert (bucket.open_uploads(), bucket.notes()) == ([], 0)
    assert (await store.put_file(key, talk[0], content_type="video/mp4")).sha256 == talk[1]
    assert bucket.objects() == {key: talk[1]}


async def test_killed_while_parts_are_on_the_line(bucket, line, key, talk, children):
    line.fault("slow", PARTS, times=99, bytes_per_s=200_000)
    child = children.start()
    await asyncio.to_thread(line.await_request, PARTS)
    assert bucket.open_uploads() == [key]
    assert await bucket.store().sweep() == 0, "its writer lives"
    os.kill(child, signal.SIGKILL)
    assert children.ended()[0] == -signal.SIGKILL
    assert (bucket.open_uploads(), bucket.notes(), bucket.objects()) == ([key], 1, {})
    await tidy_and_whole_again(bucket, key, talk)


async def test_killed_before_the_id_of_the_upload_was_noted(bucket, line, key, talk, children):
    line.fault("lost", "POST .*uploads", times=99)
    child = children.start()
    await asyncio.to_thread(line.await_request, "POST .*uploads")
    while not bucket.open_uploads():
        """Begun any moment now, and nobody will know its id."""
    os.kill(child, signal.SIGKILL)
    assert children.ended()[0] == -signal.SIGKILL
    await tidy_and_whole_again(bucket, key, talk)


@pytest.mark.slow
async def test_killed_at_forty_moments(bucket, line, key, talk, children):
    line.fault("slow", "", times=10**6, bytes_per_s=12_000_000)
    children.start()
    status, whole_s = children.ended()
    assert status == 0
    seen, wanted = set(), {(False, True), (True, False)}  # some die in the middle, some after the end
    for moment in range(160):  # on a machine that got slower meanwhile the end is later: to 4.8 times as late
        if moment >= 40 and wanted <= seen:
            break
        await bucket.store().delete(key)
        children.start(killAfterS=whole_s * 1.2 * moment / 40)
        children.ended()
        seen.add((bool(bucket.objects()), bool(bucket.open_uploads())))
        await tidy_and_whole_again(bucket, key, talk)
    assert wanted <= seen
