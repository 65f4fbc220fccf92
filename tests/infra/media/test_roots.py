"""A path from outside stays inside the allowed folders."""

import sys

import pytest

from ruach_studio.infra.media import PathRefused, resolve_under


@pytest.fixture
def rooms(tmp_path):
    inside, outside = tmp_path / "footage", tmp_path / "secret"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.mp4").touch()
    return inside, outside


def test_files_inside_are_allowed(rooms):
    inside, _ = rooms
    assert resolve_under(inside / "a.mp4", [inside]) == (inside / "a.mp4").resolve()
    assert resolve_under("a.mp4", [inside]) == (inside / "a.mp4").resolve()
    assert resolve_under("sub/../a.mp4", [inside]) == (inside / "a.mp4").resolve()


@pytest.mark.parametrize("path", ["../secret/a.mp4", "/etc/passwd", "sub/../../secret/a.mp4", "a\x00.mp4"])
def test_paths_that_leave_are_refused(rooms, path):
    with pytest.raises(PathRefused):
        resolve_under(path, [rooms[0]])


def test_a_link_that_points_outside_is_refused(rooms):
    inside, outside = rooms
    (inside / "link.mp4").symlink_to(outside / "a.mp4")
    with pytest.raises(PathRefused):
        resolve_under("link.mp4", [inside])
    assert resolve_under("link.mp4", [inside, outside]) == (outside / "a.mp4").resolve()


def test_a_folder_with_the_same_beginning_is_not_inside(rooms):
    twin = rooms[0].parent / "footage2"
    twin.mkdir()
    with pytest.raises(PathRefused):
        resolve_under(twin, [rooms[0]])


def test_no_roots_allow_nothing(rooms):
    with pytest.raises(PathRefused):
        resolve_under(rooms[0] / "a.mp4", [])


def test_links_in_a_circle_lead_nowhere(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    if sys.version_info >= (3, 13):  # a path that is not there: said by whoever opens it
        assert not resolve_under("a/film.mp4", [tmp_path]).exists()
        return
    with pytest.raises(PathRefused, match="leads nowhere"):
        resolve_under("a/film.mp4", [tmp_path])
