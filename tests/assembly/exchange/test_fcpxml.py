"""FCPXML holds the structure Final Cut demands: elements in order, exact times, offsets with the right sign.

Apple's DTDs may not be shipped: `test_fcpxml_dtd.py` validates against copies of them.
"""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import export

TIME = re.compile(r"(\d+)(?:/(\d+))?s")
TIMES = ("offset", "start", "duration", "tcStart")
ORDER = {  # the order of children that the DTD demands, for the elements we write
    "fcpxml": ["resources", "library"], "resources": ["format", "asset", "media"],
    "asset": ["media-rep"], "media": ["multicam"],
    "multicam": ["mc-angle"], "mc-angle": ["gap", "asset-clip"], "asset-clip": ["conform-rate", "timeMap"],
    "library": ["event"], "event": ["project"], "project": ["sequence"], "sequence": ["spine"], "spine": ["mc-clip"],
    "mc-clip": ["note", "mc-source", "marker", "chapter-marker"], "note": [], "timeMap": ["timept"], "timept": [],
    "format": [], "media-rep": [], "gap": [], "mc-source": [], "marker": [], "chapter-marker": [], "conform-rate": [],
}  # fmt: skip
REQUIRED = {
    "format": {"id", "frameDuration"}, "asset": {"id", "start", "duration"}, "media-rep": {"src"}, "media": {"id"},
    "mc-angle": {"name", "angleID"}, "asset-clip": {"ref", "offset", "duration"},
    "mc-clip": {"ref", "offset", "start", "duration"},
    "mc-source": {"angleID"}, "marker": {"start", "value"}, "chapter-marker": {"start", "value"}, "sequence": {"format"},
    "multicam": {"format"}, "gap": {"duration"}, "conform-rate": {"srcFrameRate"},
}  # fmt: skip


def time(text):
    number, over = TIME.fullmatch(text).groups()
    return Fraction(int(number), int(over or 1))


def parse(edl):
    text, losses = export(edl, "fcpxml")
    return etree.fromstring(text.encode()), losses, text


@pytest.fixture(params=["30000/1001", "24000/1001", "25", "30", "60000/1001"])
def edl(request, make_edl):
    chapters = ({"startMs": 0, "title": "Opening"}, {"startMs": 21_000, "title": "The call"})
    return replace(make_edl(fps=request.param, audio=True), chapters=chapters)


def test_elements_and_attributes_are_those_the_dtd_asks_for(edl):
    root, _, _ = parse(edl)
    assert root.get("version") == "1.11"
    for element in root.iter():
        assert element.tag in ORDER
        children = [child.tag for child in element]
        assert set(children) <= set(ORDER[element.tag])
        if element.tag not in ("resources", "mc-angle"):  # there the DTD allows any order
            assert children == sorted(children, key=ORDER[element.tag].index)
        assert REQUIRED.get(element.tag, set()) <= set(element.keys())
    assert all(len(asset.findall("media-rep")) == 1 for asset in root.iter("asset"))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {element.get("ref") for element in root.iter() if element.get("ref")} <= set(ids)
    assert {element.get("format") for element in root.iter() if element.get("format")} <= set(ids)
    angles = {angle.get("angleID") for angle in root.iter("mc-angle")}
    assert {source.get("angleID") for source in root.iter("mc-source")} <= angles


def test_every_time_is_a_whole_number_of_frames(edl):
    root, _, _ = parse(edl)
    frame = 1 / edl.fps.value
    assert time(root.find(".//format[@id='r1']").get("frameDuration")) == frame
    for element in root.iter():
        for name in TIMES:
            if element.get(name) is not None and element.tag != "asset":
                assert (time(element.get(name)) / frame).denominator == 1, (element.tag, name, element.get(name))


def test_the_spine_is_the_programme(edl):
    root, _, _ = parse(edl)
    clips = root.findall(".//spine/mc-clip")
    shift = time(clips[0].get("start"))
    assert len(clips) == len(edl.program)
    at = Fraction(0)
    for clip, cut in zip(clips, edl.program, strict=True):
        assert time(clip.get("offset")) == at == edl.fps.seconds(cut.start_frame)
        assert time(clip.get("start")) == shift + at
        at += time(clip.get("duration"))
        names = {angle.get("angleID"): angle.get("name") for angle in root.iter("mc-angle")}
        shown = {source.get("srcEnable"): names[source.get("angleID")] for source in clip.findall("mc-source")}
        assert shown == {"video": cut.camera, "audio": "mix"}
        marker = clip.find("marker")
        assert marker.get("value") == f"{cut.reason} {cut.confidence:.2f} ({cut.band})"
        assert cut.reasons[0] in marker.get("note")
    assert at == edl.fps.seconds(edl.duration_frames) == time(root.find(".//sequence").get("duration"))


def test_a_camera_that_started_later_lies_later(edl):
    """Local time = master - offset: B, 2.5 s late, has its first frame 2.5 s after the master's; W, 4.02 s early, before."""
    root, _, _ = parse(edl)
    placed = {}
    for angle in root.iter("mc-angle"):
        placed[angle.get("name")] = [time(clip.get("offset")) for clip in angle.findall("asset-clip")]
        assert [clip.get("start") for clip in angle.findall("asset-clip")] == ["0s"] * len(placed[angle.get("name")])
    frame = 1 / edl.fps.value
    assert abs(placed["B"][0] - placed["A"][0] - Fraction(5, 2)) <= frame / 2
    assert abs(placed["B"][1] - placed["A"][0] - Fraction(326, 10)) <= frame / 2
    assert abs(placed["W"][0] - placed["A"][0] + Fraction("4.0213")) <= frame / 2
    assert min(at for clips in placed.values() for at in clips) == 0


def test_angles_are_gap_free_timelines(edl):
    root, _, _ = parse(edl)
    for angle in root.iter("mc-angle"):
        at = Fraction(0)
        for item in angle:
            assert time(item.get("offset")) == at
            at += time(item.get("duration"))


def test_what_it_cannot_hold_is_listed(edl):
    _, losses, _ = parse(edl)
    told = " | ".join(losses)
    assert "B: clock drift of -35.0 ppm is not carried, up to 1.4 ms (" in told
    assert "the EDL's state and its options" in told
    assert export(edl, "json")[1] == ()


def test_names_and_paths_are_escaped_and_text_is_stable(make_edl):
    _, _, text = parse(make_edl())
    assert 'src="file:///m/b%201.mp4"' in text
    assert "8.2 dB lead &amp; &lt;more&gt; at 0.0" in text
    assert text == parse(make_edl())[2]


def test_a_source_at_another_rate_is_conformed(make_edl):
    root, _, _ = parse(make_edl(fps="30000/1001"))
    rates = {a.get("name"): [c.get("srcFrameRate") for c in a.iter("conform-rate")] for a in root.iter("mc-angle")}
    assert rates == {"A": [], "B": ["25", "25"], "W": []}
