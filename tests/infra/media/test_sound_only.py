"""Without its pictures a film sounds the same, packet for packet; what cannot be read without them is read as it is."""

import io

import av
import pytest

from ruach_studio.infra.media import heap
from ruach_studio.infra.media.mp4_boxes import boxes
from ruach_studio.infra.media.mp4_layout import NOTHING, sound_layout
from ruach_studio.infra.media.sound_only import open_sound

FILM = ["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]


def packets(container):
    sound = container.streams.audio[0]
    return [(p.pts, p.dts, p.duration, p.time_base, bytes(p)) for p in container.demux(sound)]


@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
@pytest.mark.parametrize("args", [["-movflags", "+faststart"], []])
def test_the_packets_of_the_sound_are_the_same_without_pictures(make, picture, name, args):
    path = make(name, *picture, "-itsoffset", "0.12", "-i", "{wav}", *FILM, *args)
    with av.open(path) as whole, open_sound(path) as sound:
        assert (len(whole.streams.video), len(sound.streams.video), len(sound.streams.audio)) == (1, 0, 1)
        expected = packets(whole)
        assert len(expected) > 230
        assert packets(sound) == expected


@pytest.mark.parametrize(
    ("name", "args"),
    [("v.mkv", FILM), ("pieces.mp4", [*FILM, "-movflags", "+frag_keyframe+empty_moov"]), ("v.avi", ["-c:a", "aac"])],
)
def test_what_needs_its_pictures_keeps_them(make, picture, name, args):
    path = make(name, *picture, "-i", "{wav}", *args)
    assert sound_layout(path, 48000) == NOTHING
    with open_sound(path) as container:
        assert len(container.streams.video) == 1


def test_nothing_is_hidden_without_sound_and_a_damaged_box_ends_the_look(make, picture, tmp_path):
    assert sound_layout(make("silent.mp4", *picture, "-c:v", "libx264"), 48000) == NOTHING
    film = make("v.mp4", *picture, "-i", "{wav}", *FILM, "-movflags", "+faststart").read_bytes()
    index = film.index(b"moov")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film[: index + 100])
    assert sound_layout(cut, 48000) == NOTHING
    assert sound_layout(tmp_path / "gone.mp4", 48000) == NOTHING


def test_long_and_endless_boxes_are_measured():
    short = (8).to_bytes(4) + b"free"
    long = (1).to_bytes(4) + b"mdat" + (20).to_bytes(8) + b"data"
    endless = (0).to_bytes(4) + b"moov" + b"rest"
    file = short + long + endless
    found = [(kind, file[place.start : place.stop]) for kind, place in boxes(io.BytesIO(file), range(len(file)))]
    assert found == [(b"free", b""), (b"mdat", b"data"), (b"moov", b"rest")]


def test_files_take_turns_at_being_opened_but_nobody_waits_for_ever(make, monkeypatch):
    path = make("a.m4a", "-i", "{wav}")

    class Asked(io.FileIO):
        def read(self, count=-1):
            assert heap._TURN.locked() != self.open_already
            return super().read(count)

    with Asked(path) as file:
        file.open_already = False
        with heap.open_media(file) as container:
            file.open_already = True
            assert len(packets(container)) > 230
    monkeypatch.setattr(heap, "TURN_S", 0.01)
    with heap._TURN, heap.open_media(str(path)) as container:  # another one hangs
        assert len(container.streams.audio) == 1
    assert not heap._TURN.locked()
