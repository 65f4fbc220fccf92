"""Final Cut Pro 7 XML: the programme on V1, angles and other sounds kept but disabled, markers with the reasons."""

from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import export


def parse(edl):
    text, losses = export(edl, "fcp7xml")
    return etree.fromstring(text.encode()), losses


def whole(element, name):
    return int(element.findtext(name))


@pytest.fixture(params=["30000/1001", "24000/1001", "25", "60000/1001"])
def edl(request, make_edl):
    return make_edl(fps=request.param, audio=True)


def test_rate_and_start_are_exact(edl):
    root, _ = parse(edl)
    sequence = root.find("sequence")
    assert root.get("version") == "5"
    assert whole(sequence, "duration") == edl.duration_frames
    assert (whole(sequence, "rate/timebase"), sequence.findtext("rate/ntsc")) == (
        edl.fps.nominal, "TRUE" if edl.fps.value.denominator == 1001 else "FALSE",
    )  # fmt: skip
    drop = {Fraction(30000, 1001): 108, Fraction(60000, 1001): 216}.get(edl.fps.value, 0)
    assert whole(sequence, "timecode/frame") == 3600 * edl.fps.nominal - drop
    assert sequence.findtext("timecode/string") == ("01:00:00;00" if drop else "01:00:00:00")
    assert sequence.findtext("timecode/displayformat") == ("DF" if drop else "NDF")


def test_the_first_track_is_the_programme(edl):
    root, _ = parse(edl)
    items = root.findall("sequence/media/video/track[1]/clipitem")
    assert [item.findtext("name")[0] for item in items] == [cut.camera for cut in edl.program]
    at = 0
    for item, cut in zip(items, edl.program, strict=True):
        assert (whole(item, "start"), whole(item, "end")) == (at, cut.end_frame_exclusive)
        assert whole(item, "out") - whole(item, "in") == cut.frames
        assert item.findtext("enabled") == "TRUE"
        assert whole(item, "out") <= whole(item, "duration") + 1
        at = cut.end_frame_exclusive
    b = items[1]  # on screen from 7.013 s; its file began at 2.5 s and runs 35 ppm fast
    local_s = (edl.fps.seconds(whole(b, "start")) - Fraction(5, 2)) / (1 - Fraction(35, 10**6))
    assert abs(whole(b, "in") - local_s * edl.fps.value) <= Fraction(1, 2)


def test_every_angle_and_every_sound_is_there_and_only_the_programme_is_on(edl):
    root, _ = parse(edl)
    pictures = root.findall("sequence/media/video/track")
    assert [{item.findtext("name")[0] for item in track} for track in pictures[1:]] == [{"A"}, {"B"}, {"W"}]
    assert {item.findtext("enabled") for track in pictures[1:] for item in track} == {"FALSE"}
    assert [whole(item, "start") for item in pictures[2]] == [edl.fps.frame_at_ms(2500), edl.fps.frame_at_ms(32_600)]
    sounds = root.findall("sequence/media/audio/track")
    named = [{item.findtext("name").split()[0] for item in track} for track in sounds]
    assert named == [{"mix"}, {"mix"}, {"A"}, {"B"}, {"W"}]
    assert [{item.findtext("enabled") for item in track} for track in sounds] == [{"TRUE"}] * 2 + [{"FALSE"}] * 3
    assert [{item.findtext("sourcetrack/trackindex") for item in track} for track in sounds[:2]] == [{"1"}, {"2"}]


def test_a_file_is_described_once_and_named_after_that(edl):
    root, _ = parse(edl)
    described = [file for file in root.iter("file") if len(file)]
    names = {file.get("id") for file in root.iter("file")}
    assert {file.get("id") for file in described} == names
    assert len(described) == len(names) == 5
    assert "file://localhost/m/b%201.mp4" in [file.findtext("pathurl") for file in described]
    (b,) = [file for file in described if file.findtext("name") == "b 1.mp4"]
    assert (whole(b, "rate/timebase"), whole(b, "duration")) == (25, 750)
    ids = [item.get("id") for item in root.iter("clipitem")]
    assert len(ids) == len(set(ids))


def test_markers_carry_reasons_and_chapters(edl):
    chapters = ({"startMs": 21_000, "title": "The call"},)
    root, losses = parse(replace(edl, chapters=chapters))
    told = [(marker.findtext("name"), marker.findtext("comment"), whole(marker, "in"))
            for marker in root.findall("sequence/marker")]  # fmt: skip
    assert told[1] == ("speaker 0.90 (high)", "8.2 dB lead & <more> at 7.0", edl.program[1].start_frame)
    assert told[-1] == ("The call", "chapter", edl.fps.frame_at_ms(21_000))
    assert len(told) == len(edl.program) + 1
    assert any("two channels of sound" in loss for loss in losses)
    assert any("another frame rate" in loss for loss in losses) == (edl.fps.nominal != 25)


def test_without_a_programme_track_sound_follows_the_picture(make_edl):
    root, _ = parse(replace(make_edl(), programme_audio=None))
    picture, sound = (root.find(f"sequence/media/{kind}/track[1]") for kind in ("video", "audio"))
    assert [item.findtext("name") for item in sound] == [item.findtext("name") for item in picture]
    assert {item.findtext("enabled") for item in sound} == {"TRUE"}
