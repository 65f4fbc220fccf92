"""Each warning, and the errors of J/L cuts, shorts and omitted stretches: found where they are, silent where not."""

import math
from dataclasses import replace

import pytest

from ruach_studio.assembly.edl import CanonicalEDL, ClipPiece, validate_edl
from ruach_studio.assembly.review import Split, apply_edits


def changed(edl, index, **values):
    program = list(edl.program)
    program[index] = replace(program[index], **values)
    return replace(edl, program=tuple(program))


def cut_into(edl, frames):
    """Return `edl` with its first cut split every `frames`."""
    edits = [Split(edl.program[0].id, at) for at in range(frames * (edl.program[0].frames // frames), 0, -frames)]
    return apply_edits(edl, edits, version=2)


def in_pieces(edl, *pieces):
    clip = replace(edl.sources["W"].clips[0], pieces=tuple(ClipPiece(*piece) for piece in pieces))
    return replace(edl, sources={**edl.sources, "W": replace(edl.sources["W"], clips=(clip,))})


def codes(issues):
    return {issue.code for issue in issues}


def test_a_sound_programme_has_neither(make_edl):
    assert validate_edl(make_edl(fps="30")) == validate_edl(changed(make_edl(fps="30"), 1, picture_offset_frames=-8))
    assert (validate_edl(make_edl()).errors, validate_edl(make_edl()).warnings) == ((), ())


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda e: cut_into(e, 59), "short-cut", "lasts 1.97 s (2 s wanted)"),
        (lambda e: replace(e, options={"maxShotLengthMs": 14000}), "long-cut", "lasts 21.3 s (14 s is the aim)"),
        (lambda e: changed(e, 0, camera="B"), "not-recording", "Camera B does not record for 2500 ms"),
        (lambda e: changed(e, 2, camera="A"), "unused-camera", "Camera W is never shown"),
        (lambda e: cut_into(e, 20), "busy", "cuts per minute"),
        (
            lambda e: replace(e, chapters=({"startMs": 9, "title": "b"}, {"startMs": 1, "title": "a"})),
            "chapter-order", "out of order",
        ),
        (
            lambda e: replace(e, omitted=({"startFrame": 30, "endFrameExclusive": 75, "reason": "silence"},)),
            "left-out", "1 stretches (1.5 s of 60.0 s) fall out of renders and exports",
        ),
        (
            lambda e: replace(e, omitted=({"startFrame": 199, "endFrameExclusive": 210, "reason": "silence"},)),
            "left-out", "1 stretches (0.4 s of 60.0 s)",
        ),
        (
            lambda e: replace(e, omitted=({"startFrame": 220, "endFrameExclusive": 600, "reason": "silence"},)),
            "flash", "of the cut at 0:07 10 frames are shown, the rest is left out",
        ),
        (lambda e: changed(e, 3, picture_offset_frames=60, start_frame=600), "", ""),
        (
            lambda e: changed(changed(e, 2, start_frame=560), 3, picture_offset_frames=45),
            "sound-before-neighbour", "begins before the cut before it",
        ),
    ],
)  # fmt: skip
def test_every_warning_is_found(spoil, code, words, make_edl):
    spoilt = spoil(make_edl(fps="30"))
    found = validate_edl(spoilt).warnings
    assert code in codes(found) if code else codes(found) == set()
    assert any(words in issue.message for issue in found) or not code
    assert code not in codes(validate_edl(make_edl(fps="30")).warnings)


def test_fifteen_cuts_a_minute_and_two_seconds_are_still_fine(make_edl):
    edl = make_edl(fps="30")
    assert "short-cut" not in codes(validate_edl(apply_edits(edl, [Split(edl.program[0].id, 60)], version=2)).warnings)
    nine = apply_edits(edl, [Split(edl.program[3].id, 600 + 60 * n) for n in range(9, 0, -1)], version=2)
    assert len(nine.program) == 15
    assert "busy" not in codes(validate_edl(nine).warnings)


def test_a_short_cut_beside_a_lock_says_that_the_lock_is_why(make_edl):
    edl = cut_into(make_edl(fps="30"), 50)
    held = changed(edl, 1, locked=True)
    found = {issue.cut_id: issue.code for issue in validate_edl(held).warnings if issue.code.startswith("short")}
    assert [found.get(cut.id) for cut in held.program[:4]] == [
        "short-beside-lock",
        "short-cut",
        "short-beside-lock",
        "short-cut",
    ]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda e: changed(e, 0, picture_offset_frames=-3), "picture-offset"),
        (lambda e: changed(e, 1, picture_offset_frames=61), "picture-offset"),
        (lambda e: changed(e, 1, picture_offset_frames=-61), "picture-offset"),
        (lambda e: changed(cut_into(e, 50), 1, picture_offset_frames=-50), "picture-offset"),
        (lambda e: replace(e, shorts=({"startMs": 0, "endMs": 60001},)), "short-range"),
        (lambda e: replace(e, shorts=({"startMs": 5, "endMs": 5},)), "short-range"),
        (lambda e: replace(e, shorts=({"startMs": 5},)), "short-range"),
        (lambda e: replace(e, omitted=({"startFrame": 0, "endFrameExclusive": 1801},)), "omitted-range"),
        (lambda e: replace(e, omitted=({"startFrame": 9, "endFrameExclusive": 9},)), "omitted-range"),
        (lambda e: replace(e, omitted=({"startFrame": 0, "endFrameExclusive": 1800},)), "all-omitted"),
        (lambda e: in_pieces(e, (1.0, 0.0)), "clip-pieces"),
        (lambda e: in_pieces(e, (0.0, 0.0), (9.0, 1.0), (9.0, 2.0)), "clip-pieces"),
        (lambda e: in_pieces(e, (0.0, 0.0), (70_000.0, 1.0)), "clip-pieces"),
        (lambda e: in_pieces(e, (0.0, math.nan)), "clip-pieces"),
        (
            lambda e: replace(
                e, omitted=({"startFrame": 9, "endFrameExclusive": 20}, {"startFrame": 19, "endFrameExclusive": 30})
            ),
            "omitted-range",
        ),
        (lambda e: replace(e, master_camera="Q"), "unknown-master"),
        (lambda e: replace(e, sources={**e.sources, "W": replace(e.sources["W"], clips=())}), "no-clips"),
        (lambda e: changed(e, 1, confidence=1.5), "confidence-range"),
        (lambda e: changed(e, 1, confidence=math.nan), "confidence-range"),
        (lambda e: replace(e, chapters=({"title": "x"},)), "chapter-range"),
        (lambda e: replace(e, chapters=({"startMs": -1, "title": "x"},)), "chapter-range"),
    ],
)
def test_every_further_error_is_found(spoil, code, make_edl):
    edl = make_edl(fps="30")
    assert validate_edl(edl).ok
    spoilt: CanonicalEDL = spoil(edl)
    assert codes(validate_edl(spoilt).errors) == {code}


def test_a_master_without_picture_is_an_error(make_edl):
    edl = replace(make_edl(audio=True), master_camera="mix")
    assert codes(validate_edl(edl).errors) == {"master-no-picture"}
