"""A project of Kdenlive: every file in the bin, its number on every producer, tracks of sound first, guides that say why."""

import json
from dataclasses import replace

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import export


@pytest.fixture(params=["30000/1001", "25"])
def edl(request, make_edl):
    chapters = ({"startMs": 0, "title": "One"}, {"startMs": 21_000, "title": "Two"})
    return replace(make_edl(fps=request.param, audio=True), chapters=chapters)


def parse(edl):
    text, losses = export(edl, "kdenlive")
    return etree.fromstring(text.encode()), losses


def told(element):
    return {each.get("name"): each.text for each in element.findall("property")}


def test_the_bin_holds_every_file_and_every_producer_names_its_number(edl):
    root, _ = parse(edl)
    bin_ = root.find("playlist[@id='main_bin']")
    assert told(bin_)["kdenlive:docproperties.version"] == "1.04"
    held = {p.get("id"): told(p) for p in root.findall("producer") if p.get("id").startswith("bin")}
    assert [entry.get("producer") for entry in bin_.findall("entry")] == list(held)
    names = [(each["kdenlive:id"], each["resource"], each["kdenlive:clip_type"]) for each in held.values()]
    assert names == [
        ("2", "/m/a.mp4", "0"), ("3", "/m/b 1.mp4", "0"), ("4", "/m/b2.mp4", "0"), ("5", "/m/w.mov", "0"),
        ("6", "/m/mix.wav", "1"),
    ]  # fmt: skip
    numbers = {each["resource"]: each["kdenlive:id"] for each in held.values()}
    for producer in root.findall("producer"):
        if producer.get("id") not in ("black_track", *held):
            assert told(producer)["kdenlive:id"] == numbers[told(producer)["resource"]]
            silent = "set.test_audio" if producer.get("id").endswith("picture") else "set.test_image"
            assert told(producer)[silent] == "1"


def test_tracks_of_sound_come_first_and_only_the_programme_is_on(edl):
    root, _ = parse(edl)
    *tracks, main = root.findall("tractor")
    shown = [
        (
            told(each)["kdenlive:track_name"],
            told(each).get("kdenlive:audio_track"),
            {x.get("hide") for x in each.iter("track")},
        )
        for each in tracks
    ]
    assert shown == [
        *((f"Sound {camera}", "1", {"both"}) for camera in "ABW"), ("Programme sound", "1", {"video"}),
        *((f"Angle {camera}", None, {"both"}) for camera in "ABW"), ("Programme", None, {"audio"}),
    ]  # fmt: skip
    assert [t.get("producer") for t in main.findall("track")] == ["black_track", *(t.get("id") for t in tracks)]
    programme = root.find("playlist[@id='playlist14']")
    cuts = [(e.get("producer"), int(e.get("out")) - int(e.get("in")) + 1) for e in programme.findall("entry")]
    assert [name.split("-")[0] for name, _ in cuts] == [cut.camera for cut in edl.program]
    assert [frames for _, frames in cuts] == [cut.frames for cut in edl.program]


def test_guides_carry_confidence_reason_and_chapters(edl):
    root, losses = parse(edl)
    guides = json.loads(told(root.find("playlist[@id='main_bin']"))["kdenlive:docproperties.guides"])
    assert [guide["pos"] for guide in guides] == [*(cut.start_frame for cut in edl.program), edl.fps.frame_at_ms(21_000)]
    assert [guide["type"] for guide in guides] == [1, 3, 3, 4, 8, 3, 1]
    assert guides[0]["comment"] == "chapter: One; A: speaker 0.95 (high) 8.2 dB lead & <more> at 0.0"
    assert not [loss for loss in losses if "reason" in loss or "chapters" in loss]
    assert export(edl, "kdenlive") == export(edl, "kdenlive")
