"""However the sound's frames are read, the blocks are the same to the sample; and the short way takes what it can."""

import av
import numpy as np
import pytest

from ruach_studio.infra.media import decode_audio, probe, sound_frames
from ruach_studio.infra.media.decode import UndecodableSound

FILM = ["-c:v", "libx264", "-bf", "2"]
LATE = ["-itsoffset", "0.12"]


def blocks(path, block_s=0.7):
    return [(block.start_s, block.samples.copy()) for block in decode_audio(path, block_s=block_s)]


def same(one, other):
    assert [start for start, _ in one] == [start for start, _ in other]
    assert [len(samples) for _, samples in one] == [len(samples) for _, samples in other]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, other, strict=True))


@pytest.fixture
def by_packet(monkeypatch):
    """Return `blocks` read packet by packet only."""

    def read(path, block_s=0.7):
        def nothing(*_):
            raise av.EOFError(541478725, "not this way")

        with monkeypatch.context() as patched:
            patched.setattr(sound_frames, "_gathered", nothing)
            return blocks(path, block_s)

    return read


@pytest.fixture
def asked(monkeypatch):
    """Return the list of files that were (also) read packet by packet."""
    paths, read = [], sound_frames._by_packet
    monkeypatch.setattr(sound_frames, "_by_packet", lambda path: paths.append(path) or read(path))
    return paths


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("a.m4a", ["-i", "{wav}", "-ac", "2"]),
        ("a.mp3", ["-i", "{wav}"]),
        ("a.opus", ["-i", "{wav}"]),
        ("a.flac", ["-i", "{wav}"]),
        ("a.wav", ["-i", "{wav}", "-ar", "44100", "-c:a", "pcm_s24le"]),
        ("v.mp4", ["{picture}", "-i", "{wav}", *FILM, "-c:a", "aac"]),
        ("late.mp4", ["{picture}", *LATE, "-i", "{wav}", *FILM, "-c:a", "aac"]),
        ("early.mp4", [*LATE, "{picture}", "-i", "{wav}", *FILM, "-c:a", "aac", "-movflags", "+faststart"]),
        ("v.mov", ["{picture}", "-i", "{wav}", *FILM, "-ac", "6", "-c:a", "pcm_s16le"]),
        ("v.mkv", ["{picture}", "-i", "{wav}", *FILM, "-c:a", "aac"]),  # stamps in ms
        ("v.ts", ["{picture}", "-i", "{wav}", *FILM, "-c:a", "ac3"]),
    ],
)
def test_gathered_sound_is_the_same_to_the_sample(make, picture, by_packet, asked, name, args):
    path = make(name, *(part for arg in args for part in (picture if arg == "{picture}" else [arg])))
    short = blocks(path)
    assert not asked
    assert all(len(samples) == len(short[0][1]) for _, samples in short[:-1])
    same(short, by_packet(path))


def test_a_copy_cut_within_a_frame_is_the_same(make, by_packet, asked):
    """A start that is no whole frame of the codec, and more in front of it than an encoder needs."""
    whole = make("a.m4a", "-i", "{wav}")
    path = make("cut.m4a", "-ss", "1.013", "-i", str(whole), "-c", "copy")
    found = blocks(path)
    assert not asked
    assert sum(len(samples) for _, samples in found) == pytest.approx(3.987 * 48000, abs=1024)
    same(found, by_packet(path))


def test_what_comes_after_a_gap_is_read_by_packets(make, by_packet, asked, caplog):
    whole = make("a.mka", "-i", "{wav}", "-c:a", "aac")
    path = make("gap.mka", "-i", str(whole), "-c", "copy", "-bsf:a", "noise=drop='between(pts*tb,2,3)'")
    caplog.set_level("INFO")
    found = blocks(path)
    assert asked == [path]
    assert "sound.by_packet" in caplog.text
    assert str(path) in caplog.text
    assert any(start == pytest.approx(3.0, abs=0.05) for start, _ in found)
    same(found, by_packet(path))


def test_a_damaged_packet_costs_the_same_packet_either_way(make, by_packet, asked):
    path = make("a.m4a", "-i", "{wav}", "-b:a", "256k")
    data = bytearray(path.read_bytes())
    place = data.index(b"mdat") + len(data) // 2
    data[place : place + 900] = bytes(range(256)) * 3 + bytes(132)
    path.write_bytes(data)
    found = blocks(path)
    assert asked == [path]
    assert sum(len(samples) for _, samples in found) > 4 * 48000
    same(found, by_packet(path))


def test_a_file_that_was_cut_off_gives_what_is_there(make, by_packet):
    path = make("a.m4a", "-i", "{wav}", "-movflags", "+faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    found = blocks(path)
    assert 2.5 * 48000 < sum(len(samples) for _, samples in found) < 4.5 * 48000
    same(found, by_packet(path))


@pytest.mark.parametrize("name", ["it's.mp4", "a|b.mp4", "a:b,c=[d];e.mp4", "back\\slash.mp4", "größe %20.mp4", "-i.mp4"])
def test_a_name_is_no_command(make, picture, tmp_path, by_packet, asked, name, monkeypatch):
    path = tmp_path / name
    make("v.mp4", *picture, "-i", "{wav}", *FILM, "-c:a", "aac").rename(path)
    monkeypatch.chdir(tmp_path)
    found = blocks(name)
    assert not asked
    same(found, by_packet(name))


def test_a_read_error_is_not_taken_for_the_end(make, picture, asked, monkeypatch):
    """FFmpeg's source ends where reading fails, without a word; the way by packets says it."""
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM, "-c:a", "aac")
    gathered = sound_frames._gathered

    def ended(*args):
        frames = gathered(*args)
        yield next(frames)

    def fail(_self, _count):
        raise OSError(5, "Input/output error")

    info = probe(path)
    monkeypatch.setattr(sound_frames, "_gathered", ended)
    assert sum(len(samples) for _, samples in blocks(path)) == 5 * 48000
    assert asked == [path]
    monkeypatch.setattr("ruach_studio.infra.media.sound_only._Overlaid.read", fail)
    with pytest.raises(UndecodableSound, match="Input/output error"):
        list(decode_audio(path, info))
