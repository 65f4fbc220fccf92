"""The finished film: packets as they were, the index first, whether it is moved there or has its room from the beginning."""

import asyncio
import struct

import av
import pytest

from ruach_studio.infra.media import run
from ruach_studio.render.usecases import join_film as room
from ruach_studio.render.usecases.join_film import index_bytes, join_film

CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/60\nSTART={60 * i}\nEND={60 * i + 60}\ntitle=Part {i}: ünd so fort\n" for i in range(30)
)


@pytest.fixture(scope="module")
def halves(tmp_path_factory, make_film):
    """Picture of 60 frames a second with B-frames and a key frame in each second, and sound, both of 31 minutes."""
    folder = tmp_path_factory.mktemp("halves")
    make_film(folder / "minute.mp4", "A", 3600, fps="60", size=(64, 36), keyint=60)
    loop = ["-stream_loop", "30", "-i", str(folder / "minute.mp4"), "-c", "copy", "-y", str(folder / "picture.mp4")]
    hum = ["-f", "lavfi", "-i", "sine=r=48000:d=60", "-ac", "2", "-c:a", "aac", "-b:a", "32k", str(folder / "minute.m4a")]
    asyncio.run(run(loop))
    asyncio.run(run(hum))
    again = ["-stream_loop", "30", "-i", str(folder / "minute.m4a"), "-c", "copy", "-y", str(folder / "sound.m4a")]
    asyncio.run(run(again))
    return folder / "picture.mp4", folder / "sound.m4a"


def boxes(path):
    """Return the file's outermost boxes: (name, bytes)."""
    found = []
    with path.open("rb") as file:
        while head := file.read(8):
            size, name = struct.unpack(">I4s", head)
            size = struct.unpack(">Q", file.read(8))[0] if size == 1 else size
            found.append((name.decode(), size))
            file.seek(sum(each for _, each in found))
    return found


def packets(path, kind):
    with av.open(str(path)) as film:
        return [(p.pts * p.time_base, p.size, p.is_keyframe) for p in film.demux(**{kind: 0}) if p.size]


@pytest.mark.parametrize("chapters", [None, CHAPTERS], ids=["plain", "chapters"])
async def test_a_long_film_has_its_index_first_in_room_that_was_left_for_it(halves, tmp_path, chapters, monkeypatch):
    picture, sound = halves
    told = {"frames": 31 * 3600, "length_s": 1860.0, "chapters": chapters}
    left = await join_film(picture, sound, tmp_path / "left.mp4", asyncio.Event(), **told)
    monkeypatch.setattr(room, "LONG_S", 10**9)
    moved = await join_film(picture, sound, tmp_path / "moved.mp4", asyncio.Event(), **told)
    sizes = dict(boxes(left))
    assert [name for name, _ in boxes(left) if name != "free"] == ["ftyp", "moov", "mdat"]
    assert [name for name, _ in boxes(moved) if name != "free"] == ["ftyp", "moov", "mdat"]
    assert sizes["moov"] < index_bytes(**told) < 3 * sizes["moov"]
    for kind in ("video", "audio"):
        assert packets(left, kind) == packets(moved, kind)
    with av.open(str(left)) as film:
        assert [mark["metadata"]["title"] for mark in film.chapters()] == ([] if chapters is None else
            [f"Part {i}: ünd so fort" for i in range(30)])  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["left.mp4", "moved.mp4"]
