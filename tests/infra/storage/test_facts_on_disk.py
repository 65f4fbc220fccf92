"""What the disk store says of an object is written down once, by whoever knows it, and never of another object."""

import hashlib
import json
import os

import pytest

from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import IMMUTABLE

KEY = "renders/talk/full_16_9/a.mp4"


async def test_a_foreign_time_costs_one_reading_of_the_object_not_one_a_request(disk, film):
    """`cp -r` and some disks keep no nanoseconds: each range of a film hashed all of it."""
    put = await disk.put_file(KEY, film(), content_type="text/vtt", cache_control="no-store")
    os.utime(disk.path_of(KEY), (1_700_000_000, 1_700_000_000))
    first = await disk.stat(KEY)
    assert (first.sha256, first.stored_at.timestamp()) == (put.sha256, 1_700_000_000)
    assert (first.content_type, first.cache_control) == ("text/vtt", "no-store")  # the bytes are those that it was said of
    disk.path_of(KEY).write_bytes(b"9876543210")  # as long and as old: only who reads the bytes again sees it
    os.utime(disk.path_of(KEY), (1_700_000_000, 1_700_000_000))
    assert await disk.stat(KEY) == first
    assert list((disk.root / "parts").iterdir()) == []


async def test_an_object_that_came_without_facts_gets_them(disk, film):
    place = disk.path_of(KEY)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"0123456789")
    found = await disk.stat(KEY)
    assert json.loads((disk.root / "meta" / f"{KEY}~.json").read_bytes()) == {
        "sha256": hashlib.sha256(b"0123456789").hexdigest(), "sizeBytes": 10, "mtimeNs": place.stat().st_mtime_ns,
        "contentType": "video/mp4", "cacheControl": IMMUTABLE,
    }  # fmt: skip
    assert await disk.stat(KEY) == found


async def test_an_object_put_anew_while_the_old_one_is_read_keeps_its_own_facts(disk, film):
    await disk.put_file(KEY, film(b"old"), content_type="video/mp4")
    os.utime(disk.path_of(KEY), (1_700_000_000, 1_700_000_000))
    old, state = disk.path_of(KEY).open("rb"), disk.path_of(KEY).stat()
    new = await disk.put_file(KEY, film(b"new!"), content_type="video/mp4")
    with old:
        assert disk._described(KEY, old, state).sha256 == hashlib.sha256(b"old").hexdigest()
    meta = json.loads((disk.root / "meta" / f"{KEY}~.json").read_bytes())
    assert (meta["sha256"], meta["sizeBytes"]) == (new.sha256, 4)


def test_who_reads_an_object_whose_put_has_not_yet_said_what_it_is_does_not_say_it_instead(disk, film, monkeypatch):
    write, meta, read = LocalDiskStore._write_meta, disk.root / "meta" / f"{KEY}~.json", []

    def after_a_reader(store, key, facts, **of):
        if not read:
            read.append("")
            with disk.open(KEY).file:
                read[0] = meta.exists()
        write(store, key, facts, **of)

    with monkeypatch.context() as patched:
        patched.setattr(LocalDiskStore, "_write_meta", after_a_reader)
        put = disk._put(KEY, film(), "text/vtt", "no-store")
    assert read == [False]
    opened = disk.open(KEY)
    opened.file.close()
    assert opened.stored == put


@pytest.fixture
def close_folders(open_to_all):
    """Return a function that takes away the right to write below a folder; it is given back at the end."""

    def close(folder):
        for each in (folder, *folder.rglob("*")):
            if each.is_dir():
                each.chmod(0o555)

    yield close
    for where, _, _ in os.walk(open_to_all):
        os.chmod(where, 0o700)


def test_a_store_that_may_only_be_read_serves_an_object_with_a_foreign_time(open_to_all, close_folders, film, request):
    store = LocalDiskStore(open_to_all / "store", "http://x")
    put = store._put(KEY, film(), "video/mp4", IMMUTABLE)
    os.utime(store.path_of(KEY), (1_700_000_000, 1_700_000_000))
    said = (store.root / "meta" / f"{KEY}~.json").read_bytes()
    close_folders(store.root)
    request.getfixturevalue("as_nobody")
    opened = store.open(KEY)
    with opened.file as file:
        assert (file.read(), opened.stored.sha256) == (b"0123456789", put.sha256)
    assert (store.root / "meta" / f"{KEY}~.json").read_bytes() == said
