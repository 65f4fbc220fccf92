"""What a sweep takes away, and what it leaves alone."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ruach_studio.infra.storage.port import StoreRefused
from ruach_studio.infra.storage.s3 import multipart
from ruach_studio.testing.s3_server import PRIVATE_BUCKET

pytestmark = pytest.mark.xdist_group("s3")


def begin(bucket, key):
    bucket.client.create_multipart_upload(Bucket=PRIVATE_BUCKET, Key=bucket.prefix + key)


async def test_what_lies_unfinished_for_a_day_is_aborted_below_our_own_keys_only(bucket, monkeypatch):
    begin(bucket, "renders/talk/a.mp4")
    begin(bucket, "elsewhere/b.mp4")
    assert await bucket.store().sweep() == 0, "begun just now"
    monkeypatch.setattr(multipart, "FORGOTTEN", timedelta(0))
    assert await bucket.store().sweep() == 1
    assert bucket.open_uploads() == ["elsewhere/b.mp4"]


async def test_a_sweep_that_may_not_list_says_so(behind, line):
    line.fault("answer", "GET .*uploads", times=9, status=403, code="AccessDenied")
    with pytest.raises(StoreRefused, match="ListMultipartUploads"):
        await behind().sweep()


@pytest.mark.slow
def test_a_file_of_any_size_takes_the_memory_of_a_few_parts(bucket, tmp_path):
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        for number in range(600):
            file.write(bytes([number % 251]) * (1 << 20))
    told = {"port": bucket.server.port, "folder": str(tmp_path), "prefix": bucket.prefix, "path": str(large)}
    child = Path(__file__).with_name("memory_child.py")
    grew = subprocess.run([sys.executable, child, json.dumps(told)], check=True, capture_output=True, text=True)
    assert int(grew.stdout) < 60 << 20, "600 MB went through; four parts of 5 MiB are on the line at once"
