"""What a file is measured to be, against figures that were worked out by hand or by S3 itself."""

import pytest

from ruach_studio.infra.storage.s3.file_facts import MIB, PARTS_MAX, SourceChanged, measure, part_bytes_for, read_part
from ruach_studio.kernel.errors import BadInput


def nothing():
    """Do not stop."""


def test_a_small_file_is_one_part_and_its_etag_is_its_md5(film):
    facts = measure(film(b"hello"), nothing)
    assert (facts.whole, facts.size_bytes, facts.etag) == (True, 5, "5d41402abc4b2a76b9719d911017c592")
    assert facts.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_an_empty_file_is_one_empty_part(film):
    facts = measure(film(b""), nothing)
    assert (facts.whole, facts.etag) == (True, "d41d8cd98f00b204e9800998ecf8427e")


def test_the_etag_of_parts_is_the_md5_of_their_md5s(film):
    """8 MiB of x and "tail": the server answered this very ETag."""
    facts = measure(film(b"x" * 8 * MIB + b"tail"), nothing)
    assert (facts.whole, facts.etag) == (False, "7e5304ff49544079e930d31f141303bf-2")


@pytest.mark.parametrize(("size", "parts"), [(8 * MIB, 1), (8 * MIB + 1, 2), (16 * MIB, 2)])
def test_a_part_ends_where_it_is_full(film, size, parts):
    content = b"y" * size
    facts = measure(film(content), nothing)
    assert len(facts.part_md5s) == parts
    assert facts.part_md5s[0] == measure(film(content[: 8 * MIB], "first.mp4"), nothing).part_md5s[0]


@pytest.mark.parametrize("size_bytes", [1, 80 * 2**30, 81 * 2**30, 5 * 2**40])
def test_parts_are_never_more_than_s3_takes(size_bytes):
    part_bytes = part_bytes_for(size_bytes)
    assert -(-size_bytes // part_bytes) <= PARTS_MAX
    assert (part_bytes % MIB, part_bytes >= 8 * MIB) == (0, True)


def test_a_file_that_changed_since_is_refused(film):
    path = film(b"a" * 100)
    facts = measure(path, nothing)
    assert read_part(path, facts, 0) == b"a" * 100
    path.write_bytes(b"a" * 99 + b"b")
    with pytest.raises(SourceChanged, match="changed while"):
        read_part(path, facts, 0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.mp4: it cannot be read"):
        measure(tmp_path / "gone.mp4", nothing)
