"""Dwell is what the server saw: no beat, burst, replay or second tab makes more of it than passed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.dwell import MAX_SESSIONS, Beat, DwellState, accept

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(*beats, state=None):
    """(second, session, node, sequence) each -> final state, [(decision, credited seconds)]."""
    state, seen = state or DwellState(), []
    for second, session, node, sequence in beats:
        state, credited_s, verdict = accept(Beat(session, node, sequence), state, START + timedelta(seconds=second))
        seen.append((verdict.decision, credited_s))
    return state, seen


def test_a_beat_every_ten_seconds_counts_whole():
    state, seen = run(*((n * 10, "a", "s1", n) for n in range(19)))
    assert seen[0] == ("opened", 0.0)
    assert seen[1:] == [("credited", 10.0)] * 18
    assert state.dwell_s("s1") == 180


@pytest.mark.parametrize(("second", "sequence", "node", "expected"), [
    (8, 2, "s1", ("credited", 8.0)), (7.999, 2, "s1", ("too_soon", 0.0)), (15, 9, "s1", ("credited", 15.0)),
    (600, 2, "s1", ("credited", 15.0)), (3600, 2, "s1", ("credited", 15.0)), (3600.001, 2, "s1", ("opened", 0.0)),
    (10, 1, "s1", ("stale_sequence", 0.0)), (10, 0, "s1", ("stale_sequence", 0.0)), (10, 2, "s2", ("other_node", 0.0)),
    (-30, 2, "s1", ("too_soon", 0.0)),
])  # fmt: skip
def test_the_edges_of_the_second_beat(second, sequence, node, expected):
    first, _ = run((0, "a", "s1", 1))
    state, seen = run((second, "a", node, sequence), state=first)
    assert seen == [expected]
    if expected[0] not in ("credited", "opened"):
        assert state == first


def test_a_refused_burst_does_not_push_the_next_beat_away():
    _, seen = run((0, "a", "s1", 0), (1, "a", "s1", 1), (5, "a", "s1", 2), (8, "a", "s1", 3))
    assert [decision for decision, _ in seen] == ["opened", "too_soon", "too_soon", "credited"]
    assert seen[-1][1] == 8.0


def test_two_tabs_of_one_node_count_once():
    beats = sorted([(n * 10, "a", "s1", n) for n in range(13)] + [(n * 10 + 3, "b", "s1", n) for n in range(13)])
    state, seen = run(*beats)
    assert state.dwell_ms["s1"] == 123_000  # from 0 to 123 s, though both tabs beat throughout
    assert sum(credited_s for _, credited_s in seen) == pytest.approx(123)


def test_two_tabs_of_two_nodes_share_the_time():
    state, _ = run((0, "a", "s1", 0), (0, "b", "s2", 0), (10, "a", "s1", 1), (14, "b", "s2", 1))
    assert dict(state.dwell_ms) == {"s1": 10_000, "s2": 4_000}


def test_the_verdict_says_what_another_tab_counted():
    state, _ = run((0, "a", "s1", 0), (0, "b", "s1", 0), (10, "a", "s1", 1))
    _, credited_s, verdict = accept(Beat("b", "s1", 1), state, START + timedelta(seconds=12))
    assert credited_s == 2.0
    assert verdict.reasons == ("2.000 s credited of 12.000 s since the last beat (at most 15); 10.000 s were counted in another tab",)  # fmt: skip  # noqa: E501


def test_sessions_are_bounded():
    state, _ = run(*((n, f"tab{n:02}", "s1", 0) for n in range(40)))
    assert sorted(state.sessions) == [f"tab{n}" for n in range(40 - MAX_SESSIONS, 40)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90_000), st.sampled_from("abc"), st.sampled_from(("s1", "s2")), st.integers(0, 30)),
                max_size=60))  # fmt: skip
def test_no_more_is_credited_than_passed(rows):
    beats, now_ms = [], 0
    for step_ms, session, node, sequence in rows:
        now_ms += step_ms // 3
        beats.append((now_ms / 1000, session, node, sequence))
    state, seen = run(*beats)
    total_ms = sum(state.dwell_ms.values())
    assert total_ms <= now_ms
    assert total_ms == round(1000 * sum(credited_s for _, credited_s in seen))
    assert all(0 <= credited_s <= 15 for _, credited_s in seen)
    assert run(*beats)[0] == state
    ends = [edge for claim in state.claimed for edge in claim]
    assert ends == sorted(ends)
