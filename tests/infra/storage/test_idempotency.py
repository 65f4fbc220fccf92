"""Upload, key sessionId + format + renderJobId: put again, 20 times at once or after a lost answer, it is one object."""

import asyncio
import hashlib
from dataclasses import replace

KEY = "renders/talk-1/full_16_9/9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11.mp4"


async def test_the_same_upload_again_20_at_once_and_after_a_restart_is_one_object(store, reopen, film):
    path = film(b"film" * 50_000)
    put = [await store.put_file(KEY, path, content_type="video/mp4") for _ in range(2)]
    put += await asyncio.gather(*(store.put_file(KEY, path, content_type="video/mp4") for _ in range(20)))
    restarted = reopen()  # the process that put it died before it could say so
    put.append(await restarted.put_file(KEY, path, content_type="video/mp4"))
    assert {replace(each, stored_at=None) for each in put} == {replace(put[0], stored_at=None)}
    assert put[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert b"".join([block async for block in restarted.read(KEY)]) == path.read_bytes()
    assert await restarted.delete(KEY)
    assert await restarted.stat(KEY) is None, "there was one"
