"""Edits make a new EDL and keep it whole; the state and the source say what happened."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.edl import EdlIsLocked, EdlStateConflict, next_state, validate_edl
from ruach_studio.assembly.review import (
    Annotate,
    ApproveCut,
    CutNotFound,
    EditRefused,
    Join,
    ReAngle,
    Split,
    Trim,
    apply_edits,
    approve_high,
)


def test_re_angle_is_the_operators_and_keeps_what_the_rule_said(make_edl):
    edl = make_edl()
    cut = edl.program[1]
    edited = apply_edits(edl, [ReAngle(cut.id, "A")], version=2)
    new = edited.program[1]
    assert (new.camera, new.reason, new.confidence) == ("A", "operator", 1.0)
    assert new.reasons == ("the operator chose Camera A instead of Camera B", *cut.reasons)
    assert (edited.version, edited.parent_version, edited.source, edited.status) == (2, 1, "hybrid", "draft")
    assert edl.program[1] == cut


def test_split_trim_and_join_keep_the_programme_gap_free(make_edl):
    edl = make_edl()
    first, second = edl.program[0], edl.program[1]
    halves = apply_edits(edl, [Split(second.id, 300)], version=2)
    assert [(c.start_frame, c.end_frame_exclusive) for c in halves.program[1:3]] == [(210, 300), (300, 447)]
    assert halves.program[1].id == second.id
    assert halves.program[2].id != second.id
    moved = apply_edits(edl, [Trim(second.id, 190)], version=2)
    assert (moved.program[0].end_frame_exclusive, moved.program[1].start_frame) == (190, 190)
    assert "moved the start by -20 frames" in moved.program[1].reasons[0]
    joined = apply_edits(edl, [Join(second.id)], version=2)
    assert (joined.program[0].id, joined.program[0].end_frame_exclusive) == (first.id, 447)
    assert len(joined.program) == len(edl.program) - 1
    assert all(validate_edl(e).ok for e in (halves, moved, joined))


def test_splitting_twice_at_the_same_place_gives_another_id(make_edl):
    edl = make_edl()
    cut = edl.program[1]
    one = apply_edits(edl, [Split(cut.id, 300)], version=2)
    two = apply_edits(one, [Trim(one.program[2].id, 320), Split(one.program[1].id, 300)], version=3)
    assert len({c.id for c in two.program}) == len(two.program)


def test_an_approval_or_a_note_is_no_re_cut(make_edl):
    edl = replace(make_edl(), status="in_review")
    edited = apply_edits(edl, [*approve_high(edl), Annotate(edl.program[4].id, "check her hands")], version=2)
    assert [c.approved for c in edited.program] == [True, True, True, False, False, True]
    assert (edited.program[4].note, edited.source, edited.status) == ("check her hands", "auto", "in_review")
    assert edited.program[0].reasons == edl.program[0].reasons


@pytest.mark.parametrize(("status", "after"), [("draft", "draft"), ("in_review", "in_review"), ("approved", "draft")])
def test_an_edit_takes_an_approval_back(status, after, make_edl):
    edl = replace(make_edl(), status=status)
    assert apply_edits(edl, [Join(edl.program[1].id)], version=2).status == after


def test_locked_refuses_every_edit(make_edl):
    edl = replace(make_edl(), status="locked")
    for edit in (Join(edl.program[1].id), ApproveCut(edl.program[1].id)):
        with pytest.raises(EdlIsLocked) as caught:
            apply_edits(edl, [edit], version=2)
        assert (caught.value.status, caught.value.code) == (409, "edl_locked")


@pytest.mark.parametrize(
    ("make", "error", "fact"),
    [
        (lambda e: ReAngle("nope", "A"), CutNotFound, "no such cut"),
        (lambda e: ReAngle(e.program[0].id, "Q"), EditRefused, "no picture"),
        (lambda e: ReAngle(e.program[0].id, "mix"), EditRefused, "no picture"),
        (lambda e: ReAngle(e.program[0].id, "A"), EditRefused, "shows Camera A already"),
        (lambda e: Split(e.program[1].id, 210), EditRefused, "not inside"),
        (lambda e: Split(e.program[1].id, 447), EditRefused, "not inside"),
        (lambda e: Trim(e.program[0].id, 5), EditRefused, "first cut"),
        (lambda e: Trim(e.program[1].id, 0), EditRefused, "swallow"),
        (lambda e: Trim(e.program[1].id, 447), EditRefused, "swallow"),
        (lambda e: Join(e.program[0].id), EditRefused, "before the first"),
        (lambda e: Annotate(e.program[0].id, "x" * 2001), EditRefused, "2001 characters"),
    ],
)
def test_what_cannot_be_done_names_its_remedy(make, error, fact, make_edl):
    edl = make_edl(audio=True)
    with pytest.raises(error, match=fact) as caught:
        apply_edits(edl, [make(edl)], version=2)
    assert caught.value.remedy


def test_a_camera_that_was_not_recording_cannot_be_chosen(make_edl):
    edl = make_edl()
    cut = apply_edits(edl, [Split(edl.program[0].id, 60)], version=2).program[0]
    halved = apply_edits(edl, [Split(edl.program[0].id, 60)], version=2)
    with pytest.raises(EditRefused, match="was not recording from 0:00 to 0:02"):
        apply_edits(halved, [ReAngle(cut.id, "B")], version=3)


def test_all_edits_or_none(make_edl):
    edl = make_edl()
    with pytest.raises(EditRefused):
        apply_edits(edl, [Join(edl.program[1].id), Join(edl.program[0].id)], version=2)
    with pytest.raises(EditRefused, match="no edit"):
        apply_edits(edl, [], version=2)


def test_the_lifecycle_is_draft_in_review_approved_locked():
    assert [next_state("draft", "submit"), next_state("in_review", "approve"), next_state("approved", "lock")] == [
        "in_review",
        "approved",
        "locked",
    ]
    for state, action in [("draft", "lock"), ("draft", "approve"), ("in_review", "lock"), ("approved", "approve")]:
        with pytest.raises(EdlStateConflict) as caught:
            next_state(state, action)
        assert caught.value.status == 409
        assert caught.value.remedy
    for action in ("submit", "withdraw", "approve", "lock", "edit"):
        with pytest.raises(EdlIsLocked):
            next_state("locked", action)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from("rstj"), st.integers(0, 30), st.integers(0, 1798)), max_size=12))
def test_no_sequence_of_edits_breaks_the_programme(steps, make_edl):
    edl = make_edl()
    for version, (kind, at, frame) in enumerate(steps, 2):
        cut = edl.program[at % len(edl.program)]
        edit = {
            "r": ReAngle(cut.id, "AW"[frame % 2]),
            "s": Split(cut.id, frame),
            "t": Trim(cut.id, frame),
            "j": Join(cut.id),
        }[kind]
        try:
            edl = apply_edits(edl, [edit], version=version)
        except EditRefused:
            continue
        assert validate_edl(edl).ok
        assert edl.parent_version is not None
