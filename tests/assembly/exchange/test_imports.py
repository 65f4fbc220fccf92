"""What an editor changed comes back by name: moved, re-angled, split, joined; what cannot come back is refused."""

import json
from dataclasses import replace

import pytest

from ruach_studio.assembly.edl import EdlIsLocked, edl_bytes
from ruach_studio.assembly.exchange import IMPORT_MAX_BYTES, IMPORTS, BadReturn, export, import_back
from ruach_studio.assembly.exchange.imports import take_back
from ruach_studio.assembly.exchange.returned import Returned, Shot
from ruach_studio.kernel.errors import NotFound


@pytest.fixture
def edl(make_edl):
    """25 frames a second; cuts at frames 0 A, 175 B, 373 W, 500 A, 1032 B, 1375 A; 1500 in all."""
    edl = make_edl(fps="25", audio=True)
    return replace(edl, program=tuple(replace(cut, approved=True, note=f"note {cut.camera}") for cut in edl.program))


def shots(edl):
    return [Shot(cut.start_frame, cut.end_frame_exclusive, cut.camera) for cut in edl.program]


def back(edl, changed, title="FCPXML", **more):
    return take_back(edl, Returned(tuple(changed), **more), title=title, version=2)


def moved(edl, number, by):
    changed = shots(edl)
    changed[number - 1] = replace(changed[number - 1], end_frame_exclusive=changed[number - 1].end_frame_exclusive + by)
    changed[number] = replace(changed[number], start_frame=changed[number].start_frame + by)
    return changed


def test_a_moved_boundary_changes_both_its_cuts_and_no_other(edl):
    got = back(edl, moved(edl, 2, 12))
    before, after = got.edl.program[1], got.edl.program[2]
    assert before.reasons[0] == "came back from FCPXML: end moved by +12 frames"
    assert after.reasons[:2] == ("came back from FCPXML: start moved by +12 frames", edl.program[2].reasons[0])
    for new, old in ((before, edl.program[1]), (after, edl.program[2])):
        assert (new.id, new.camera, new.note) == (old.id, old.camera, old.note)
        assert (new.reason, new.confidence, new.approved) == ("operator", 1.0, False)
    assert [cut for cut in got.edl.program if cut.id not in got.changed] == [
        edl.program[0], *edl.program[3:],
    ]  # fmt: skip
    assert (got.edl.version, got.edl.parent_version, got.edl.source, got.edl.status) == (2, 1, "hybrid", "draft")
    assert got.removed == ()


def test_a_cut_moved_as_a_whole_says_so(edl):
    changed = moved(edl, 2, 12)
    changed[2] = replace(changed[2], end_frame_exclusive=changed[2].end_frame_exclusive + 12)
    changed[3] = replace(changed[3], start_frame=changed[3].start_frame + 12)
    assert back(edl, changed).edl.program[2].reasons[0] == "came back from FCPXML: moved by +12 frames"


def test_another_camera_keeps_id_and_what_the_rule_had_said(edl):
    changed = shots(edl)
    changed[2] = replace(changed[2], camera="B")
    [cut_id] = back(edl, changed).changed
    cut = back(edl, changed).edl.cut(cut_id)
    assert cut.id == edl.program[2].id
    assert cut.reasons == ("came back from FCPXML: Camera B instead of Camera W", *edl.program[2].reasons)


def test_a_new_cut_is_the_operators_and_a_deleted_one_is_named(edl):
    changed = shots(edl)
    changed[3:4] = [replace(changed[3], end_frame_exclusive=700), Shot(700, 800, "W"), replace(changed[3], start_frame=800)]
    got = back(edl, changed)
    first, wide, second = got.edl.program[3:6]
    assert (first.id, first.reasons[0]) == (edl.program[3].id, "came back from FCPXML: end moved by -332 frames") or (
        second.id == edl.program[3].id  # whichever part is the longer one goes on
    )
    assert wide.reasons == ("came back from FCPXML: a new cut to Camera W at 0:28",)
    assert len({cut.id for cut in got.edl.program}) == 8
    assert edl_bytes(back(edl, changed).edl) == edl_bytes(got.edl)
    joined = [shots(edl)[0], replace(shots(edl)[1], end_frame_exclusive=shots(edl)[3].start_frame), *shots(edl)[3:]]
    assert back(edl, joined).removed == (edl.program[2].id,)


def test_a_blade_through_one_camera_is_a_cut_but_not_where_its_file_ends(edl):
    """B's first file ends at frame 812, its second begins at 815: parts of one shot that meet there are one."""
    changed = shots(edl)
    changed[3:4] = [replace(changed[3], end_frame_exclusive=700), replace(changed[3], start_frame=700)]
    assert len(back(edl, changed).edl.program) == 7
    long = replace(edl, program=(replace(edl.program[0], camera="B", end_frame_exclusive=1500),))
    parts = [Shot(0, 63, None), Shot(63, 812, "B"), Shot(812, 815, None), Shot(815, 1500, "B")]
    assert back(long, parts).same


@pytest.mark.parametrize("state", ["draft", "in_review", "approved"])
def test_an_import_is_an_edit(edl, state):
    got = back(replace(edl, status=state), moved(edl, 1, 1))
    assert got.edl.status == ("draft" if state == "approved" else state)


def test_a_locked_edl_takes_nothing_back(edl):
    with pytest.raises(EdlIsLocked):
        back(replace(edl, status="locked"), moved(edl, 1, 1))


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda s: [s[0], *s[2:]], "198 frames before the shot at 0:14.9 show nothing"),
        (
            lambda s: [s[0], replace(s[1], start_frame=170), *s[2:]],
            "the shot at 0:06.8 starts 5 frames before the one before",
        ),
        (lambda s: s[:-1], "it lasts 1375 frames, the programme 1500"),
        (lambda s: s[1:], "its first shot starts at frame 175, not 0"),
        (lambda s: [], "it shows nothing"),
        (lambda s: [replace(s[0], camera=None), *s[1:]], "the shot at 0:00 is black"),
        (lambda s: [replace(s[0], camera="mix"), *s[1:]], "shows Camera mix, which has no picture"),
        (
            lambda s: [Shot(0, 50, "B"), replace(s[0], start_frame=50), *s[1:]],
            "Camera B was not recording from 0:00 to 0:02",
        ),
    ],
)
def test_what_covers_no_programme_is_refused_by_name(edl, change, fact):
    with pytest.raises(BadReturn, match=fact) as refusal:
        back(edl, change(shots(edl)))
    assert refusal.value.remedy
    assert refusal.value.status == 422


def test_too_long_no_text_and_no_way_back(edl):
    for content, fact in ((b" " * (IMPORT_MAX_BYTES + 1), "8388609 bytes"), (b"\xff\xfe<", "not text in UTF-8")):
        with pytest.raises(BadReturn, match=fact):
            import_back(edl, "fcpxml", content, version=2)
    for name in ("mlt", "aaf"):
        with pytest.raises(NotFound, match="no way back"):
            import_back(edl, name, b"", version=2)


@pytest.mark.parametrize("name", IMPORTS)
def test_another_rate_and_another_session_are_refused(edl, make_edl, name):
    text, _ = export(make_edl(fps="30"), name)
    with pytest.raises(BadReturn, match=r"frames per second|it lasts|is no time at"):
        import_back(edl, name, text.encode(), version=2)
    strange = {camera: replace(source, clips=tuple(replace(clip, path=f"/other/{camera}{n}.mxf")
               for n, clip in enumerate(source.clips))) for camera, source in edl.sources.items()}  # fmt: skip
    named = {f"Z{camera}": source for camera, source in strange.items()}
    program = tuple(replace(cut, camera=f"Z{cut.camera}") for cut in edl.program)
    other = replace(edl, session_id="s2", sources=named, program=program, master_camera="ZA", programme_audio=None)
    with pytest.raises(BadReturn, match="belongs to no camera of this session") as refusal:
        import_back(edl, name, export(other, name)[0].replace('"camera": "Z', '"camera": "Q').encode(), version=2)
    assert "A" in refusal.value.remedy


@pytest.mark.parametrize("name", IMPORTS)
@pytest.mark.parametrize("text", ["", "{", "[]", "<a/>", "<fcpxml/>", '{"OTIO_SCHEMA":"Timeline.1"}', "TITLE: x\n"])
def test_what_is_something_else_is_refused_in_words(edl, name, text):
    with pytest.raises(BadReturn) as refusal:
        import_back(edl, name, text.encode(), version=2)
    assert refusal.value.remedy


def test_chapters_come_back_and_those_that_stayed_keep_all_they_had(edl):
    edl = replace(edl, chapters=({"startMs": 1001.0, "title": "One", "kind": "talk"}, {"startMs": 20_000, "title": "Two"}))
    for name in ("fcpxml", "otio"):
        text, _ = export(edl, name)
        got = import_back(edl, name, text.replace("Two", "Zwei").encode(), version=2)
        assert got.chapters_changed
        assert got.changed == ()
        assert got.edl.chapters == (edl.chapters[0], {"startMs": 20_000.0, "title": "Zwei"})
    assert json.loads(edl_bytes(got.edl))["tracks"]["chapters"][0]["kind"] == "talk"


def test_a_locked_cut_that_came_back_changed_or_not_at_all_is_refused(edl):
    locked = replace(edl, program=tuple(replace(cut, locked=cut.start_frame == 500) for cut in edl.program))
    for number in (3, 4):
        with pytest.raises(BadReturn, match=r"Camera A at 0:20 is locked") as caught:
            back(locked, moved(locked, number, 5))
        assert "Unlock it" in caught.value.remedy
    swallowed = shots(locked)
    swallowed[2:4] = [replace(swallowed[2], end_frame_exclusive=1032)]
    with pytest.raises(BadReturn, match="is locked"):
        back(locked, swallowed)
    assert back(locked, moved(locked, 1, 5)).edl.program[3] == locked.program[3]
