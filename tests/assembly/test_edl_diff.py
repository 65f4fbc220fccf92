"""A diff names what changed and nothing else; statistics are the numbers one would count by hand."""

from dataclasses import replace

from ruach_studio.assembly.edl_diff import diff
from ruach_studio.assembly.edl_stats import statistics
from ruach_studio.assembly.review import (
    Annotate,
    ApproveCut,
    Join,
    LockCut,
    OffsetPicture,
    ReAngle,
    Split,
    Trim,
    apply_edits,
)
from ruach_studio.kernel.timebase import FrameRate


def test_nothing_changed_is_an_empty_diff(make_edl):
    edl = make_edl()
    found = diff(edl, replace(edl, version=2, parent_version=1))
    assert found.same
    assert (found.from_version, found.to_version, found.changed_frames) == (1, 2, 0)


def test_each_kind_of_change_is_named(make_edl):
    edl = make_edl(fps="30")
    ids = [cut.id for cut in edl.program]
    after = apply_edits(
        edl,
        [ReAngle(ids[1], "A"), Split(ids[3], 700), Join(ids[5]), Trim(ids[2], 450), Annotate(ids[0], "n"), LockCut(ids[0])],
        version=2,
    )
    found = diff(edl, after)
    assert [cut.start_frame for cut in found.added] == [700]
    assert [cut.id for cut in found.removed] == [ids[5]]
    changed = {each.cut.id: [change.field for change in each.changes] for each in found.changed}
    assert changed == {
        ids[0]: ["note", "locked"],
        ids[1]: ["endMs", "endFrameExclusive", "camera", "reason", "confidence", "reasons"],
        ids[2]: ["startMs", "startFrame", "reasons"],
        ids[3]: ["endMs", "endFrameExclusive"],
        ids[4]: ["endMs", "endFrameExclusive", "reasons"],
    }
    camera = next(c for e in found.changed if e.cut.id == ids[1] for c in e.changes if c.field == "camera")
    assert (camera.before, camera.after) == ("B", "A")
    assert [(change.field, change.before, change.after) for change in found.header] == [("source", "auto", "hybrid")]
    assert found.changed_frames == (447 - 210) + 3 + (1800 - 1650)


def test_a_cut_named_anew_over_the_same_frames_is_the_same_cut(make_edl):
    edl = make_edl()
    renamed = replace(edl, program=(replace(edl.program[0], id="other"), *edl.program[1:]))
    found = diff(edl, renamed)
    assert (found.added, found.removed) == ((), ())
    assert [(c.field, c.after) for c in found.changed[0].changes] == [("id", "other")]


def test_the_rest_of_the_list_is_compared_too(make_edl):
    edl = make_edl()
    moved = replace(edl.sources["B"], offset_ms=1.0)
    sources = {**edl.sources, "B": moved}
    chapters = ({"startMs": 0, "title": "x"},)
    after = replace(edl, sources=sources, chapters=chapters, sync_version=2, fps=FrameRate.parse(25))
    assert [change.field for change in diff(edl, after).header] == ["syncVersion", "fps", "sources", "chapters"]
    assert diff(edl, after).changed_frames == edl.duration_frames
    omitted = replace(edl, omitted=({"startFrame": 1, "endFrameExclusive": 9},))
    assert [change.field for change in diff(edl, omitted).header] == ["omitted"]


def test_statistics_are_what_one_counts_by_hand(make_edl):
    edl = make_edl(fps="30")
    ids = [cut.id for cut in edl.program]
    numbers = statistics(apply_edits(edl, [ApproveCut(ids[0]), LockCut(ids[1]), LockCut(ids[2])], version=2))
    assert (numbers.cut_count, numbers.duration_s, numbers.average_shot_s) == (6, 60.0, 10.0)
    assert (numbers.median_shot_s, numbers.shortest_shot_s, numbers.longest_shot_s) == (7.45, 5.0, 21.3)
    assert (numbers.cuts_per_minute, numbers.speaker_switches, numbers.approved, numbers.locked) == (6.0, 4, 1, 2)
    assert {s.name: (s.cuts, s.seconds, s.share) for s in numbers.cameras} == {
        "A": (3, 33.3, 0.555), "B": (2, 21.6, 0.36), "W": (1, 5.1, 0.085),
    }  # fmt: skip
    assert {s.name: (s.cuts, s.share) for s in numbers.bands} == {
        "high": (4, 0.4167), "medium": (1, 0.355), "low": (1, 0.2283),
    }  # fmt: skip
    assert [(s.name, s.cuts) for s in numbers.reasons if s.cuts] == [("speaker", 5), ("wide", 1)]


def test_an_empty_programme_has_no_numbers(make_edl):
    numbers = statistics(replace(make_edl(), program=()))
    assert (numbers.cut_count, numbers.average_shot_s, numbers.median_shot_s, numbers.cuts_per_minute) == (0, 0.0, 0.0, 0.0)


def test_an_l_cut_is_seen_in_the_diff(make_edl):
    edl = make_edl(fps="30")
    after = apply_edits(edl, [OffsetPicture(edl.program[1].id, -6)], version=2)
    changes = {c.field: c.after for e in diff(edl, after).changed for c in e.changes if e.cut.id == edl.program[1].id}
    assert (changes["pictureOffsetFrames"], changes["startFrame"]) == (-6, 204)


def test_another_transcript_is_a_difference(make_edl):
    edl = make_edl()
    said = [replace(edl, transcript={"language": "en", "sha256": str(n), "segments": []}) for n in (1, 2)]
    for before, after in ((said[0], said[1]), (edl, said[0]), (said[0], edl)):
        found = diff(before, after)
        assert (found.same, [change.field for change in found.header]) == (False, ["transcript"])
    assert diff(said[0], said[0]).same
