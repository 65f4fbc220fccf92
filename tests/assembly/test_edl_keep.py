"""Locked cuts survive whatever the rule says anew; what is between them is whole, and nothing is squeezed in silence."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.edl import validate_edl
from ruach_studio.assembly.edl_keep import LockedCutLost, keep_locked
from ruach_studio.assembly.review import LockCut, ReAngle, Split, Trim, apply_edits
from ruach_studio.kernel.timebase import FrameRate


def rerun(edl, edges, camera="AB"):
    """Return what another run of the rule made: cuts at `edges`, cameras in turn, ids of their own."""
    starts = [0, *edges]
    ends = [*edges, edl.duration_frames]
    cuts = tuple(
        replace(edl.program[0], id=f"fresh-{start}", start_frame=start, end_frame_exclusive=end, camera=camera[i % 2],
                reasons=(f"fresh at {start}",), locked=False)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    )  # fmt: skip
    return replace(edl, program=cuts)


def locked(edl, *which):
    return apply_edits(edl, [LockCut(edl.program[i].id) for i in which], version=2)


def test_without_a_lock_the_fresh_one_stands(make_edl):
    base = make_edl(fps="30")
    fresh = rerun(base, [300, 600])
    assert keep_locked(fresh, base) is fresh


def test_a_locked_cut_keeps_camera_times_and_id_and_the_rule_fills_the_rest(make_edl):
    base = locked(make_edl(fps="30"), 2)
    held = base.program[2]
    kept = keep_locked(rerun(base, [300, 900]), base)
    assert held in kept.program
    assert [(c.start_frame, c.end_frame_exclusive, c.camera) for c in kept.program] == [
        (0, 300, "A"), (300, 447, "B"), (447, 600, "W"), (600, 900, "B"), (900, 1800, "A"),
    ]  # fmt: skip
    assert len({c.id for c in kept.program}) == 5
    assert kept.source == "hybrid"
    assert validate_edl(kept).ok


def test_a_flash_beside_a_lock_goes_to_the_rules_next_cut(make_edl):
    base = locked(make_edl(fps="30"), 2)  # 447 to 600
    kept = keep_locked(rerun(base, [420, 620, 900]), base)
    assert [(c.start_frame, c.camera) for c in kept.program] == [(0, "A"), (447, "W"), (600, "A"), (900, "B")]
    assert "fresh at 620" in kept.program[2].reasons


def test_what_two_locks_squeeze_stays_and_says_so(make_edl):
    base = make_edl(fps="30")
    base = apply_edits(base, [Split(base.program[1].id, 400)], version=2)
    base = locked(base, 1, 3)  # 210 to 400 and 447 to 600
    kept = keep_locked(rerun(base, [410]), base)
    squeezed = kept.program[2]
    assert (squeezed.start_frame, squeezed.end_frame_exclusive, squeezed.camera) == (400, 447, "B")
    assert squeezed.reasons[-1] == "only 1.57 s are left between what must stay"
    assert [(i.code, i.cut_id) for i in validate_edl(kept).warnings if "short" in i.code] == [
        ("short-beside-lock", squeezed.id)
    ]


def test_a_short_cut_of_the_operators_own_between_locks_is_left_alone(make_edl):
    base = make_edl(fps="30")
    base = apply_edits(base, [Split(base.program[1].id, 400)], version=2)
    base = locked(base, 1, 3)
    assert keep_locked(base, base).program == base.program


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda e: replace(e, master_camera="B"), "Camera A, which is not the master any more"),
        (lambda e: replace(e, fps=FrameRate.parse(25)), "is not the master any more"),
        (lambda e: replace(e, sources={n: s for n, s in e.sources.items() if n != "W"}), "shows Camera W, which has no"),
        (lambda e: replace(e, duration_frames=500), "beyond the end"),
    ],
)
def test_a_lock_that_cannot_be_kept_is_named(change, fact, make_edl):
    base = locked(make_edl(fps="30"), 2)
    with pytest.raises(LockedCutLost, match=fact) as caught:
        keep_locked(change(rerun(base, [300])), base)
    assert (caught.value.status, caught.value.subject) == (409, base.program[2].id)
    assert "Unlock it in version 2" in caught.value.remedy


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sets(st.integers(0, 5), min_size=1, max_size=5),
    edges=st.sets(st.integers(1, 1799), max_size=12),
    trims=st.lists(st.tuples(st.integers(1, 5), st.integers(-40, 40)), max_size=3),
)
def test_any_locks_and_any_run_give_a_whole_programme(which, edges, trims, make_edl):
    base = make_edl(fps="30")
    for at, by in trims:
        if by and 0 < base.program[at].start_frame + by < base.duration_frames:
            base = apply_edits(base, [Trim(base.program[at].id, base.program[at].start_frame + by)], version=2)
    base = apply_edits(base, [ReAngle(base.program[5].id, "W")], version=2)
    base = locked(base, *which)
    fresh = rerun(base, sorted(edges))
    kept = keep_locked(fresh, base)
    assert validate_edl(kept).ok
    assert [c for c in kept.program if c.locked] == [c for c in base.program if c.locked]
    assert all(a.end_frame_exclusive == b.start_frame for a, b in pairwise(kept.program))
    own = {(c.start_frame, c.end_frame_exclusive) for c in fresh.program}
    warned = {i.cut_id for i in validate_edl(kept).warnings if i.code.startswith("short")}
    for cut in kept.program:
        if cut.frames < 60 and not cut.locked and (cut.start_frame, cut.end_frame_exclusive) not in own:
            assert cut.id in warned
