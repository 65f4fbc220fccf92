"""What the disk store does when the disk is full, forbidden, lying, or the process dies half way."""

import asyncio
import errno
import fcntl
import hashlib
import os
import time
from pathlib import Path

import pytest

from ruach_studio.infra.storage import local_disk
from ruach_studio.infra.storage.disk_errors import mapped_disk_errors
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import ChecksumMismatch, StoreUnavailable
from ruach_studio.kernel.errors import BadInput, Conflict, OutOfSpace

KEY = "renders/talk/full_16_9/a.mp4"


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_an_object_is_one_file_and_its_facts_and_nothing_half_made(disk, film):
    await disk.put_file(KEY, film(), content_type="video/mp4")
    assert files_below(disk.root) == [f"meta/{KEY}~.json", f"objects/{KEY}"]
    assert (disk.root / "objects" / KEY).read_bytes() == b"0123456789"


async def test_the_address_has_one_slash(disk):
    assert disk.url(KEY) == f"http://studio.test/media/{KEY}"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
async def test_a_full_disk_is_out_of_space_and_leaves_the_old_object(disk, film, monkeypatch):
    old = await disk.put_file(KEY, film(b"old"), content_type="video/mp4")

    def onto_a_full_disk(reader, writer):
        with open("/dev/full", "wb") as full:
            full.write(reader.read())  # the kernel answers ENOSPC at the flush
            full.flush()

    monkeypatch.setattr(local_disk, "_copied", onto_a_full_disk)
    with pytest.raises(OutOfSpace, match="no room") as caught:
        await disk.put_file(KEY, film(b"new"), content_type="video/mp4")
    assert "Free space below" in caught.value.remedy
    assert await disk.stat(KEY) == old
    assert files_below(disk.root / "parts") == []


async def test_a_disk_that_returns_other_bytes_is_caught_and_nothing_is_published(disk, film, monkeypatch):
    true_copy = local_disk._copied

    def with_a_flipped_bit(reader, writer):
        result = true_copy(reader, writer)
        writer.seek(3)
        writer.write(b"X")
        writer.flush()
        return result

    monkeypatch.setattr(local_disk, "_copied", with_a_flipped_bit)
    with pytest.raises(ChecksumMismatch, match="not what was written"):
        await disk.put_file(KEY, film(), content_type="video/mp4")
    assert await disk.stat(KEY) is None
    assert files_below(disk.root) == []


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, OutOfSpace),
        (errno.EDQUOT, OutOfSpace),
        (errno.EACCES, BadInput),
        (errno.EROFS, BadInput),
        (errno.ENOTDIR, Conflict),
        (errno.EIO, StoreUnavailable),
    ],
)
def test_each_answer_of_the_system_has_its_error(tmp_path, number, kind):
    with pytest.raises(kind) as caught, mapped_disk_errors(KEY, tmp_path):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert caught.value.remedy


@pytest.fixture
def forbidden_folder(open_to_all):
    """A folder that this test may enter but not write."""
    open_to_all.chmod(0o555)
    yield open_to_all
    open_to_all.chmod(0o700)


def test_a_folder_without_permission_names_the_remedy(forbidden_folder, as_nobody):
    root = forbidden_folder / "store"
    with pytest.raises(BadInput, match="RUACH_STORE_DIR") as caught:
        LocalDiskStore(root, "http://x")._put(KEY, Path("/dev/null"), "video/mp4", "no-store")
    assert caught.value.subject == str(root)
    assert not root.exists()


async def test_a_key_below_an_object_is_a_conflict(disk, film):
    await disk.put_file("a", film(), content_type="video/mp4")
    with pytest.raises(Conflict, match="in the way"):
        await disk.put_file("a/b", film(), content_type="video/mp4")
    await disk.put_file("c/d", film(), content_type="video/mp4")
    with pytest.raises(Conflict, match="in the way"):
        await disk.put_file("c", film(), content_type="video/mp4")
    assert await disk.stat("a/b") is None
    assert await disk.delete("a/b") is False


async def test_no_key_can_stand_in_for_the_facts_of_another(disk, film):
    await disk.put_file("a", film(b"one"), content_type="video/mp4")
    await disk.put_file("a.json", film(b"two"), content_type="text/html")
    await disk.put_file("b.json/c", film(b"three"), content_type="image/png")
    await disk.put_file("b", film(b"four"), content_type="video/mp4")
    assert [(await disk.stat(key)).content_type for key in ("a", "b")] == ["video/mp4", "video/mp4"]


@pytest.mark.parametrize("facts", [None, b"", b"{", b"[]", b"null", b'{"sizeBytes":10,"mtimeNs":1}'])
async def test_facts_lost_or_stale_after_a_crash_are_made_anew(disk, film, facts):
    put = await disk.put_file(KEY, film(), content_type="video/mp4")
    meta = disk.root / "meta" / f"{KEY}~.json"
    meta.unlink() if facts is None else meta.write_bytes(facts)
    found = await disk.stat(KEY)
    assert (found.sha256, found.size_bytes, found.content_type) == (put.sha256, 10, "video/mp4")


async def test_a_crash_between_bytes_and_facts_never_pairs_new_bytes_with_an_old_checksum(disk, film, monkeypatch):
    await disk.put_file(KEY, film(b"old bytes!"), content_type="video/mp4")

    def power_cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LocalDiskStore, "_write_meta", power_cut)
        with pytest.raises(KeyboardInterrupt):
            disk._put(KEY, film(b"new bytes!"), "video/mp4", "no-store")
    found = await disk.stat(KEY)
    assert found.sha256 == hashlib.sha256(b"new bytes!").hexdigest()


async def test_a_link_planted_in_the_store_is_not_followed(disk, film, tmp_path):
    await disk.put_file("a/b", film(), content_type="video/mp4")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    (disk.root / "objects" / "a" / "link").symlink_to(secret)
    with pytest.raises(Conflict):
        await disk.stat("a/link")


async def test_parts_of_dead_writers_are_swept_and_those_of_living_ones_kept(disk):
    parts = disk.root / "parts"
    parts.mkdir(parents=True)
    hour_ago_s = time.time() - 3600
    for name in ("dead", "living", "fresh"):
        (parts / f"{name}.part").write_bytes(b"x")
        if name != "fresh":
            os.utime(parts / f"{name}.part", (hour_ago_s, hour_ago_s))
    with (parts / "living.part").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert await disk.sweep() == 1
    assert files_below(parts) == ["fresh.part", "living.part"]


async def test_a_reader_keeps_the_bytes_it_opened(disk, film):
    await disk.put_file(KEY, film(b"first"), content_type="video/mp4")
    opened = await asyncio.to_thread(disk.open, KEY)
    await disk.put_file(KEY, film(b"second!"), content_type="video/mp4")
    with opened.file as file:
        assert (file.read(), opened.stored.size_bytes) == (b"first", 5)
