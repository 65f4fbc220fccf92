"""Proxies, peaks and thumbnails of real files: on the clip's local time, upright, even, seekable; whole or not there."""

import asyncio
import json
import subprocess

import av
import numpy as np
import pytest
from PIL import Image

from ruach_studio.infra.media import BadMedia, decode_audio, find_ffmpeg, probe
from ruach_studio.render.usecases import derive_files
from ruach_studio.render.usecases.derive_files import derivative_id, derive, folder_of

# Grey rises with time, so that a picture tells when it was taken: 2 levels a frame at 25 fps, 4 s.
GREY = "color=black:s={size}:r=25:d=4,geq=lum='20+N*2':cb=128:cr=128"


def make(path, *args):
    subprocess.run([str(find_ffmpeg()), "-y", "-v", "error", *args, str(path)], check=True)
    return path


def film(path, *, size="64x48", options=()):
    sound = ["-f", "lavfi", "-i", "sine=1000:d=4:r=48000"]
    coded = ["-c:v", "libx264", "-qp", "4", "-g", "250", "-c:a", "aac", *options]
    return make(path, "-f", "lavfi", "-i", GREY.format(size=size), *sound, *coded)


def frames(path):
    with av.open(str(path)) as container:
        return [(f.time, f.width, f.height, float(f.to_ndarray(format="gray").mean()), f.key_frame)
                for f in container.decode(video=0)]  # fmt: skip


async def test_a_proxy_keeps_every_frames_time_and_has_a_key_frame_every_half_second(tmp_path):
    source = film(tmp_path / "a.mkv")
    made = await derive(source, "proxy", tmp_path / "out")
    out = frames(made.folder / "proxy.mp4")
    assert [round(each[0], 3) for each in out] == [round(n / 25, 3) for n in range(100)]
    assert np.abs(np.diff([each[3] for each in out]) - 2).max() < 1.5  # no frame twice, none lost
    keys = [each[0] for each in out if each[4]]
    assert max(np.diff(keys)) <= 0.56
    assert made.facts["files"][0]["contentType"] == "video/mp4"
    head = (made.folder / "proxy.mp4").read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")  # plays before it is loaded


@pytest.mark.parametrize(
    ("tone_s", "sound_delay_s", "picture_delay_s"),
    [(0.0, 0.0, 0.0), (1.0, 0.5, 0.0), (1.0, 0.0, 0.32)],  # at once; sound begins late; sound begins before the picture
)
async def test_the_sound_of_a_proxy_stays_with_its_picture(tmp_path, tone_s, sound_delay_s, picture_delay_s):
    tone = f"aevalsrc='if(gte(t,{tone_s}),0.5*sin(2000*PI*t),0)':d=4:s=48000"
    inputs = ["-itsoffset", str(picture_delay_s), "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=4"]
    inputs += ["-itsoffset", str(sound_delay_s), "-f", "lavfi", "-i", tone]
    source = make(tmp_path / "a.mkv", *inputs, "-c:v", "libx264", "-c:a", "flac")
    made = await derive(source, "proxy", tmp_path / "out")
    for path in (source, made.folder / "proxy.mp4"):
        blocks = list(decode_audio(path))
        local = np.concatenate([np.zeros(round(blocks[0].start_s * 48000)), *(b.samples[:, 0] for b in blocks)])
        begins_s = np.flatnonzero(np.abs(local) > 0.1)[0] / 48000
        assert begins_s == pytest.approx(tone_s + sound_delay_s - picture_delay_s, abs=0.005), path


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [
        ("1280x720", (), (960, 540)),
        ("720x1280", (), (540, 960)),
        ("98x66", (), (98, 66)),  # never made larger
        ("1438x810", (), (958, 540)),
        ("720x576", ("-vf", "setsar=16/11"), (982, 540)),  # pixels become square
    ],
)
async def test_sizes_are_540_at_the_shorter_side_square_and_even(tmp_path, size, options, expected):
    source = film(tmp_path / "a.mp4", size=size, options=("-t", "0.4", *options))
    made = await derive(source, "proxy", tmp_path / "out")
    assert (made.facts["width"], made.facts["height"]) == expected


async def test_a_turned_camera_is_upright_in_proxy_and_thumbnails(tmp_path):
    flat = film(tmp_path / "flat.mp4", size="1280x720", options=("-t", "0.4"))
    turned = make(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")
    proxy, tiles = [await derive(turned, kind, tmp_path / "out") for kind in ("proxy", "thumbnails")]
    assert (proxy.facts["width"], proxy.facts["height"]) == (540, 960)
    assert (tiles.facts["tileWidth"], tiles.facts["tileHeight"]) == (160, 284)


async def test_a_variable_rate_stays_one(tmp_path):
    source = film(tmp_path / "vfr.mp4", options=("-vf", "select='not(mod(n,3))+lt(n,30)'", "-fps_mode", "vfr"))
    made = await derive(source, "proxy", tmp_path / "out")
    before, after = frames(source), frames(made.folder / "proxy.mp4")
    assert len(before) == len(after) > 40
    assert max(abs(a[0] - b[0] + before[0][0]) for a, b in zip(after, before, strict=True)) < 0.001


@pytest.mark.parametrize("options", [(), ("-g", "12")])
async def test_a_thumbnail_is_the_picture_at_its_time(tmp_path, options):
    source = film(tmp_path / "a.mp4", options=options)
    made = await derive(source, "thumbnails", tmp_path / "out")
    assert (made.facts["everyMs"], made.facts["count"]) == (1000, 4)
    sheet = np.asarray(Image.open(made.folder / "sheet-000.jpg").convert("L"), float)
    height, width = made.facts["tileHeight"], made.facts["tileWidth"]
    assert sheet.shape == (height * 10, width * 10)
    shown = [sheet[10 : height - 10, k * width + 10 : (k + 1) * width - 10].mean() for k in range(4)]
    expected = [20 + 2 * 25 * k for k in range(4)]
    # grey 16..235 of video is 0..255 of the picture; a key frame may be half a second old where it serves
    assert np.abs(np.array(shown) - [(grey - 16) * 255 / 219 for grey in expected]).max() < (4 if not options else 30)


async def test_peaks_stand_where_the_sound_is(tmp_path):
    source = make(
        tmp_path / "a.wav", "-f", "lavfi", "-i", "aevalsrc='if(between(t,2,2.5),0.5*sin(2000*PI*t),0)|0':d=40:s=44100"
    )
    made = await derive(source, "peaks", tmp_path / "out")
    data = (made.folder / "peaks.bin").read_bytes()
    head = json.loads(data[8 : 8 + int.from_bytes(data[4:8], "little")])
    assert (head["rate"], head["channels"], head["samples"]) == (44100, 2, 44100 * 40)
    for zoom in head["zooms"]:
        pixels = np.frombuffer(data[zoom["offset"] : zoom["offset"] + zoom["bytes"]], np.int8).reshape(-1, 2, 2)
        at_s = np.flatnonzero(pixels[:, 0, 1] > 32) * zoom["samplesPerPixel"] / 44100
        assert at_s[0] == pytest.approx(2.0, abs=zoom["samplesPerPixel"] / 44100)
        assert at_s[-1] == pytest.approx(2.5, abs=zoom["samplesPerPixel"] / 44100)
        assert pixels[:, 0].max() == 64
        assert not pixels[:, 1].any()
    assert len(data) == head["zooms"][-1]["offset"] + head["zooms"][-1]["bytes"]


async def test_the_same_file_gives_the_same_name_and_bytes_and_a_changed_one_another(tmp_path):
    source = film(tmp_path / "a.mp4", options=("-t", "1"))
    one = await derive(source, "peaks", tmp_path / "out")
    two = await derive(source, "peaks", tmp_path / "out")
    assert (one.folder, one.facts) == (two.folder, two.facts)
    name = derivative_id(source, "peaks")
    source.write_bytes(source.read_bytes() + b"\0")
    assert derivative_id(source, "peaks") != name != derivative_id(source, "proxy")


SLOW = pytest.mark.slow  # one kind by default


@pytest.mark.parametrize("kind", ["proxy", pytest.param("peaks", marks=SLOW), pytest.param("thumbnails", marks=SLOW)])
async def test_a_cancelled_run_leaves_nothing(tmp_path, kind):
    sound_s = 1200 if kind == "peaks" else 12  # peaks of a short sound are made before anybody can cancel
    args = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=12", "-f", "lavfi", "-i", f"sine=d={sound_s}"]
    source = make(tmp_path / "a.mkv", *args, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac")
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(derive(source, kind, tmp_path / "out", lambda *_: loop.call_soon_threadsafe(begun.set)))
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


async def test_what_a_killed_run_left_goes_with_the_next(tmp_path):
    source = film(tmp_path / "a.mp4", options=("-t", "1"))
    final = folder_of(tmp_path / "out", derivative_id(source, "peaks"))
    left = final.parent / f"making-{final.name}-dead"
    left.mkdir(parents=True)
    (left / "peaks.0.part").write_bytes(b"x")
    made = await derive(source, "peaks", tmp_path / "out")
    assert sorted(path.name for path in final.parent.iterdir()) == [made.folder.name]


async def test_errors_name_the_file_and_leave_nothing(tmp_path, monkeypatch):
    silent = make(tmp_path / "silent.mp4", "-f", "lavfi", "-i", "color=s=64x48:d=1")
    with pytest.raises(BadMedia, match=r"silent\.mp4: the file has no sound track"):
        await derive(silent, "peaks", tmp_path / "out")
    monkeypatch.setattr(derive_files, "RESERVE_BYTES", 1 << 60)
    with pytest.raises(derive_files.OutOfSpace, match="MB are free"):
        await derive(silent, "proxy", tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    assert probe(silent).video is not None
