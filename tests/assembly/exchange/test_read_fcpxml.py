"""FCPXML as programs export it again: new ids, other time bases, a sequence that starts at an hour, marks of their own."""

import re
from fractions import Fraction

import pytest
from lxml import etree

from ruach_studio.assembly.exchange import BadReturn, export, import_back


@pytest.fixture(params=["30000/1001", "25"])
def edl(request, make_edl):
    return make_edl(fps=request.param, audio=True)


@pytest.fixture
def root(edl):
    return etree.fromstring(export(edl, "fcpxml")[0].encode())


def back(edl, root):
    return import_back(edl, "fcpxml", etree.tostring(root), version=2)


def clips(root):
    return root.findall(".//spine/mc-clip")


def seconds(text):
    return Fraction(text.removesuffix("s"))


def renamed(root, *, names):
    """Give every angle another id, as a program may; `names`: another name as well."""
    for number, angle in enumerate(root.iter("mc-angle")):
        old, new = angle.get("angleID"), f"vx767AypQ4KHHxVD6YFRd{number}"
        angle.set("angleID", new)
        if names:
            angle.set("name", f"Angle {number + 1}")
        for source in root.iter("mc-source"):
            if source.get("angleID") == old:
                source.set("angleID", new)


@pytest.mark.parametrize("names", [False, True])
def test_angles_are_known_by_name_or_by_their_files(edl, root, names):
    renamed(root, names=names)
    assert back(edl, root).same


def test_a_file_that_was_moved_is_known_by_its_name(edl, root):
    renamed(root, names=True)
    for rep in root.iter("media-rep"):
        rep.set("src", rep.get("src").replace("file:///m/", "file:///Volumes/Card%201/"))
    assert back(edl, root).same


def test_times_count_from_where_sequence_and_multicam_begin(edl, root):
    root.find(".//sequence").set("tcStart", "3600s")
    root.find(".//multicam").set("tcStart", "7200s")
    for clip in clips(root):
        clip.set("offset", f"{seconds(clip.get('offset')) + 3600}s")
        moved = seconds(clip.get("start")) + 7200
        for each in (clip, *clip.findall("marker")):
            each.set("start", f"{moved.numerator * 1000}/{moved.denominator * 1000}s")
    assert back(edl, root).same


def test_what_stands_first_may_leave_out_its_place(edl, root):
    first = clips(root)[0]
    del first.attrib["offset"]
    for clip in clips(root)[1:]:
        del clip.attrib["offset"]
    assert back(edl, root).same


def test_a_flattened_multicam_comes_back_by_its_files(edl, root):
    """Some programs write asset-clips instead of mc-clips."""
    shift = next(seconds(c.get("start")) for c in clips(root))
    for clip in clips(root):
        shown = clip.find("mc-source").get("angleID")
        angle = next(angle for angle in root.iter("mc-angle") if angle.get("angleID") == shown)
        at = seconds(clip.get("offset")) + shift
        file = [each for each in angle.findall("asset-clip") if seconds(each.get("offset")) <= at][-1]
        clip.tag = "asset-clip"
        clip.set("ref", file.get("ref"))
        clip.set("start", f"{at - seconds(file.get('offset'))}s")
        for child in list(clip):
            clip.remove(child)
    assert back(edl, root).same


def test_what_is_left_aside_is_named(edl, root):
    first, second = clips(root)[:2]
    first.append(etree.Element("title", lane="1", duration="1s"))
    first.append(etree.Element("filter-audio"))
    second.set("audioStart", "0s")
    second.findall("mc-source")[1].set("angleID", second.findall("mc-source")[0].get("angleID"))
    first.addnext(etree.Element("transition", duration="1s"))
    assert back(edl, root).notices == (
        "not taken over: 1 x connected title", "not taken over: 1 x filter-audio", "not taken over: 1 x transition",
        "not taken over: 1 x split of sound and picture", "not taken over: 1 x shot with another sound than the programme's",
    )  # fmt: skip


def test_an_angle_switched_and_a_cut_moved_in_the_editor(edl, root):
    angles = {angle.get("name"): angle.get("angleID") for angle in root.iter("mc-angle")}
    frame = 1 / edl.fps.value
    clips(root)[3].find("mc-source").set("angleID", angles["W"])
    for name, clip, by in (("duration", 0, 12), ("offset", 1, 12), ("start", 1, 12), ("duration", 1, -12)):
        clips(root)[clip].set(name, f"{seconds(clips(root)[clip].get(name)) + by * frame}s")
    got = back(edl, root)
    assert [cut.reasons[0] for cut in got.edl.program[:2]] == [
        "came back from FCPXML: end moved by +12 frames", "came back from FCPXML: start moved by +12 frames",
    ]  # fmt: skip
    assert got.edl.program[3].reasons[0] == "came back from FCPXML: Camera W instead of Camera A"
    assert set(got.changed) == {edl.program[n].id for n in (0, 1, 3)}


def second(change):
    return lambda root: change(clips(root)[1])


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (second(lambda c: c.set("enabled", "0")), "the shot at 0:07 is disabled"),
        (second(lambda c: c.insert(0, etree.Element("timeMap"))), "the shot at 0:07 is retimed"),
        (second(lambda c: setattr(c, "tag", "ref-clip")), "there is a ref-clip at 0:07"),
        (second(lambda c: c.set("start", "1s")), r"shows Camera B \d+ frames early: it was slipped"),
        (second(lambda c: c.set("duration", "1.2123s")), "lies on no frame"),
        (second(lambda c: c.set("duration", "ten")), "'ten' is no time"),
        (second(lambda c: c.set("duration", "1/0s")), "wrong form"),
        (second(lambda c: c.set("ref", "lost")), "wrong form"),
        (second(lambda c: c.find("mc-source").set("angleID", "x")), "the angle 'x' at 0:07 belongs to no camera"),
        (second(lambda c: c.findall("mc-source")[1].set("srcEnable", "all")), "shows 2 angles"),
        (second(lambda c: c.getparent().remove(c)), "frames before the shot at 0:14.9 show nothing"),
        (lambda root: root.set("version", "1.9"), "it is FCPXML 1.9"),
        (lambda root: root.set("version", "2.0"), "it is FCPXML 2.0"),
        (lambda root: root.find(".//event").append(etree.Element("project", name="two")), r"2 projects \(s1 v1, two\)"),
        (lambda root: root.find(".//event").clear(), "it holds 0 projects"),
        (lambda root: root.find(".//format").set("frameDuration", "1/24s"), "runs at 24/1 frames per second"),
    ],
)
def test_what_cannot_come_back_is_refused_by_name(edl, root, change, fact):
    change(root)
    with pytest.raises(BadReturn, match=fact) as refusal:
        back(edl, root)
    assert refusal.value.remedy


def test_a_ripple_edit_is_refused_with_the_place(edl, root):
    """One shot is taken out and the rest closes up: the rest shows its sources too late."""
    gone = clips(root)[1]
    length = seconds(gone.get("duration"))
    for clip in clips(root)[2:]:
        clip.set("offset", f"{seconds(clip.get('offset')) - length}s")
    gone.getparent().remove(gone)
    frames = edl.program[1].frames
    with pytest.raises(BadReturn, match=re.escape(f"shows Camera W {frames} frames late")):
        back(edl, root)
