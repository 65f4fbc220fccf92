"""All pairs solved together: exact on consistent pairs, closed around loops, and the pair that lies is found and named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.assembly.sync_graph import Edge, solve
from ruach_studio.assembly.sync_pair import PairMatch

LENGTH_S = 600.0


def edge(places, query, reference, *, off_ms=0.0, confidence=1.0, residual_ms=0.7, known=True):
    """Return the pair as it would be measured, `off_ms` wrong."""
    (query_s, query_ppm), (reference_s, reference_ppm) = places[query], places[reference]
    scale = 1 + reference_ppm * 1e-6
    slope = (1 + query_ppm * 1e-6) / scale - 1
    pair = PairMatch(
        (query_s - reference_s) / scale + off_ms / 1e3, slope * 1e6 if known else 0.0, confidence, residual_ms, 1.0, (),
        overlap_s=(0.0, LENGTH_S), drift_known=known, anchors=28,
    )  # fmt: skip
    return Edge(query, reference, pair, confidence=confidence)


A, B, C, D = ((name, 0) for name in "ABCD")
PLACES = {A: (0.0, 0.0), B: (12.345, 40.0), C: (-3.2, -65.0), D: (80.0, 12.0)}
RING = [(B, A), (C, A), (D, A), (C, B), (D, B), (D, C)]


@given(
    offsets=st.lists(st.floats(-600, 600), min_size=4, max_size=8),
    drifts=st.lists(st.floats(-200, 200), min_size=8, max_size=8),
)
@settings(max_examples=30, deadline=None)
def test_consistent_pairs_give_back_every_place(offsets, drifts):
    keys = [(f"cam{n}", 0) for n in range(len(offsets))]
    places = {key: (offsets[n], drifts[n]) for n, key in enumerate(keys)} | {keys[0]: (0.0, 0.0)}
    edges = [edge(places, keys[n], keys[n - 1]) for n in range(1, len(keys))]
    edges.append(edge(places, keys[-1], keys[0]))
    solved = solve(edges, keys[0])
    for key in keys:
        assert solved.places[key][0] == pytest.approx(places[key][0], abs=2e-4)
        assert solved.places[key][1] == pytest.approx(places[key][1], abs=0.5)
    assert (max(map(abs, solved.residuals_s)) < 1e-3, solved.left_out) == (True, {})


def test_small_errors_are_shared_so_that_loops_close():
    """A-B, B-C and C-A disagree by 6 ms in all: each pair gives 2 ms, none is left out."""
    edges = [edge(PLACES, B, A), edge(PLACES, C, B), edge(PLACES, C, A, off_ms=6.0)]
    solved = solve(edges, A)
    assert solved.left_out == {}
    assert [r * 1e3 for r in solved.residuals_s] == pytest.approx([-2.0, -2.0, 2.0], abs=0.1)


def test_the_surer_and_better_measured_pair_gives_less():
    edges = [edge(PLACES, B, A), edge(PLACES, C, B), edge(PLACES, C, A, off_ms=6.0, confidence=0.5)]
    solved = solve(edges, A)
    assert abs(solved.residuals_s[2]) > 1.5 * abs(solved.residuals_s[0])


@pytest.mark.parametrize("lying", range(6))
@pytest.mark.parametrize("off_ms", [40.0, -20_000.0])
def test_of_six_pairs_the_one_that_lies_is_left_out(lying, off_ms):
    edges = [edge(PLACES, q, r, off_ms=off_ms if n == lying else 0.0) for n, (q, r) in enumerate(RING)]
    solved = solve(edges, A)
    assert solved.left_out == {lying: "the other pairs agree without it"}
    assert solved.residuals_s[lying] * 1e3 == pytest.approx(off_ms, rel=0.001)
    for key, place in PLACES.items():
        assert solved.places[key] == pytest.approx(place, abs=1e-3)
    assert solved.doubtful == frozenset()


def test_of_three_pairs_the_unsure_one_is_left_out():
    edges = [edge(PLACES, B, A), edge(PLACES, C, B, off_ms=312.0, confidence=0.6), edge(PLACES, C, A)]
    solved = solve(edges, A)
    assert list(solved.left_out) == [1]
    assert "contradicts the other pairs by" in solved.left_out[1]
    assert solved.places[C] == pytest.approx(PLACES[C], abs=1e-3)
    assert solved.doubtful == frozenset()


def test_of_three_equally_sure_pairs_nobody_can_tell_and_that_is_said():
    edges = [edge(PLACES, B, A), edge(PLACES, C, B, off_ms=312.0), edge(PLACES, C, A)]
    solved = solve(edges, A)
    assert len(solved.left_out) == 1
    assert solved.doubtful == {B, C}


def test_a_short_clip_has_the_clock_of_its_recorder():
    """The second clip's pair cannot tell the drift; the first clip of the same recorder can."""
    second = ("B", 1)
    places = {**PLACES, second: (700.0, 40.0)}
    edges = [edge(places, B, A), edge(places, second, A, known=False)]
    assert solve(edges, A).places[second][1] == pytest.approx(40.0, abs=3.0)


def test_a_clip_that_follows_lies_where_the_one_before_ends():
    second = ("A", 1)
    places = {**PLACES, second: (600.0, 0.0)}
    edges = [Edge(second, A, None, 600.0, 0.5), edge(places, B, second)]
    solved = solve(edges, A)
    assert solved.places[second][0] == pytest.approx(600.0, abs=1e-6)
    assert solved.places[B][0] == pytest.approx(PLACES[B][0], abs=1e-3)
