"""A folder is judged before any work: may it be written, is there room; and judging leaves nothing behind."""

import os

import pytest

from ruach_studio.app.outdir import check_room, check_writable, nearest_existing, place
from ruach_studio.kernel.errors import BadInput, OutOfSpace


def test_a_folder_that_can_be_made_is_fine_and_is_not_made_yet(tmp_path):
    check_writable(tmp_path / "a" / "b")
    check_room([], tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    assert nearest_existing(tmp_path / "a" / "b") == tmp_path


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(BadInput, match="is a file, not a folder") as caught:
        check_writable(tmp_path / "out" / "deeper")
    assert str(tmp_path / "out") in str(caught.value)


def test_a_place_where_nobody_may_write_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"permission|written"):
        check_writable(tmp_path.__class__("/proc/ruach/out"))


def test_too_little_room_is_told_in_megabytes(tmp_path, monkeypatch):
    class Usage:
        free = 10_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda _folder: Usage)
    with pytest.raises(OutOfSpace, match=r"10 MB are free .* 50 MB may be needed"):
        check_room([], tmp_path)


def test_a_finished_file_gets_a_second_name(tmp_path):
    (tmp_path / "store").mkdir()
    source, target = tmp_path / "store" / "x.mp4", tmp_path / "full.mp4"
    source.write_bytes(b"film")
    target.write_bytes(b"older")
    place(source, target)
    assert target.read_bytes() == b"film"
    assert os.path.samefile(source, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full.mp4", "store"]


def test_a_twin_that_places_the_same_file_is_not_in_the_way(tmp_path):
    """Another run's unfinished name may be a second name of a finished file: writing through it would spoil that one."""
    ours, theirs = tmp_path / "ours.mp4", tmp_path / "theirs.mp4"
    ours.write_bytes(b"ours")
    theirs.write_bytes(b"theirs")
    unfinished = tmp_path / ".film.mp4.part"
    os.link(theirs, unfinished)
    place(ours, tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes() == b"ours"
    assert theirs.read_bytes() == b"theirs"
    assert unfinished.exists()


def test_placing_the_same_file_again_leaves_no_second_name(tmp_path):
    made, out = tmp_path / "made.mp4", tmp_path / "out"
    made.write_bytes(b"film")
    out.mkdir()
    place(made, out / "film.mp4")
    place(made, out / "film.mp4")
    assert [path.name for path in out.iterdir()] == ["film.mp4"]
