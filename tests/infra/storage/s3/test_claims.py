"""Notes of uploads: seen as dead only when their writer is, and forgotten only when settled."""

import os
import time

import pytest

from ruach_studio.infra.storage.s3.claims import Claims


@pytest.fixture
def claims(tmp_path):
    return Claims(tmp_path / "unfinished")


def names(claims):
    with claims.dead() as dead:
        return [(claim.bucket, claim.name, claim.upload_id) for claim in dead]


def test_a_living_writer_is_left_alone_and_a_settled_one_forgotten(claims):
    with claims.claim("films", "a.mp4") as claim:
        claim.started("id-1")
        assert names(claims) == []
        claim.settled = True
    assert list(claims.folder.iterdir()) == []


def test_a_dead_writer_s_claim_stays_until_somebody_settles_it(claims):
    with claims.claim("films", "a.mp4") as claim:
        claim.started("id-1")
    assert names(claims) == names(claims) == [("films", "a.mp4", "id-1")]
    with claims.dead() as dead:
        dead[0].settled = True
    assert list(claims.folder.iterdir()) == []


def test_one_that_died_before_it_got_an_id(claims):
    with claims.claim("films", "a.mp4"):
        """Not settled: as if it had died here."""
    assert names(claims) == [("films", "a.mp4", None)]


def test_two_sweepers_do_not_take_the_same(claims):
    with claims.claim("films", "a.mp4"):
        """Not settled: as if it had died here."""
    with claims.dead() as mine:
        assert len(mine) == 1
        assert names(claims) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"bucket": "films"}'])
def test_a_note_cut_short_is_forgotten(claims, text):
    claims.folder.mkdir()
    (claims.folder / "x.json").write_text(text)
    with claims.dead() as dead:
        assert dead[0].settled
    assert list(claims.folder.iterdir()) == []


def test_no_folder_means_nothing_unfinished(claims):
    assert names(claims) == []


def test_a_note_that_was_never_shown_goes_once_it_is_old(claims):
    claims.folder.mkdir()
    for name, age_s in (("old", 3600), ("young", 0)):
        (claims.folder / f"{name}.new").touch()
        os.utime(claims.folder / f"{name}.new", (time.time() - age_s,) * 2)
    assert names(claims) == []
    assert [path.name for path in claims.folder.iterdir()] == ["young.new"]
