"""A spliced EDL is whole: the fresh cuts inside the range, the old ones outside, no flash at the seams."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.edl import validate_edl
from ruach_studio.assembly.edl_splice import frames_of, splice
from ruach_studio.assembly.edl_wire import cut_to_wire
from ruach_studio.assembly.review import ApproveCut, LockCut, Split, apply_edits
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import canonical_json


def re_angled(edl, camera="W"):
    return replace(edl, program=tuple(replace(c, camera=camera, reasons=(f"fresh {c.id[:4]}",)) for c in edl.program))


def shown_at(edl, frame):
    return next(cut for cut in edl.program if cut.start_frame <= frame < cut.end_frame_exclusive)


def test_inside_is_fresh_and_outside_is_old(make_edl):
    base = make_edl(fps="30")
    spliced = splice(base, re_angled(base), 300, 900)
    assert validate_edl(spliced).ok
    for frame in range(0, base.duration_frames, 7):
        source = re_angled(base) if 300 <= frame < 900 else base
        assert shown_at(spliced, frame).camera == shown_at(source, frame).camera
    assert [c.start_frame for c in spliced.program] == [0, 210, 300, 447, 600, 900, 1239, 1650]
    assert spliced.program[-1].id == base.program[-1].id


def test_the_whole_range_is_the_fresh_one(make_edl):
    base = make_edl()
    assert splice(base, re_angled(base), 0, base.duration_frames).program == re_angled(base).program


def test_a_piece_too_short_to_see_goes_to_its_neighbour(make_edl):
    base = make_edl(fps="30")
    spliced = splice(base, re_angled(base), 230, 880)
    assert min(cut.frames for cut in spliced.program) >= 60
    assert shown_at(spliced, 215).camera == "W"


def test_an_operators_work_outside_makes_it_hybrid(make_edl):
    base = replace(make_edl(), source="operator", chapters=({"startMs": 0, "title": "x"},))
    spliced = splice(base, make_edl(), 300, 900)
    assert (spliced.source, spliced.chapters) == ("hybrid", base.chapters)


@pytest.mark.parametrize(("start", "end"), [(10, 10), (20, 10), (-1, 5), (0, 99999)])
def test_a_bad_range_is_refused(start, end, make_edl):
    with pytest.raises(ValueError, match=f"frames {start} to {end} of 1798"):
        splice(make_edl(), make_edl(), start, end)


@pytest.mark.parametrize(("from_ms", "to_ms"), [(500.0, 500.0), (600.0, 10.0), (-200.0, 500.0), (0.0, 61_000.0)])
def test_a_range_is_given_and_refused_in_milliseconds(from_ms, to_ms, make_edl):
    assert frames_of(make_edl(), 1001.0, 59_993.267) == (30, 1798)
    with pytest.raises(BadInput, match=f"{from_ms:g} to {to_ms:g} ms is no range .* within 0 and 59993 ms"):
        frames_of(make_edl(), from_ms, to_ms)


def test_another_length_is_refused(make_edl):
    with pytest.raises(BadInput, match="length or rate"):
        splice(make_edl(), make_edl(seconds=61.0), 0, 10)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 1797), length=st.integers(1, 1798))
def test_every_range_gives_a_whole_edl(start, length, make_edl):
    base = make_edl()
    spliced = splice(base, re_angled(base), start, min(start + length, base.duration_frames))
    assert validate_edl(spliced).ok


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 1797), length=st.integers(1, 1798), held=st.sets(st.integers(0, 5), max_size=3))
def test_what_lies_outside_or_is_locked_stays_to_the_byte(start, length, held, make_edl):
    base = make_edl()
    short = apply_edits(base, [Split(base.program[2].id, 470), Split(base.program[2].id, 460)], version=2)
    base = apply_edits(short, [LockCut(short.program[i].id) for i in held] or [ApproveCut(short.program[0].id)], version=3)
    end = min(start + length, base.duration_frames)
    spliced = splice(base, re_angled(make_edl()), start, end)
    after = {cut.id: canonical_json(cut_to_wire(cut, base.fps)) for cut in spliced.program}
    for cut in base.program:
        if cut.end_frame_exclusive <= start or cut.start_frame >= end or cut.locked:
            assert after[cut.id] == canonical_json(cut_to_wire(cut, base.fps))
    assert validate_edl(spliced).ok
