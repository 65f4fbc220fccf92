"""What lies in a left-out stretch, in black behind a seam, or below a clip that runs, goes out right and comes back."""

from dataclasses import replace

import pytest
from lxml import etree

from ruach_studio.assembly.edl import CanonicalEDL, ClipSource, Cut, Source, validate_edl
from ruach_studio.assembly.exchange import IMPORTS, export, import_back
from ruach_studio.assembly.review import EditRefused, OffsetPicture, Omit, Split, apply_edits
from ruach_studio.kernel.timebase import FrameRate

RATE = FrameRate.parse("25")


def clip(path, offset_ms, duration_ms, drift_ppm=0.0):
    return ClipSource(path, offset_ms, drift_ppm, duration_ms, RATE, 1920, 1080, True, 0.0)


def source(name, *clips):
    return Source(f"as-{name}", "camera", 0.0, 0.0, 1.0, clips or (clip(f"/m/{name}.mov", 0.0, 60_000.0),))


@pytest.fixture
def edl():
    edges = (("c1", 0, 500, "A"), ("c2", 500, 1000, "B"), ("c3", 1000, 1500, "A"))
    cuts = tuple(Cut(*edge, "speaker", 0.9, ("said",)) for edge in edges)
    return CanonicalEDL("talk", "A", RATE, 1500, cuts, {name: source(name) for name in "AB"}, "angle-v2", 1)


@pytest.mark.parametrize("name", IMPORTS)
def test_a_cut_that_is_left_out_whole_before_one_of_the_same_camera_stays(edl, name):
    split = apply_edits(edl, [Split("c2", 600)], version=2)
    split = apply_edits(split, [Split(split.program[2].id, 700)], version=3)
    split = apply_edits(split, [Omit(600, 700)], version=4)
    back = import_back(split, name, export(split, name)[0].encode(), version=5)
    assert (back.same, back.changed, back.removed) == (True, (), ())


@pytest.mark.parametrize("name", IMPORTS)
def test_the_black_end_of_a_shot_behind_a_seam_is_as_it_was(edl, name):
    short = replace(edl, sources={**edl.sources, "B": source("B", clip("/m/B.mov", 0.0, 39_000.0))})  # off from frame 975
    short = apply_edits(short, [Omit(700, 980)], version=2)
    assert import_back(short, name, export(short, name)[0].encode(), version=3).same


@pytest.mark.parametrize(("end_ms", "starts"), [(20_000.0, 50), (18_090.0, 2)])
@pytest.mark.parametrize("drift_ppm", [0.0, 900.0])
def test_a_clip_that_begins_while_the_one_before_runs_keeps_its_place_in_fcpxml(edl, end_ms, starts, drift_ppm):
    """b2 begins at 18 s, below b1: what is seen of it at 20 s is its own second 2."""
    two = source("B", clip("/m/b1.mov", 0.0, end_ms), clip("/m/b2.mov", 18_000.0, 40_000.0, drift_ppm))
    angles = etree.fromstring(export(replace(edl, sources={**edl.sources, "B": two}), "fcpxml")[0].encode())
    first, second = angles.findall(".//mc-angle[@name='B']/asset-clip")

    def frames(name):
        over, _, under = second.get(name).removesuffix("s").partition("/")
        return int(over) * 25 / int(under or 1)

    assert (first.get("name"), second.get("name")) == ("b1", "b2")
    assert frames("offset") == 450 + starts
    assert frames("start") == starts
    whole = int(1000 / (1 - drift_ppm * 1e-6)) if drift_ppm else 1000
    assert frames("duration") == pytest.approx(whole - starts, abs=1)


@pytest.mark.parametrize("name", IMPORTS)
def test_a_shot_that_came_to_the_head_has_no_sound_to_lead(edl, name):
    """The first shot was deleted in the editing program, and the second, a J-cut, extended to the head."""
    led = apply_edits(edl, [OffsetPicture("c2", 12)], version=2)
    head = replace(led.program[1], start_frame=0, picture_offset_frames=0)
    edited = replace(led, program=(head, led.program[2]))
    back = import_back(led, name, export(edited, name)[0].encode(), version=3).edl
    assert [(c.id, c.start_frame, c.end_frame_exclusive, c.picture_offset_frames) for c in back.program] == [
        ("c2", 0, 1000, 0), ("c3", 1000, 1500, 0),
    ]  # fmt: skip
    assert validate_edl(back).ok


def test_an_edit_that_leaves_no_room_for_the_sound_names_what_helps(edl):
    led = apply_edits(edl, [OffsetPicture("c2", -50)], version=2)
    start = led.program[1].start_frame
    with pytest.raises(EditRefused) as refused:
        apply_edits(led, [Split("c2", start + 20)], version=3)
    assert "`pictureOffset` of cut c2, 0 frames" in refused.value.remedy
    free = apply_edits(led, [OffsetPicture("c2", 0), Split("c2", start + 70)], version=3)
    assert validate_edl(free).ok
