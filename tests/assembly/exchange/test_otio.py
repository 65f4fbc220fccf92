"""OpenTimelineIO: the programme plays, every angle and sound is there and disabled, markers and metadata lose nothing."""

import json
from dataclasses import replace

import pytest

from ruach_studio.assembly.edl import from_wire, to_wire
from ruach_studio.assembly.exchange import BadReturn, export, import_back


@pytest.fixture(params=["30000/1001", "25", "60000/1001"])
def edl(request, make_edl):
    chapters = ({"startMs": 21_000, "title": "The call", "kind": "x"},)
    edl = make_edl(fps=request.param, audio=True)
    noted = replace(edl.program[1], note="soft", approved=True)
    return replace(edl, chapters=chapters, program=(edl.program[0], noted, *edl.program[2:]))


def parse(edl):
    text, losses = export(edl, "otio")
    timeline = json.loads(text)
    return timeline, {track["name"]: track for track in timeline["tracks"]["children"]}, losses


def frames(item):
    return round(item["source_range"]["duration"]["value"])


def test_tracks_are_whole_and_only_the_programme_is_on(edl):
    timeline, tracks, _ = parse(edl)
    assert list(tracks) == [
        "Programme", "Angle A", "Angle B", "Angle W", "Programme sound", "Sound A", "Sound B", "Sound W",
    ]  # fmt: skip
    for name, track in tracks.items():
        assert track["kind"] == ("Audio" if "ound" in name else "Video")
        assert sum(frames(item) for item in track["children"]) == edl.duration_frames
        clips = [item for item in track["children"] if item["OTIO_SCHEMA"] == "Clip.2"]
        assert {clip["enabled"] for clip in clips} == {name.startswith("Programme")}
    assert timeline["global_start_time"]["value"] == {30: 107_892.0, 25: 90_000.0, 60: 215_784.0}[edl.fps.nominal]
    assert timeline["global_start_time"]["rate"] == float(edl.fps.value)


def test_a_clip_names_its_file_and_the_place_in_it(edl):
    _, tracks, _ = parse(edl)
    second = tracks["Programme"]["children"][1]
    reference = second["media_references"]["DEFAULT_MEDIA"]
    assert reference["target_url"] == "file:///m/b%201.mp4"
    local_s = (float(edl.fps.seconds(edl.program[1].start_frame)) - 2.5) / (1 - 35e-6)
    assert second["source_range"]["start_time"]["value"] == pytest.approx(local_s * float(edl.fps.value), abs=0.51)


def test_markers_carry_confidence_and_reason(edl):
    timeline, tracks, _ = parse(edl)
    marks = [item["markers"] for item in tracks["Programme"]["children"] if item["markers"]]
    assert [mark["color"] for [mark] in marks] == ["GREEN", "GREEN", "GREEN", "YELLOW", "RED", "GREEN"]
    [mark] = marks[1]
    assert (mark["name"], mark["comment"]) == ("speaker 0.90 (high)", "8.2 dB lead & <more> at 7.0; note: soft")
    assert mark["metadata"]["ruach"]["cut"] == {
        "approved": True, "confidence": 0.9, "id": edl.program[1].id, "note": "soft", "reason": "speaker",
        "reasons": ["8.2 dB lead & <more> at 7.0"],
    }  # fmt: skip
    [chapter] = timeline["tracks"]["markers"]
    assert (chapter["name"], chapter["metadata"]["ruach"]["chapter"]) == ("The call", edl.chapters[0])


def test_nothing_of_the_edl_is_missing_from_the_metadata(edl):
    """The header at the timeline and the cuts at their markers make the very EDL again."""
    timeline, tracks, _ = parse(edl)
    header = dict(timeline["metadata"]["ruach"])
    wire = to_wire(edl)
    program, at = [], 0
    for item in tracks["Programme"]["children"]:
        if item["markers"]:
            program.append(item["markers"][0]["metadata"]["ruach"]["cut"] | {
                "camera": item["metadata"]["ruach"]["camera"], "startFrame": at, "endFrameExclusive": at,
            })  # fmt: skip
        at += frames(item)
        program[-1]["endFrameExclusive"] = at
    header["tracks"] = {name: header.pop(name) for name in list(wire["tracks"]) if name != "program"} | {"program": program}
    assert from_wire(header) == edl


def test_an_angle_that_was_enabled_is_shown(edl):
    """An editor cuts a stretch out of an angle's track and enables it: it lies over the programme."""
    timeline, tracks, _ = parse(edl)
    wide = tracks["Angle W"]["children"]
    [clip] = [item for item in wide if item["OTIO_SCHEMA"] == "Clip.2"]
    parts, lengths = [], (30, 60, edl.duration_frames - 90)
    for length in lengths:
        part = json.loads(json.dumps(clip))
        part["source_range"]["start_time"]["value"] += sum(frames(each) for each in parts)
        part["source_range"]["duration"]["value"] = float(length)
        parts.append(part)
    parts[1]["enabled"] = True
    tracks["Angle W"]["children"] = parts
    got = import_back(edl, "otio", json.dumps(timeline).encode(), version=2)
    shown = [(cut.camera, cut.start_frame, cut.end_frame_exclusive) for cut in got.edl.program[:3]]
    assert shown == [("A", 0, 30), ("W", 30, 90), ("A", 90, edl.program[0].end_frame_exclusive)]
    parts[1]["source_range"]["start_time"]["value"] += 2.0
    with pytest.raises(BadReturn, match=r"shows Camera W 2 frames late"):
        import_back(edl, "otio", json.dumps(timeline).encode(), version=2)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda item: item["media_references"]["DEFAULT_MEDIA"].update(target_url="file:///m/x.mp4") or
         item.update(metadata={}), "file:///m/x.mp4"),
        (lambda item: item.update(OTIO_SCHEMA="Stack.1"), "there is a Stack.1"),
        (lambda item: item.update(effects=[{"time_scalar": 2.0}]), "2 times its speed"),
        (lambda item: item.update(enabled=False), "is black"),
        (lambda item: item["source_range"]["duration"].update(rate=48.0), "48/1 frames per second"),
        (lambda item: item["source_range"]["duration"].update(value="x"), "wrong form"),
        (lambda item: item["source_range"]["duration"].update(value=1e400), "wrong form"),
    ],
)  # fmt: skip
def test_what_cannot_come_back_is_refused(edl, change, fact):
    timeline, tracks, _ = parse(edl)
    change(tracks["Programme"]["children"][1])
    with pytest.raises(BadReturn, match=fact):
        import_back(edl, "otio", json.dumps(timeline).encode(), version=2)


def test_it_says_what_it_rounds_and_is_the_same_each_time(edl):
    _, _, losses = parse(edl)
    assert [loss for loss in losses if "sync is rounded" in loss]
    assert not [loss for loss in losses if loss.startswith("not carried")]
    assert export(edl, "otio") == export(edl, "otio")
