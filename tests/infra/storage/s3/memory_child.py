"""Store a file and print by how many bytes the process grew at most: `memory_child.py <JSON as for upload_child.py>`."""

import asyncio
import json
import sys
from pathlib import Path

from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.memory import peak_resident_bytes
from ruach_studio.testing.s3_server import S3Server

told = json.loads(sys.argv[1])
bucket = Bucket(S3Server(told["port"], None), Path(told["folder"]), told["prefix"])
store, path = bucket.store(), Path(told["path"])
Path(told["folder"], "warm.bin").write_bytes(b"warm" * 2_000_000)


async def grown(path):
    before = peak_resident_bytes()
    await store.put_file(path.name, path, content_type="video/mp4")
    async for _ in store.read(path.name):
        """Only read."""
    return peak_resident_bytes() - before


async def main():
    await grown(Path(told["folder"], "warm.bin"))
    print(await grown(path))


asyncio.run(main())
