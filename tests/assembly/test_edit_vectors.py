"""Edits and what takes them back: the vectors that every implementation must reproduce, and any sequence undone whole."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.edit_wire import OPS, edit_from_wire, edit_to_wire
from ruach_studio.assembly.edits import EditRefused, Restore
from ruach_studio.assembly.edl import edl_bytes, from_wire, to_wire, validate_edl
from ruach_studio.assembly.review import (
    Annotate,
    ApproveCut,
    CutIsLocked,
    Join,
    Keep,
    LockCut,
    Move,
    OffsetPicture,
    Omit,
    ReAngle,
    Ripple,
    Split,
    Trim,
    apply_edits,
    invert_all,
    restoring,
    tracks_hash,
)
from ruach_studio.kernel.errors import RuachError

VECTORS = sorted((Path(__file__).parents[1] / "golden" / "edits").glob("*.json"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path):
    vector = json.loads(path.read_text())
    edl = from_wire(vector["edl"])
    edits = [edit_from_wire(edit, edl.fps) for edit in vector["edits"]]
    assert [edit_to_wire(edit, edl.fps) for edit in edits] == vector["edits"]
    if "refused" in vector:
        with pytest.raises(RuachError) as caught:
            apply_edits(edl, edits, version=2)
        assert {"code": caught.value.code, "subject": caught.value.subject} == vector["refused"]
        assert caught.value.remedy
        return
    after = apply_edits(edl, edits, version=2)
    assert (to_wire(after)["tracks"]["program"], after.source, after.status) == (
        vector["program"],
        vector["source"],
        vector["status"],
    )
    assert to_wire(after)["tracks"].get("omitted", []) == vector.get("omitted", to_wire(edl)["tracks"].get("omitted", []))
    inverse = [edit_from_wire(edit, edl.fps) for edit in vector["inverse"]]
    assert [edit_to_wire(edit, edl.fps) for edit in inverse] == vector["inverse"]
    back = apply_edits(after, inverse, version=3)
    assert (back.program, tracks_hash(back)) == (edl.program, tracks_hash(edl))


def test_there_is_a_vector_for_every_kind_of_edit():
    used = {edit["op"] for path in VECTORS for edit in json.loads(path.read_text())["edits"]}
    undone = {edit["op"] for path in VECTORS for edit in json.loads(path.read_text()).get("inverse", ())}
    assert used | undone == set(OPS)
    assert len(VECTORS) >= 25


def any_edit(edl, kind, at, frame, number):
    cut = edl.program[at % len(edl.program)]
    return {
        "reAngle": lambda: ReAngle(cut.id, "ABW"[number % 3]),
        "split": lambda: Split(cut.id, cut.start_frame + 1 + frame % max(cut.frames, 1)),
        "trim": lambda: Trim(cut.id, cut.start_frame + number),
        "ripple": lambda: Ripple(cut.id, number),
        "move": lambda: Move(cut.id, cut.start_frame + number),
        "join": lambda: Join(cut.id),
        "pictureOffset": lambda: OffsetPicture(cut.id, number),
        "approve": lambda: ApproveCut(cut.id, bool(number % 2)),
        "note": lambda: Annotate(cut.id, f"note {number}"),
        "lock": lambda: LockCut(cut.id, number % 3 != 0),
        "omit": lambda: Omit(frame, frame + number, f"because {number}"),
        "keep": lambda: Keep(next(iter(each["startFrame"] for each in edl.omitted[at % 3 :]), frame)),
    }[kind]()


steps = st.lists(
    st.tuples(
        st.sampled_from([op for op in OPS if op != "restore"]),
        st.integers(0, 30),
        st.integers(0, 1798),
        st.integers(-70, 70),
    ),
    max_size=14,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_undo_restores_the_very_same_programme(steps, make_edl):
    start = now = make_edl()
    done = []
    for kind, at, frame, number in steps:
        edit = any_edit(now, kind, at, frame, number)
        try:
            now = apply_edits(now, [edit], version=now.version + 1)
        except RuachError:
            continue
        assert validate_edl(now).ok
        done.append(edit)
    if not done:
        return
    assert apply_edits(start, done, version=2).program == now.program  # at once as one by one
    undone = apply_edits(now, invert_all(start, done), version=99)
    assert undone.program == start.program
    assert edl_bytes(replace(undone, version=1, parent_version=None, source="auto")) == edl_bytes(start)
    if (now.program, now.omitted) != (start.program, start.omitted):
        assert tracks_hash(apply_edits(now, restoring(now, start), version=99)) == tracks_hash(start)


def test_a_locked_cut_stands_until_it_is_released(make_edl):
    edl = make_edl()
    held = apply_edits(edl, [LockCut(edl.program[2].id)], version=2)
    assert (held.source, held.status, held.program[2].locked) == ("auto", "draft", True)
    cut = held.program[2]
    for edit in (
        ReAngle(cut.id, "A"), Split(cut.id, 500), Trim(cut.id, 440), Move(cut.id, 450), Join(cut.id), Ripple(cut.id, 2),
        OffsetPicture(cut.id, 3), Trim(held.program[3].id, 590), Move(held.program[1].id, 205), Join(held.program[3].id),
    ):  # fmt: skip
        with pytest.raises(CutIsLocked) as caught:
            apply_edits(held, [edit], version=3)
        assert (caught.value.status, caught.value.code) == (409, "cut_locked")
    allowed = [Annotate(cut.id, "good"), ApproveCut(cut.id), Trim(held.program[1].id, 200), Split(held.program[3].id, 700)]
    assert apply_edits(held, allowed, version=3).program[2].camera == "W"
    freed = apply_edits(held, [LockCut(cut.id, False), ReAngle(cut.id, "A")], version=3)
    assert freed.program[2].camera == "A"


def test_a_ripple_moves_all_that_follow_and_the_last_gives_the_frames(make_edl):
    edl = make_edl(fps="30")
    rippled = apply_edits(edl, [Ripple(edl.program[1].id, -10)], version=2)
    assert [cut.start_frame for cut in rippled.program] == [0, 200, 437, 590, 1229, 1640]
    assert rippled.program[-1].end_frame_exclusive == edl.duration_frames
    assert [c.frames for c in rippled.program[1:-1]] == [c.frames for c in edl.program[1:-1]]


def test_a_picture_that_leads_keeps_the_sound_where_it_was(make_edl):
    edl = make_edl(fps="30")
    led = apply_edits(edl, [OffsetPicture(edl.program[1].id, -12)], version=2).program
    assert (led[0].end_frame_exclusive, led[1].start_frame, led[1].sound_frame) == (198, 198, 210)
    lagged = apply_edits(edl, [OffsetPicture(edl.program[1].id, 12)], version=2).program
    assert (lagged[1].start_frame, lagged[1].sound_frame) == (222, 210)


@pytest.mark.parametrize("change", [{"start_frame": 5}, {"end_frame_exclusive": 446}, {"cuts": ()}])
def test_a_restore_that_does_not_fit_is_refused(change, make_edl):
    edl = make_edl()
    whole = Restore(0, edl.program[1].end_frame_exclusive, edl.program[:2])
    with pytest.raises(EditRefused, match="do not fit"):
        apply_edits(edl, [replace(whole, **change)], version=2)


FIT = {"op": "restore", "startFrame": 0, "endFrameExclusive": 9, "cuts": [{}]}


@pytest.mark.parametrize("wire", [{"op": "fly"}, {}, {"op": "trim", "cutId": "x"}, FIT])
def test_an_edit_that_cannot_be_read_is_refused(wire, make_edl):
    with pytest.raises(EditRefused):
        edit_from_wire(wire, make_edl().fps)
