"""Each unusable file gets its own sentence: the file, the fact, the remedy."""

import os
import struct

import pytest

from ruach_studio.infra.media import AudioInfo, BadMedia, MediaInfo, check_media, probe
from ruach_studio.infra.media.check import _implausible


@pytest.fixture
def good(make, picture):
    return make("good.mp4", *picture, "-i", "{wav}", "-c:v", "libx264", "-c:a", "aac")


def refusal(path, need_audio=True, need_video=True):
    with pytest.raises(BadMedia) as caught:
        check_media(path, need_audio=need_audio, need_video=need_video)
    error = caught.value
    assert error.subject == str(path)
    assert error.remedy
    assert error.exit_code == 2
    return str(error)


def test_a_good_file_gives_its_facts(good):
    info = check_media(good, need_audio=True, need_video=True)
    assert info.video is not None
    assert info.audio is not None


def test_missing(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "absent.mp4")


def test_a_name_that_no_file_can_have(tmp_path):
    assert "there is no such file (File name too long)" in refusal(tmp_path / ("x" * 5000))


def test_folder(tmp_path):
    assert "this is a folder" in refusal(tmp_path)


def test_empty(tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "the file is empty (0 bytes). Copy it again from the card" in refusal(path)


def test_text_named_mp4(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("shopping list\n" * 100)
    assert "not a media file that FFmpeg can read" in refusal(path)


def test_mp4_cut_off_before_its_index(good, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    assert "ends before its index (moov)" in refusal(path)
    assert "Copy it again from the card" in refusal(path)


def test_mp4_with_its_index_in_front_cut_off_in_its_data(good, make, tmp_path):
    front = make("front.mp4", "-i", str(good), "-c", "copy", "-movflags", "+faststart")
    path = tmp_path / "cut2.mp4"
    path.write_bytes(front.read_bytes()[:-40000])
    assert "the file ends early: the last 0.0 MB" in refusal(path)


def test_fragmented_mp4_is_whole(good, make):
    pieces = make("frag.mp4", "-i", str(good), "-c", "copy", "-movflags", "frag_keyframe+empty_moov")
    assert check_media(pieces, need_audio=True, need_video=True).audio is not None


def test_without_sound(make, picture):
    path = make("mute.mp4", *picture, "-c:v", "libx264")
    assert "no sound track" in refusal(path)
    assert check_media(path, need_audio=False, need_video=True).audio is None


def test_without_picture(make):
    path = make("a.m4a", "-i", "{wav}")
    assert "no picture track" in refusal(path)
    assert check_media(path, need_audio=True, need_video=False).video is None


def test_without_permission(open_to_all):
    check_unreadable(open_to_all / "closed.mp4")


def test_in_a_folder_that_may_not_be_entered(open_to_all):
    closed = open_to_all / "closed"
    closed.mkdir()
    (closed / "a.mp4").write_bytes(b"x")
    closed.chmod(0o700 if os.geteuid() == 0 else 0o000)
    try:
        if os.geteuid() == 0:
            os.seteuid(65534)
            try:
                assert "may not be read by this user" in refusal(closed / "a.mp4")
            finally:
                os.seteuid(0)
        else:
            assert "may not be read by this user" in refusal(closed / "a.mp4")
    finally:
        closed.chmod(0o700)


def check_unreadable(good):
    good.write_bytes(b"x" * 100)
    good.chmod(0)
    as_root = os.geteuid() == 0
    try:
        if as_root:
            os.seteuid(65534)
        assert "may not be read by this user" in refusal(good)
    finally:
        if as_root:
            os.seteuid(0)
        good.chmod(0o600)


def test_a_header_that_claims_the_impossible(tmp_path):
    path = tmp_path / "claims.wav"
    for channels, rate, fact in ((255, 48000, "channels"), (1, 4_000_000, "4000000 samples a second")):
        form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF, channels * 2, 16)
        body = bytes(channels * 2 * 100)
        chunks = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body)) + body
        path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
        assert fact in refusal(path, need_video=False)


@pytest.mark.parametrize(
    ("duration_s", "size_bytes", "lie"),
    [(143_360.0, 90_000, "39.8 hours in 0.09 MB"), (3600.0, 2_700_000, None), (590.0, 2_000, None)],
)
def test_hours_in_a_few_bytes(duration_s, size_bytes, lie):
    """Opus speech of an hour is 2.7 MB; short files are not judged."""
    audio = AudioInfo(48000, 2, 0.0, duration_s, "opus")
    found = _implausible(MediaInfo("a.mka", size_bytes, duration_s, 0.0, None, audio))
    assert (found is None) if lie is None else (lie in found)


def test_a_file_that_was_looked_at_is_not_opened_again_until_it_changes(good, tmp_path, monkeypatch):
    path, opened = tmp_path / "again.mp4", []
    path.write_bytes(good.read_bytes())
    monkeypatch.setattr("ruach_studio.infra.media.check.probe", lambda name: opened.append(name) or probe(name))
    first = check_media(path, need_audio=True, need_video=True)
    assert check_media(path, need_audio=True, need_video=False) is first
    assert len(opened) == 1
    os.utime(path, ns=(1, 1))
    assert check_media(path, need_audio=True, need_video=False) == first
    assert len(opened) == 2
    path.unlink()
    with pytest.raises(BadMedia, match="no such file"):
        check_media(path, need_audio=True, need_video=False)
