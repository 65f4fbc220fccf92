"""What every object store does, whichever it is."""

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from ruach_studio.infra.storage.port import BLOCK_BYTES, IMMUTABLE, BadKey, NothingStored, checked_key
from ruach_studio.kernel.errors import BadInput

KEY = "renders/talk-1/full_16_9/9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11.mp4"
BAD_KEYS = [
    "", "/", "/etc/passwd", "../x", "a/../b", "a/..", "a//b", "a/", "./a", ".hidden", "a/.git/config", "a\\..\\b",
    "a\0b", "a b", "a\nb", "~root", "a~.json", "%2e%2e/x", "é", "C:/x", "x" * 513, "a/" + "x" * 201,
]  # fmt: skip


async def test_what_is_put_can_be_found_after_a_restart(store, reopen, film):
    content = bytes(range(256)) * 8192
    put = await store.put_file(KEY, film(content), content_type="video/mp4")
    assert (put.key, put.size_bytes, put.content_type, put.cache_control) == (KEY, 2**21, "video/mp4", IMMUTABLE)
    assert put.sha256 == hashlib.sha256(content).hexdigest()
    assert put.url == store.url(KEY) == f"http://studio.test/media/{KEY}"
    assert await reopen().stat(KEY) == put


async def test_a_file_of_several_parts_is_one_object(store, film):
    content = bytes(range(251)) * 50_000  # 12.5 MB: three parts in a bucket
    put = await store.put_file(KEY, film(content), content_type="video/mp4")
    assert (put.size_bytes, put.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert await store.stat(KEY) == put
    assert b"".join([block async for block in store.read(KEY)]) == content


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 5, b"34"),
        (8, 99, b"89"),
        (10, None, b""),
        (5, 2, b""),
    ],
)
async def test_a_range_is_the_bytes_from_start_to_before_end(store, film, start, end, expected):
    await store.put_file(KEY, film(), content_type="video/mp4")
    assert b"".join([block async for block in store.read(KEY, start, end)]) == expected


async def test_reading_comes_in_blocks_and_may_be_given_up(store, film):
    await store.put_file(KEY, film(b"x" * 3_000_000), content_type="video/mp4")
    reading = store.read(KEY)
    first = await anext(reading)
    assert 0 < len(first) <= BLOCK_BYTES
    await reading.aclose()


async def test_what_is_not_there_cannot_be_read(store):
    with pytest.raises(NothingStored, match=KEY):
        await anext(store.read(KEY))


async def test_what_is_there_with_the_same_bytes_stays_the_same_object(store, film):
    path = film(b"again and again")
    first = await store.put_file(KEY, path, content_type="video/mp4")
    second = await store.put_file(KEY, path, content_type="video/mp4")
    assert replace(second, stored_at=first.stored_at) == first
    assert await store.sweep() == 0


async def test_an_empty_file_is_an_object_too(store, film):
    put = await store.put_file(KEY, film(b""), content_type="text/plain", cache_control="no-store")
    assert (put.size_bytes, put.sha256[:8], put.cache_control) == (0, "e3b0c442", "no-store")
    assert await store.stat(KEY) == put


async def test_putting_again_replaces_the_whole_object(store, film):
    await store.put_file(KEY, film(b"a" * 1000), content_type="video/mp4")
    second = await store.put_file(KEY, film(b"b"), content_type="image/jpeg")
    assert await store.stat(KEY) == second
    assert (second.size_bytes, second.content_type) == (1, "image/jpeg")


async def test_ten_writers_of_one_key_leave_one_whole_object(store, film):
    files = [film(bytes([number]) * 300_000, f"{number}.bin") for number in range(10)]
    await asyncio.gather(*(store.put_file(KEY, path, content_type="video/mp4") for path in files))
    kept = await store.stat(KEY)
    assert kept.sha256 in {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert kept.size_bytes == 300_000


async def test_deleting_removes_once(store, film):
    await store.put_file(KEY, film(), content_type="video/mp4")
    assert [await store.delete(KEY), await store.delete(KEY)] == [True, False]
    assert await store.stat(KEY) is None


async def test_what_was_never_put_is_none(store):
    assert await store.stat(KEY) is None
    assert await store.stat("renders") is None


async def test_the_source_stays_as_it_was(store, film):
    path = film(b"keep me")
    await store.put_file(KEY, path, content_type="video/mp4")
    assert path.read_bytes() == b"keep me"


async def test_a_missing_source_is_named(store, tmp_path):
    with pytest.raises(BadInput, match=r"gone\.mp4: it cannot be read") as caught:
        await store.put_file(KEY, tmp_path / "gone.mp4", content_type="video/mp4")
    assert caught.value.exit_code == 2
    assert await store.stat(KEY) is None


@pytest.mark.parametrize("key", BAD_KEYS)
async def test_a_key_that_could_leave_the_store_is_refused(store, film, key):
    with pytest.raises(BadKey):
        await store.put_file(key, film(), content_type="video/mp4")
    for call in (store.stat, store.delete):
        with pytest.raises(BadKey):
            await call(key)
    with pytest.raises(BadKey):
        store.url(key)
    with pytest.raises(BadKey):
        await anext(store.read(key))


@pytest.mark.parametrize("key", ["a", "a/b", KEY, "a..b", "a/b..", "A_-@+=.z", "x" * 200])
def test_plain_keys_are_taken(key):
    assert checked_key(key) == key
    assert ".." not in Path(key).parts
