"""MLT XML: one playing picture, one playing sound, every angle kept and hidden; each frame from the right file and place."""

import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import export
from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.kernel.timebase import round_half_up
from ruach_studio.testing.melt import run_melt


def parse(edl):
    text, losses = export(edl, "mlt")
    return etree.fromstring(text.encode()), losses


def expanded(root, playlist):
    """Every frame of a playlist as (producer, local frame), None where it is blank."""
    found = []
    for item in root.find(f"playlist[@id='{playlist}']"):
        if item.tag == "blank":
            found += [None] * int(item.get("length"))
        else:
            found += [(item.get("producer"), n) for n in range(int(item.get("in")), int(item.get("out")) + 1)]
    return found


@pytest.fixture(params=["30000/1001", "24000/1001", "25", "60000/1001"])
def edl(request, make_edl):
    return make_edl(fps=request.param, audio=True)


def test_every_frame_is_the_right_file_at_the_right_place(edl):
    root, _ = parse(edl)
    picture = expanded(root, "programme-picture")
    assert len(picture) == edl.duration_frames
    for frame, shown in enumerate(picture):
        cut = next(cut for cut in edl.program if cut.start_frame <= frame < cut.end_frame_exclusive)
        producer, local = shown
        camera, number, kind = producer.split("-")
        clip = edl.sources[camera].clips[int(number) - 1]
        assert (camera, kind) == (cut.camera, "picture")
        exact = (edl.fps.seconds(frame) - Fraction(clip.offset_ms) / 1000) / (1 + Fraction(clip.drift_ppm) / 10**6)
        assert abs(local - round_half_up(exact * edl.fps.value)) <= 1, frame  # one speed over a whole shot


def test_sound_is_the_programme_track_and_comes_late_where_it_began_late(edl):
    root, _ = parse(edl)
    sound = expanded(root, "programme-sound")
    late = edl.fps.frame_at_ms(100.0)
    assert sound[:late] == [None] * late
    first = round_half_up(edl.fps.seconds(late) * edl.fps.value - Fraction(1, 10) * edl.fps.value)
    assert first in (0, 1)
    assert sound[late:] == [("mix-1-sound", first + n) for n in range(edl.duration_frames - late)]


def test_without_a_programme_track_sound_follows_the_picture(make_edl):
    root, _ = parse(replace(make_edl(), programme_audio=None))
    heard = [each and each[0].split("-")[0] for each in expanded(root, "programme-sound")]
    seen = [each and each[0].split("-")[0] for each in expanded(root, "programme-picture")]
    assert heard == seen


def test_every_angle_is_kept_whole_and_hidden(edl):
    root, _ = parse(edl)
    tracks = [(track.get("producer"), track.get("hide")) for track in root.findall("tractor/track")]
    assert tracks == [
        ("black", "audio"), *((f"angle-{n}", "both") for n in range(1, 7)), ("programme-picture", "audio"),
        ("programme-sound", "video"),
    ]  # fmt: skip
    made = {each.get("id") for each in root if each.get("id")}
    assert {name for name, _ in tracks} <= made
    kept = [tuple(each.text for each in track) for track in root.findall("tractor/track[@hide='both']")]
    assert kept == [
        (camera, kind) for kind in ("picture", "sound") for camera in "ABW"
    ]  # all sounds but the mix, which plays
    b = expanded(root, "angle-2")
    assert len(b) == edl.duration_frames
    assert b[: edl.fps.frame_at_ms(2500)] == [None] * edl.fps.frame_at_ms(2500)
    assert {each[0] for each in b if each} == {"B-1-picture", "B-2-picture"}
    names = {producer.get("id") for producer in root.findall("producer")}
    assert {entry.get("producer") for entry in root.iter("entry")} <= names
    for producer in root.findall("producer")[1:]:
        told = {each.get("name"): each.text for each in producer}
        assert int(told["length"]) == int(producer.get("out")) + 1
        assert told["resource"].startswith("/m/")
        assert told["audio_index" if producer.get("id").endswith("picture") else "video_index"] == "-1"


def test_what_it_cannot_hold_is_listed(edl):
    told = " | ".join(parse(edl)[1])
    assert "B: clock drift of -35.0 ppm is not carried" in told
    assert "not carried: reason, confidence and note of each cut" in told
    assert "chapters" in " | ".join(parse(replace(edl, chapters=({"startMs": 0, "title": "One"},)))[1])


COLOURS = {"A": (200, 40, 40), "B": (40, 180, 40), "W": (40, 40, 200)}


def filmed(edl, folder):
    """The same EDL with real files, each camera in one colour, so that a frame tells which file it is from."""
    sources = {}
    for name, source in edl.sources.items():
        clips = []
        for number, clip in enumerate(source.clips):
            path = folder / f"{name} {number}.mp4"
            picture = f"color=c=0x{bytes(COLOURS[name]).hex()}:s=64x36:r={clip.fps}:d={clip.duration_ms / 1000}"
            command = [find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", picture, "-y", str(path)]
            subprocess.run(command, check=True, timeout=60)
            clips.append(replace(clip, path=str(path), width=64, height=36, has_audio=False))
        sources[name] = replace(source, clips=tuple(clips))
    return replace(edl, sources=sources, programme_audio=None)


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed: apt install melt")
@pytest.mark.parametrize(
    ("name", "fps"), [pytest.param("mlt", "25", marks=pytest.mark.slow), ("mlt", "30000/1001"), ("kdenlive", "25")]
)
def test_melt_renders_it_with_the_right_camera_in_every_frame(tmp_path, make_edl, name, fps):
    edl = filmed(make_edl(fps=fps), tmp_path)
    (tmp_path / f"talk.{name}").write_text(export(edl, name)[0])
    film = tmp_path / "film.avi"
    arguments = [f"talk.{name}", "-consumer", f"avformat:{film}", "vcodec=mjpeg", "q:v=2", "an=1", "real_time=-1"]
    run_melt(arguments, tmp_path)
    shrink = ["-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-fps_mode", "passthrough", "-"]
    raw = subprocess.run([find_ffmpeg(), "-v", "error", "-i", film, *shrink], check=True, capture_output=True).stdout
    seen = [min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(COLOURS[name], raw[n : n + 3], strict=True)))
            for n in range(0, len(raw), 3)]  # fmt: skip
    assert seen == [cut.camera for cut in edl.program for _ in range(cut.frames)]
