"""Store one file in a process of its own, to be killed: `upload_child.py <JSON of what to store where>`."""

import asyncio
import json
import sys
from pathlib import Path

from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.s3_server import S3Server

told = json.loads(sys.argv[1])
bucket = Bucket(S3Server(told["port"], None), Path(told["folder"]), told["prefix"])
print("ready", flush=True)
asyncio.run(bucket.store().put_file(told["key"], Path(told["path"]), content_type="video/mp4"))
print("stored", flush=True)
