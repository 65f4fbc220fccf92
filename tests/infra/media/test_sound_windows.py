"""Cut into windows, the sound of a file is the same to the sample, and what is not plain is read as ever."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from ruach_studio.infra.media import decode_audio, mp4_tables, sound_frames, sound_windows
from ruach_studio.infra.media.sound_only import sound_name
from ruach_studio.infra.media.sound_windows import window_list

RATE = 48000
FILM = ["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]


@pytest.fixture
def small(monkeypatch):
    """Cut from 64 packets on into windows of at most 16, and look at 5 chunks at once."""
    monkeypatch.setattr(sound_windows, "WINDOW", 16)
    monkeypatch.setattr(sound_windows, "_CUT_FROM", 64)
    monkeypatch.setattr(mp4_tables, "PIECE", 5)


def blocks(path):
    return [(block.start_s, block.samples.copy()) for block in decode_audio(path, block_s=0.7)]


def same(one, other):
    assert [start for start, _ in one] == [start for start, _ in other]
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, other, strict=True))


def lines_of(path):
    with window_list(path) as name:
        return None if name is None else Path(name.removeprefix("file:")).read_text().splitlines()


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("a.m4a", ["-i", "{wav}", "-ac", "2"]),
        ("a.m4a", ["-i", "{wav}", "-ar", "44100", "-b:a", "32k"]),  # noise, put together anew from one state of the decoder
        ("a.m4a", ["-i", "{wav}", "-ac", "6"]),
        ("v.mp4", ["{picture}", "-i", "{wav}", *FILM]),
        ("v.mp4", ["{picture}", "-i", "{wav}", *FILM, "-movflags", "+faststart"]),
        ("v.mov", ["{picture}", "-i", "{wav}", *FILM]),
    ],
)
def test_windows_give_the_same_samples(make, picture, monkeypatch, caplog, name, args):
    path = make(name, *(part for arg in args for part in (picture if arg == "{picture}" else [arg])))
    whole = blocks(path)
    assert lines_of(path) is None
    monkeypatch.setattr(sound_windows, "WINDOW", 16)
    monkeypatch.setattr(sound_windows, "_CUT_FROM", 64)
    caplog.set_level("INFO")
    lines = lines_of(path)
    # Some 230 packets; FFmpeg puts all of a film without pictures into one chunk, and a window holds whole chunks.
    assert len([line for line in lines if line.startswith("file ")]) >= (14 if "{picture}" in args else 1)
    same(blocks(path), whole)
    assert "sound.by_packet" not in caplog.text


def test_the_windows_last_as_long_as_the_track(make, picture, small):
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM)
    lasts = [float(line.split()[1]) for line in lines_of(path) if line.startswith("duration ")]
    with av.open(path) as container:
        sound = container.streams.audio[0]
        ticks = [packet.duration for packet in container.demux(sound) if packet.size]
    assert sum(lasts) == pytest.approx(sum(ticks) / RATE, abs=1e-6)
    assert 0 < max(lasts) <= 16 * 1024 / RATE + 1e-6


def test_a_damaged_packet_costs_the_same_packet(make, picture, small, monkeypatch):
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM, "-b:a", "256k")
    with av.open(path) as container:
        place = [packet.pos for packet in container.demux(container.streams.audio[0]) if packet.size][100]
    data = bytearray(path.read_bytes())
    data[place : place + 300] = bytes(range(256)) + bytes(44)
    path.write_bytes(data)
    found = blocks(path)
    assert lines_of(path)
    monkeypatch.setattr(sound_windows, "_CUT_FROM", 1 << 20)
    assert lines_of(path) is None
    same(found, blocks(path))


def test_a_file_that_was_cut_off_gives_what_is_there(make, picture, small, monkeypatch):
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM, "-movflags", "+faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    found = blocks(path)
    assert lines_of(path)
    monkeypatch.setattr(sound_windows, "_CUT_FROM", 1 << 20)
    assert 2.5 * RATE < sum(len(samples) for _, samples in found) < 4.5 * RATE
    same(found, blocks(path))


@pytest.mark.parametrize(
    "name", ["it's.mp4", "a|b.mp4", "a:b,c=[d];e.mp4", "back\\slash.mp4", "größe %20.mp4", "new\nline.mp4"]
)
def test_a_name_is_no_command(make, picture, small, tmp_path, name):
    plain = make("v.mp4", *picture, "-i", "{wav}", *FILM)
    expected = blocks(plain)
    path = plain.rename(tmp_path / name)
    with sound_name(path, RATE) as sound:
        assert sound.options.startswith("safe=0") == (not set("'|\\\n") & set(name))
    same(blocks(path), expected)


@pytest.mark.parametrize(
    ("case", "kind", "offset", "value"),
    [
        ("packets of one size", b"stsz", 4, 300),
        ("more packets than sizes", b"stsz", 8, 1 << 20),
        ("fewer packets than the chunks hold", b"stsz", 8, 200),
        ("chunks that go back", b"stsc", 20, 0),
        ("a first chunk that is not the first", b"stsc", 8, 2),
        ("another description", b"stsc", 16, 2),
        ("a duration of none", b"stts", 12, 0),
        ("too few durations", b"stts", 8, 20),
        ("another codec", b"stsd", 12, int.from_bytes(b"alac")),
        ("two descriptions", b"stsd", 4, 2),
        ("no clock", b"mdhd", 12, 0),
        ("a table that is longer than its box", b"stco", 4, 1 << 20),
        ("a table that has another name", b"stts", -4, 0),
    ],
)
def test_tables_that_do_not_fit_together_are_left_to_ffmpeg(make, picture, small, case, kind, offset, value):
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM, "-metadata", "title=x")
    data = bytearray(path.read_bytes())
    at = data.rindex(kind) + 4 + offset  # of the sound, which comes last
    data[at : at + 4] = struct.pack(">I", value)
    assert lines_of(path), case
    path.write_bytes(data)
    assert lines_of(path) is None


def test_what_is_no_plain_film_is_not_cut(make, picture, small, tmp_path):
    wav, film = ["-i", "{wav}"], [*picture, "-i", "{wav}"]
    assert lines_of(make("pcm.mov", *film, "-c:v", "libx264", "-c:a", "pcm_s16le")) is None
    assert lines_of(make("two.mp4", *film, "-map", "0", "-map", "1", "-map", "1", *FILM)) is None
    assert lines_of(make("pieces.mp4", *film, *FILM, "-movflags", "+frag_keyframe+empty_moov")) is None
    assert lines_of(make("v.mkv", *film, *FILM)) is None
    assert lines_of(make("a.flac", *wav)) is None
    assert lines_of(tmp_path / "gone.mp4") is None


def test_a_late_sound_keeps_its_edit_list_and_is_not_cut(make, picture, small):
    path = make("v.mp4", *picture, "-itsoffset", "0.12", "-i", "{wav}", *FILM)
    with sound_name(path, RATE) as sound:
        assert not sound.options.startswith("safe=0")


def test_no_file_stays_open(make, picture, small, monkeypatch):
    path = make("v.mp4", *picture, "-i", "{wav}", *FILM)
    descriptors = sound_windows._FD
    before = len(list(descriptors.iterdir()))
    frames = sound_frames._gathered(path, RATE, 4800)
    next(frames)
    assert len(list(descriptors.iterdir())) > before
    frames.close()
    del frames
    assert len(list(descriptors.iterdir())) == before
