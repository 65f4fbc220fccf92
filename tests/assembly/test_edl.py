"""An EDL is gap-free on the master's frames, the same bytes each time, and comes back from the wire whole."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ruach_studio.assembly.angles import select_angles
from ruach_studio.assembly.edl import (
    BadEdl,
    build_edl,
    edl_bytes,
    from_wire,
    programme_of,
    sound_order,
    to_wire,
    validate_edl,
)
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.session import Camera, Clip, SessionSources
from ruach_studio.assembly.sync import Placement, SyncSolution
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.timebase import FrameRate


@pytest.mark.parametrize(("fps", "frames"), [("30000/1001", 1798), ("30", 1800), ("25", 1500), ("24000/1001", 1438)])
def test_cuts_abut_on_whole_frames_from_zero_to_the_masters_end(fps, frames, make_edl):
    edl = make_edl(fps=fps)
    assert edl.duration_frames == frames
    assert edl.program[0].start_frame == 0
    assert edl.program[-1].end_frame_exclusive == frames
    assert all(a.end_frame_exclusive == b.start_frame for a, b in pairwise(edl.program))
    assert edl.program[1].start_frame == edl.fps.frame_at(7.013)
    assert validate_edl(edl).ok


@pytest.mark.parametrize("fps", ["24000/1001", "25", "30000/1001", "60000/1001", "120"])
@pytest.mark.parametrize("frames", [1, 2, 301, 1799, 107892])
def test_a_duration_rounded_to_milliseconds_loses_no_frame(fps, frames):
    rate = FrameRate.parse(fps)
    exact = float(rate.seconds(frames))
    for told in (exact, round(exact, 3), math.floor(exact * 1000) / 1000, math.ceil(exact * 1000) / 1000):
        cameras = tuple(Camera(name, (Clip(f"/m/{name}.mp4", told, rate, 64, 36, True),)) for name in "AB")
        solution = SyncSolution("A", tuple(Placement(n, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for n in "AB"))
        assert programme_of(SessionSources(cameras), solution).duration_frames == frames


def test_a_recording_without_a_place_gives_the_programme_no_sound():
    clips = (Clip("/m/x.wav", 60.0, FrameRate.parse("30"), 64, 36, True),)
    sources = SessionSources((Camera("A", clips), Camera("B", clips), Camera("LAV", clips, role="audio")))
    places = {name: Placement(name, 0, 0.0, 0.0, 1.0, "looks-good", 0.0) for name in ("A", "B", "LAV")}
    assert sound_order(sources, SyncSolution("A", tuple(places.values()))) == ("LAV", "A", "B")
    places["LAV"] = replace(places["LAV"], confidence=0.1, classification="needs-manual-nudge")
    assert sound_order(sources, SyncSolution("A", tuple(places.values()))) == ("A", "B")


def test_cut_ids_are_the_uuid5_of_session_ruleset_and_start(make_edl):
    edl = make_edl()
    assert [cut.id for cut in edl.program] == [uuid5(f"s1:angle-v2:{cut.start_frame}") for cut in edl.program]
    assert edl.program[2].id == uuid5("s1:angle-v2:447")


def test_the_wire_is_what_the_specification_names(make_edl):
    wire = to_wire(make_edl(fps="30"))
    assert {
        key: wire[key] for key in ("schemaVersion", "sessionId", "masterCamera", "durationMs", "durationFrames", "fps")
    } == {
        "schemaVersion": "1.0",
        "sessionId": "s1",
        "masterCamera": "A",
        "durationMs": 60000,
        "durationFrames": 1800,
        "fps": "30/1",
    }
    assert (wire["status"], wire["source"], wire["version"], wire["parentVersion"]) == ("draft", "auto", 1, None)
    cut = wire["tracks"]["program"][1]
    assert (cut["startMs"], cut["endMs"], cut["startFrame"], cut["endFrameExclusive"]) == (7000.0, 14900.0, 210, 447)
    assert (cut["camera"], cut["reason"], cut["confidence"]) == ("B", "speaker", 0.9)
    assert wire["sources"]["B"]["offsetMs"] == 2500.0
    assert wire["sources"]["B"]["syncConfidence"] == 0.7
    assert [clip["offsetMs"] for clip in wire["sources"]["B"]["clips"]] == [2500.0, 32600.0]
    assert wire["metrics"] == {
        "cutCount": 6,
        "avgShotLenMs": 10000.0,
        "speakerSwitchCount": 4,
        "confidence": {"high": 4, "medium": 1, "low": 1},
    }


def test_the_mixer_beats_the_master_for_sound(make_edl):
    assert to_wire(make_edl())["audio"] == {"programme": "A", "fallback": ["W", "B"]}  # B has a hole
    assert to_wire(make_edl(audio=True))["audio"] == {"programme": "mix", "fallback": ["A", "W", "B"]}


def test_nothing_is_lost_on_the_wire_and_bytes_are_stable(make_edl):
    edl = make_edl(audio=True)
    edl = replace(
        edl, chapters=({"startMs": 0, "title": "Opening"},), program=(replace(edl.program[0], note="n"), *edl.program[1:])
    )
    again = from_wire(json.loads(edl_bytes(edl)))
    assert edl_bytes(again) == edl_bytes(edl)
    assert again.program == edl.program
    assert again.sources == edl.sources
    assert edl_bytes(make_edl()) == edl_bytes(make_edl())


def test_milliseconds_alone_are_read_onto_frames(make_edl):
    wire = json.loads(edl_bytes(make_edl()))
    for cut in wire["tracks"]["program"]:
        del cut["startFrame"], cut["endFrameExclusive"]
    assert from_wire(wire).program == make_edl().program


@pytest.mark.parametrize(
    ("spoil", "fact"),
    [
        (lambda w: w.pop("syncVersion"), "'syncVersion' is missing"),
        (lambda w: w.update(status="done"), "status is 'done'"),
        (lambda w: w["tracks"]["program"][0].pop("camera"), "'camera' is missing"),
        (lambda w: w.update(fps="x"), "wrong form"),
        (lambda w: w.update(sources=[]), "wrong form"),
    ],
)
def test_a_broken_edl_is_refused_by_name(spoil, fact, make_edl):
    wire = json.loads(edl_bytes(make_edl()))
    spoil(wire)
    with pytest.raises(BadEdl, match=fact):
        from_wire(wire)


def spoiled(edl, index=1, **change):
    program = list(edl.program)
    program[index] = replace(program[index], **change)
    return replace(edl, program=tuple(program))


def clip_spoiled(edl, name="B", **change):
    source = edl.sources[name]
    return replace(edl, sources={**edl.sources, name: replace(source, clips=(replace(source.clips[0], **change),))})


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        (lambda e: replace(e, schema_version="2.0"), {"schema-version"}),
        (lambda e: replace(e, program=()), {"empty-program"}),
        (lambda e: spoiled(e, camera="Q"), {"unknown-camera"}),
        (lambda e: spoiled(e, camera="mix"), {"no-picture"}),
        (lambda e: spoiled(e, id=e.program[0].id), {"duplicate-id"}),
        (lambda e: spoiled(e, 0, start_frame=-3), {"negative-start"}),
        (lambda e: spoiled(e, end_frame_exclusive=e.program[1].start_frame), {"end-before-start", "gap"}),
        (lambda e: spoiled(e, -1, end_frame_exclusive=9999), {"past-duration"}),
        (lambda e: spoiled(e, start_frame=e.program[1].start_frame - 1), {"overlap"}),
        (lambda e: spoiled(e, start_frame=e.program[1].start_frame + 1), {"gap"}),
        (lambda e: replace(e, sources={}), {"no-sources", "unknown-audio", "unknown-camera"}),
        (lambda e: replace(e, programme_audio="lost"), {"unknown-audio"}),
        (
            lambda e: replace(e, sources={**e.sources, "B": replace(e.sources["B"], offset_ms=math.nan)}),
            {"offset-not-a-number"},
        ),
        (lambda e: clip_spoiled(e, drift_ppm=-1e6), {"drift-range"}),
        (lambda e: clip_spoiled(e, duration_ms=-1.0), {"clip-length"}),
        (lambda e: clip_spoiled(e, duration_ms=math.nan), {"clip-length"}),
        (lambda e: replace(e, sources={**e.sources, "B": replace(e.sources["B"], asset_id="")}), {"missing-asset-id"}),
        (lambda e: replace(e, chapters=({"startMs": 60001, "title": "x"},)), {"chapter-range"}),
        (lambda e: replace(e, chapters=({"startMs": 1, "title": " "},)), {"chapter-untitled"}),
    ],
)
def test_every_error_is_found(spoil, codes, make_edl):
    report = validate_edl(spoil(make_edl(audio=True)))
    assert {issue.code for issue in report.errors} == codes
    assert not report.ok


def test_warnings(make_edl):
    edl = make_edl()
    codes = {issue.code for issue in validate_edl(edl).warnings}
    assert codes == set()
    short = spoiled(spoiled(edl, 0, end_frame_exclusive=50), 1, start_frame=50, end_frame_exclusive=90)
    short = spoiled(short, 2, start_frame=90)
    assert {"short-cut"} == {i.code for i in validate_edl(short).warnings if i.cut_id == short.program[0].id} | {"short-cut"}
    assert {i.code for i in validate_edl(short).warnings} >= {"short-cut", "not-recording"}  # B starts at 2.5 s
    only = replace(edl, program=(replace(edl.program[0], end_frame_exclusive=edl.duration_frames),))
    assert {i.code for i in validate_edl(only).warnings} == {"long-cut", "unused-camera"}
    swapped = replace(edl, chapters=({"startMs": 9, "title": "b"}, {"startMs": 1, "title": "a"}))
    assert {i.code for i in validate_edl(swapped).warnings} == {"chapter-order"}


def test_a_clip_that_was_not_placed_is_refused():
    rate = FrameRate.parse(30)
    cameras = tuple(Camera(name, (Clip(f"/m/{name}.mp4", 10.0, rate, 64, 36, True),)) for name in "AB")
    sources = SessionSources(cameras)
    solution = SyncSolution("A", (Placement("A", 0, 0.0, 0.0, 1.0, "looks-good", 0.0),))
    with pytest.raises(BadInput, match="without a place on the timeline"):
        build_edl("s", sources, solution, _flat(), programme=programme_of(sources, solution))


def _flat():
    return select_angles(EnergyMatrix(500, ("A", "B"), np.full((20, 2), -20.0, np.float32)), ruleset="angle-v1")
