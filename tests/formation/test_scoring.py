from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.scoring import compute_formation_score, longest_streak, ratio_words, span_words
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAYS = [date(2026, 3, 1) + timedelta(days=n) for n in range(40)]


def _node(name, ordinal, kind, **more):
    return Node(name, ordinal, "awakening", kind, name.upper(), f"content/{name}", **more)


GRAPH = Graph(
    3,
    (
        *(_node(f"s{n}", n, "section") for n in range(4)),
        *(_node(f"r{n}", 10 + n, "reflection") for n in range(2)),
        *(_node(f"c{n}", 20 + n, "checkpoint") for n in range(5)),
        _node("extra", 30, "section", required=False),
        _node("old", 31, "checkpoint", deprecated=True),
    ),
)


def _evidence(sections=(), qualities=None, passed=(), days=(), began=START):
    qualities = qualities or {}
    return Evidence(
        completed=dict.fromkeys((*sections, *qualities, *passed), START),
        reflection_quality=qualities,
        checkpoints_passed=frozenset(passed),
        active_days={"awakening": frozenset(DAYS[n] for n in days)},
        phase_started={"awakening": began} if began else {},
    )


def _score(evidence, *, graph=GRAPH, threshold_bp=0, days=8):
    return compute_formation_score(
        graph, evidence, "awakening", as_of=START + timedelta(days=days), threshold_bp=threshold_bp
    )


def test_the_five_factors_weigh_as_specified():
    evidence = _evidence(("s0", "s1", "s2"), {"r0": 800, "r1": 600}, ("c0", "c1"), (0, 1, 3, 9))
    score = _score(evidence, threshold_bp=7500)
    exact = 10_000 * (20 * Fraction(3, 4) + 25 * Fraction(1400, 2000) + 35 * Fraction(2, 5) + 10 * Fraction(4, 7)
                      + 10 * Fraction(3, 7)) / 100  # fmt: skip
    assert score.bp == int(exact) == 5650
    assert score.verdict.decision == "fail"
    assert score.verdict.rules_version == "score-v1"
    assert score.verdict.reasons == (
        "score 0.565 in awakening, threshold 0.75, 0.185 short",
        "sections completed 3 of 4 (20 %)",
        "reflection quality 1400 of 2000 over 2 prompts (25 %)",
        "checkpoint passages 2 of 5 (35 %)",
        "time in phase 4 of 7 active days (10 %)",
        "engagement streak 3 of 7 days (10 %)",
        "minimum of 7 days in awakening: passed",
    )
    assert score.verdict.inputs_hash == inputs_hash(score.inputs)


def test_the_floor_is_taken_once():
    # 20/3 + 10/7 + 10/7 of 40: floors of the parts would lose a basis point each
    graph = Graph(1, tuple(_node(f"s{n}", n, "section") for n in range(3)))
    assert _score(_evidence(("s0",), days=(0,)), graph=graph).bp == 10_000 * (20 * 7 + 2 * 10 * 3) // 21 // 40 == 2380


def test_a_factor_that_the_phase_does_not_ask_for_is_dropped_and_named():
    graph = Graph(1, (_node("s0", 0, "section"),))
    score = _score(_evidence(("s0",), days=range(7)), graph=graph)
    assert score.bp == 10_000
    assert "checkpoint passages not counted: awakening asks for none (35 %)" in score.verdict.reasons
    assert [factor.of for factor in score.factors] == [1, 0, 0, 7, 7]


def test_optional_and_deprecated_nodes_do_not_count():
    assert _score(_evidence(("extra",), passed=("old",))).bp == 0
    assert _score(_evidence()).verdict.decision == "pass", "no threshold asked"


def test_the_threshold_is_reached_exactly():
    evidence = _evidence(("s0", "s1", "s2"), {"r0": 800, "r1": 600}, ("c0", "c1"), (0, 1, 3, 9))
    assert _score(evidence, threshold_bp=5650).verdict.decision == "pass"
    assert _score(evidence, threshold_bp=5651).verdict.decision == "fail"


def test_the_seven_days_are_told_and_never_bought():
    full = _evidence(("s0", "s1", "s2", "s3"), {"r0": 1000, "r1": 1000}, [f"c{n}" for n in range(5)], range(7))
    score = compute_formation_score(GRAPH, full, "awakening", as_of=START + timedelta(days=4, hours=20))
    assert score.bp == 10_000
    assert score.verdict.reasons[-1] == "minimum of 7 days in awakening: 2 days 4 hours to go"
    assert _score(_evidence(began=None)).verdict.reasons[-1] == "awakening has not begun; it lasts at least 7 days"


@pytest.mark.parametrize(
    ("evidence", "threshold_bp", "as_of"),
    [
        (_evidence(qualities={"r0": 7300}), 0, START),
        (_evidence(), 10_001, START),
        (_evidence(), 0, START.replace(tzinfo=None)),
    ],
)
def test_faults_of_scale_are_refused(evidence, threshold_bp, as_of):
    with pytest.raises(BadInput):
        compute_formation_score(GRAPH, evidence, "awakening", as_of=as_of, threshold_bp=threshold_bp)


@pytest.mark.parametrize(
    ("active", "streak"),
    [
        ((), 0),
        ((0, 1, 2), 3),
        ((0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14), 13),  # six days and a Sabbath, twice
        ((0, 1, 3, 4, 6, 7), 4),  # the second rest, three days after the first, breaks it
        ((0, 1, 4, 5, 6), 3),  # two days off break it
        ((0, 2, 4, 6), 2),
    ],
)
def test_streak_bridges_one_rest_in_seven(active, streak):
    assert longest_streak({DAYS[n] for n in active}) == streak


@given(st.sets(st.integers(0, 22)))
def test_streak_is_the_best_of_all_runs(active):
    best = 0
    for first in active:
        for last in active:
            idle = [n for n in range(first, last) if n not in active]
            if first <= last and all(b - a >= 7 for a, b in pairwise(idle)):
                best = max(best, sum(first <= n <= last for n in active))
    assert longest_streak({DAYS[n] for n in active}) == best
    assert longest_streak({DAYS[n] for n in active}, enough=7) == min(best, 7)


FACTS = st.one_of(
    st.tuples(st.just("section"), st.sampled_from(["s0", "s1", "s2", "s3", "extra", "gone"])),
    st.tuples(st.just("pass"), st.sampled_from(["c0", "c1", "c2", "c3", "c4", "old"])),
    st.tuples(st.sampled_from(["r0", "r1"]), st.integers(0, 1000)),
    st.tuples(st.just("day"), st.integers(0, 30)),
)


@given(st.lists(FACTS, max_size=40))
def test_the_score_never_falls_by_living_on(log):
    sections, qualities, passed, days = set(), {}, set(), set()
    before = 0
    for what, value in log:
        match what:
            case "section":
                sections.add(value)
            case "pass":
                passed.add(value)
            case "day":
                days.add(value)
            case prompt:
                qualities[prompt] = max(value, qualities.get(prompt, 0))
        now = _score(_evidence(tuple(sections), dict(qualities), tuple(passed), tuple(days))).bp
        assert before <= now <= 10_000
        before = now


def test_words_promise_nothing_too_early():
    assert span_words(timedelta(days=1, minutes=1)) == "1 day 1 hour"
    assert span_words(timedelta(hours=23, minutes=59, seconds=1)) == "1 day"
    assert span_words(timedelta(seconds=1)) == "1 minute"
    assert [ratio_words(bp) for bp in (0, 1, 6200, 7499, 10_000)] == ["0.00", "0.0001", "0.62", "0.7499", "1.00"]
