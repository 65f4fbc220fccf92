"""A recorder's clock that runs fast or slow: retimed where it would show by more than half a frame, named where it stays."""

import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import export
from ruach_studio.assembly.exchange.drift import drift_frames, needs_retiming, speed_of
from ruach_studio.assembly.exchange.pieces import Piece
from ruach_studio.infra.media import find_ffmpeg
from ruach_studio.testing.melt import run_melt


def drifting(edl, ppm):
    b = edl.sources["B"]
    return replace(edl, sources={**edl.sources, "B": replace(b, clips=tuple(replace(c, drift_ppm=ppm) for c in b.clips))})


def seconds(text):
    return Fraction(text.removesuffix("s"))


def test_half_a_frame_is_the_limit(make_edl):
    clip = drifting(make_edl(fps="25"), 1000.0).sources["B"].clips[0]
    assert speed_of(clip) == Fraction(1000, 1001)
    assert drift_frames(clip, 1001) == 1
    assert [needs_retiming(Piece(0, n, "B", 0, clip, 0)) for n in (500, 501)] == [False, True]


@pytest.mark.parametrize("ppm", [1000.0, -1000.0])
def test_fcpxml_stretches_the_angles_clip(make_edl, ppm):
    edl = drifting(make_edl(fps="30000/1001"), ppm)
    text, losses = export(edl, "fcpxml")
    clips = etree.fromstring(text.encode()).findall(".//mc-angle[@name='B']/asset-clip")
    assert [clip.tag for clip in clips[0]] == ["conform-rate", "timeMap"]
    for clip, own_s in zip(clips, (30, 40), strict=True):
        first, last = clip.find("timeMap")
        assert (first.get("time"), first.get("value"), last.get("interp")) == ("0/30000000s", "0/30000000s", "linear")
        assert seconds(last.get("value")) == own_s
        assert seconds(last.get("time")) == own_s * (1 + Fraction(ppm) / 1_000_000)
        assert 0 <= seconds(last.get("time")) - seconds(clip.get("duration")) < 2 / edl.fps.value
    assert not [loss for loss in losses if loss.startswith("B: clock drift")]
    assert [loss for loss in losses if loss.startswith("W: clock drift")] == [
        "W: clock drift of +20.0 ppm is not carried, up to 1.4 ms (0.04 frames) off (w.mov)"
    ]


def test_fcp7_remaps_time_and_counts_in_the_retimed_clip(make_edl):
    root = etree.fromstring(export(drifting(make_edl(fps="25"), 1000.0), "fcp7xml")[0].encode())
    programme, _, b, _ = root.findall("sequence/media/video/track")
    assert programme.find(".//filter") is None  # no shot is long enough
    for item, start in zip(b, (63, 815), strict=True):
        told = {each.findtext("parameterid"): each.findtext("value") for each in item.iter("parameter")}
        assert (item.findtext("filter/effect/effectid"), told["speed"]) == ("timeremap", "99.900100")
        assert (item.findtext("in"), item.findtext("start")) == ("0", str(start))
        assert int(item.findtext("out")) == int(item.findtext("end")) - start
    assert int(b[0].findtext("duration")) == 750  # 750 frames last 750.75


def test_a_list_names_the_speed_where_one_decimal_can_and_else_the_error(make_edl):
    text, losses = export(drifting(make_edl(fps="25"), 1_000_000 / 24), "cmx3600")
    events = re.findall(r"B\d +V +C +(\S+) (\S+) (\S+) (\S+)\nM2 +B\d +024\.0 +(\S+)\n", text)
    assert len(events) == 2
    assert all(source_in == at for source_in, _, _, _, at in events)
    assert events[0][:2] == ("00:00:04:08", "00:00:11:23")  # 198 frames of programme are 190 of the file
    text, losses = export(drifting(make_edl(fps="25"), 1000.0), "cmx3600")
    assert "M2" not in text
    assert "B: clock drift of +1000.0 ppm is not carried, up to 13.7 ms (0.34 frames) off (b2.mp4)" in losses


def test_opentimelineio_warps_the_angle(make_edl):
    text, _ = export(drifting(make_edl(fps="25"), 1000.0), "otio")
    assert text.count('"time_scalar": 0.999000999000999') == 4  # picture and sound of both files
    assert '"time_scalar"' not in text[: text.index('"name": "Angle A"')]


def test_mlt_warps_the_angle_and_keeps_the_programme(make_edl):
    edl = drifting(make_edl(fps="25"), 1000.0)
    wide = edl.sources["W"]  # began 4.0213 s earlier: 101 frames of the programme, 100 of its own
    edl = replace(edl, sources={**edl.sources, "W": replace(wide, clips=(replace(wide.clips[0], drift_ppm=1000.0),))})
    root = etree.fromstring(export(edl, "mlt")[0].encode())
    [entry] = root.findall("playlist[@id='angle-3']/entry")
    assert (entry.get("producer"), entry.get("in"), entry.get("out")) == ("W-1-picture-retimed", "101", "1600")
    entries = [(e.get("producer"), e.get("in"), e.get("out")) for e in root.findall("playlist[@id='angle-2']/entry")]
    assert entries == [("B-1-picture-retimed", "0", "749"), ("B-2-picture-retimed", "0", "684")]
    told = {p.get("name"): p.text for p in root.find("producer[@id='B-1-picture-retimed']")}
    assert told["resource"] == "0.999000999:/m/b 1.mp4"
    assert (told["mlt_service"], told["warp_speed"]) == ("timewarp", "0.999000999")
    assert not [e for e in root.findall("playlist[@id='programme-picture']/entry") if "retimed" in e.get("producer")]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed: apt install melt")
def test_melt_shows_the_frame_that_the_clock_asks_for(tmp_path, make_edl):
    """B's frames count up in brightness; over 60 s at 1000 ppm it would be 1.5 frames late without the warp."""
    edl = make_edl(fps="25")
    source = "color=black:s=16x16:r=25:d=61,format=gray,geq=lum='16+4*mod(N\\,50)'"
    film = tmp_path / "b.mkv"
    command = [find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "ffv1", "-color_range", "tv", str(film)]
    subprocess.run(command, check=True, timeout=60)
    clip = replace(edl.sources["B"].clips[0], path=str(film), offset_ms=0.0, drift_ppm=1000.0, duration_ms=61_000.0,
                   width=16, height=16, has_audio=False)  # fmt: skip
    b = replace(edl.sources["B"], clips=(clip,))
    cut = replace(edl.program[0], camera="B", end_frame_exclusive=edl.duration_frames)
    edl = replace(edl, sources={"B": b}, master_camera="B", program=(cut,), programme_audio=None)
    (tmp_path / "talk.mlt").write_text(export(edl, "mlt")[0])
    out = ["-consumer", "avformat:out.mkv", "vcodec=ffv1", "pix_fmt=gray", "an=1", "real_time=-1"]
    run_melt(["talk.mlt", *out], tmp_path)
    shrink = ["-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "gray", "-fps_mode", "passthrough", "-"]
    run = [find_ffmpeg(), "-v", "error", "-i", str(tmp_path / "out.mkv"), *shrink]
    seen = subprocess.run(run, check=True, capture_output=True, timeout=60).stdout
    assert len(seen) == 1500
    light = dict(zip(range(50), seen[:50], strict=True))  # at the start a frame shows as what it is
    steps = [min(light, key=lambda n: abs(light[n] - value)) for value in seen]
    off = [(shown - Fraction(n) * 1000 / 1001 + 25) % 50 - 25 for n, shown in enumerate(steps)]
    assert max(abs(each) for each in off) <= 1
    assert max(abs(n - Fraction(n) * 1000 / 1001) for n in range(1500)) > Fraction(149, 100)
