"""Of an edit list only the plain one is left out: it skips the encoder's delay, and says no more."""

import pytest

from ruach_studio.infra.media import mp4_layout, probe, sound_only
from ruach_studio.infra.media.mp4_layout import NOTHING, sound_layout

RATE = 48000
FILM = ["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]


@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
@pytest.mark.parametrize("front", [["-movflags", "+faststart"], []])
def test_an_encoders_delay_is_a_plain_edit(make, picture, name, front):
    path = make(name, *picture, "-i", "{wav}", *FILM, *front)
    layout = sound_layout(path, RATE)
    data = path.read_bytes()
    assert layout.skip == 1024
    assert [data[at : at + 4] for at in (*layout.pictures, *layout.edits)] == [b"trak", b"edts"]
    assert sound_layout(path).edits == ()  # nobody asked for them


def test_sound_alone_has_a_plain_edit_too(make):
    layout = sound_layout(make("a.m4a", "-i", "{wav}"), RATE)
    assert (layout.pictures, len(layout.edits), layout.skip) == ((), 1, 1024)


@pytest.mark.parametrize(
    ("case", "old", "new"),
    [
        ("another speed", b"\x00\x01\x00\x00", b"\x00\x02\x00\x00"),
        ("a start too far in", (1024).to_bytes(4), (9000).to_bytes(4)),
        ("an empty stretch", (1024).to_bytes(4), b"\xff\xff\xff\xff"),
        ("an end before the track's", (240_000).to_bytes(4), (190_000).to_bytes(4)),
        ("two edits", (1).to_bytes(4) + (240_000).to_bytes(4), (2).to_bytes(4) + (240_000).to_bytes(4)),
    ],
)
def test_an_edit_that_says_more_stays(make, case, old, new):
    path = make("a.m4a", "-i", "{wav}")
    data = path.read_bytes()
    at = data.index(b"elst")
    assert old in data[at : at + 24], case
    path.write_bytes(data[:at] + data[at : at + 24].replace(old, new, 1) + data[at + 24 :])
    assert sound_layout(path, RATE) == NOTHING


def test_a_clock_that_does_not_count_samples_and_a_tag_of_another_delay_are_left_to_ffmpeg(make):
    path = make("a.m4a", "-i", "{wav}", "-metadata", "comment=iTunSMPX")
    assert sound_layout(path, RATE).skip == 1024
    assert sound_layout(path, RATE // 2) == NOTHING
    assert (sound_layout(path, 0).skip, sound_layout(path, 0).rate) == (1024, RATE)
    path.write_bytes(path.read_bytes().replace(b"iTunSMPX", b"iTunSMPB"))
    assert sound_layout(path, RATE) == NOTHING


@pytest.mark.parametrize(
    ("name", "shortened"),  # three numbers a track: one chunk and sounds without compression stay
    [("a.m4a", 0), ("v.mp4", 6), ("v.mov", 6), ("long.mp4", 6), ("cut.m4a", 0), ("pcm.mov", 3)],
)
def test_the_facts_are_those_that_ffmpeg_reads_with_the_edit(make, picture, monkeypatch, name, shortened):
    if name == "cut.m4a":
        path = make(name, "-ss", "1.013", "-i", str(make("a.m4a", "-i", "{wav}")), "-c", "copy")
    elif name == "a.m4a":
        path = make(name, "-i", "{wav}")
    else:
        length = ["-t", "4.3"] if name == "long.mp4" else []  # the sound goes on after the picture
        codecs = ["-c:v", "libx264", "-c:a", "pcm_s16le" if name == "pcm.mov" else "aac"]
        path = make(name, *length, *picture, "-i", "{wav}", *codecs)
    assert sound_layout(path, 0).edits
    monkeypatch.setattr(mp4_layout, "INDEXED", 16)  # as a film of hours: only the beginning of its tracks is indexed
    assert len(sound_layout(path, 0).counts) == shortened
    found = probe(path)
    monkeypatch.setattr(sound_only, "sound_layout", lambda *_: NOTHING)
    assert probe(path) == found


def test_sound_behind_an_empty_stretch_keeps_its_edits(make, picture):
    layout = sound_layout(make("v.mp4", *picture, "-itsoffset", "0.12", "-i", "{wav}", *FILM), RATE)
    assert (len(layout.pictures), layout.edits, layout.skip) == (1, (), 0)
