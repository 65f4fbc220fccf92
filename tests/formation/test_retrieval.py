import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.retrieval import (
    MOST_QUERY_LETTERS,
    NOTHING,
    Asked,
    Candidate,
    checked_query,
    decide,
    rank_hits,
    within_budget,
)
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import canonical_json, inputs_hash

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
ASKED = Asked("ab" * 32, NOW, 10, ("hashing-v1", "cd" * 32), frozenset({"grace"}))


def order(*candidates, asked=ASKED):
    return [hit.key for hit in rank_hits(asked, candidates).hits]


def test_ranks_of_several_lists_add_up():
    ranking = rank_hits(ASKED, [
        Candidate("both", "library", {"text": 3, "meaning": 4}),
        Candidate("one", "library", {"text": 1}),
        Candidate("all", "library", {"text": 2, "meaning": 1, "title": 5}),
    ])  # fmt: skip
    scores = {hit.key: hit.score for hit in ranking.hits}
    assert scores == {
        "all": Fraction(1, 62) + Fraction(1, 61) + Fraction(1, 65), "both": Fraction(1, 63) + Fraction(1, 64),
        "one": Fraction(1, 61),
    }  # fmt: skip
    assert [hit.key for hit in ranking.hits] == ["all", "both", "one"]
    assert ranking.hits[2].reasons == ("full text rank 1: +1/61",)
    assert ranking.verdict.decision == "all, both, one"
    assert ranking.verdict.rules_version == "retrieval-v1"
    assert ranking.verdict.inputs_hash == inputs_hash(ranking.inputs)


def test_an_embedder_that_knows_less_counts_less():
    asked = Asked("", NOW, 5, meaning=Fraction(1, 2))
    (hit,) = rank_hits(asked, [Candidate("a", "library", {"text": 2, "meaning": 1})]).hits
    assert hit.score == Fraction(1, 62) + Fraction(1, 122)
    assert hit.reasons == ("full text rank 2: +1/62", "meaning rank 1: +1/122")


def test_history_multiplies_and_says_so():
    read = NOW - timedelta(days=3, hours=2)
    ranking = rank_hits(ASKED, [
        Candidate("a-done", "done", {"text": 1}, read_at=read),
        Candidate("b-open", "open", {"text": 4}, frozenset({"grace", "law"})),
        Candidate("c-begun", "started", {"text": 2}, read_at=NOW),
        Candidate("d-old", "open", {"text": 3}, read_at=NOW - timedelta(days=7)),
    ])  # fmt: skip
    hits = {hit.key: hit for hit in ranking.hits}
    assert hits["a-done"].score == Fraction(1, 61) * Fraction(1, 2) * Fraction(4, 5)
    assert hits["a-done"].reasons == ("full text rank 1: +1/61", "done already: ×1/2", "read 3 days ago: ×4/5")
    assert hits["b-open"].score == Fraction(1, 64) * Fraction(6, 5) * Fraction(11, 10)
    assert hits["b-open"].reasons[1:] == ("open, not done: ×6/5", "shares grace with your last reflection: ×11/10")
    assert hits["c-begun"].reasons[1:] == ("started, not finished: ×6/5", "read today: ×4/5")
    assert hits["d-old"].score == Fraction(1, 63) * Fraction(6, 5)  # seven days ago is no longer recent
    assert [hit.key for hit in ranking.hits] == ["b-open", "d-old", "c-begun", "a-done"]


def test_a_locked_hit_counts_by_its_title_alone_and_history_does_not_move_it():
    hit, = rank_hits(ASKED, [
        Candidate("shut", "locked", {"text": 1, "meaning": 1, "title": 2}, frozenset({"grace"}), NOW),
        Candidate("secret", "locked", {"text": 1, "meaning": 1}),
    ]).hits  # fmt: skip
    assert (hit.key, hit.locked, hit.score) == ("shut", True, Fraction(1, 62))
    assert hit.reasons == ("title rank 2: +1/62", "locked: found by its title, tags or description alone")


def test_what_stands_in_a_locked_text_leaves_no_trace_even_in_the_audit():
    title = Candidate("shut", "locked", {"title": 1})
    told = rank_hits(ASKED, [title, Candidate("secret", "locked", {"text": 1})])
    assert told == rank_hits(ASKED, [Candidate("shut", "locked", {"title": 1, "text": 7, "meaning": 2})])
    assert "secret" not in json.dumps(told.inputs)


def test_nothing_is_cut_off_by_score_only_by_the_limit():
    many = [Candidate(f"n{n:03d}", "library", {"text": n + 1}) for n in range(200)]
    assert len(rank_hits(Asked("", NOW, 200), many).hits) == 200
    assert order(*many, asked=Asked("", NOW, 3)) == ["n000", "n001", "n002"]


def test_an_empty_ranking_is_a_decision_with_a_reason_and_a_degraded_one_says_so():
    verdict = rank_hits(Asked("", NOW, 5, degraded=("full text only",)), []).verdict
    assert (verdict.decision, verdict.reasons) == (NOTHING, ("no list found anything", "degraded: full text only"))


def test_the_stored_inputs_decide_the_same_again():
    ranking = rank_hits(ASKED, [Candidate("a", "done", {"text": 1, "title": 2}, frozenset({"grace"}), NOW)])
    hits, verdict = decide(json.loads(canonical_json(ranking.inputs)))
    assert (hits, verdict) == (ranking.hits, ranking.verdict)


def test_a_naive_time_is_refused():
    with pytest.raises(BadInput):
        rank_hits(Asked("", NOW.replace(tzinfo=None), 5), [])


candidates = st.lists(
    st.builds(
        Candidate, st.text("abc", min_size=1, max_size=3), st.sampled_from(["done", "started", "open", "locked", "library"]),
        st.dictionaries(st.sampled_from(["text", "meaning", "title"]), st.integers(1, 50)),
        st.frozensets(st.sampled_from(["grace", "law"])), st.none() | st.datetimes(timezones=st.just(UTC)),
    ), max_size=8, unique_by=lambda each: each.key,
)  # fmt: skip


@given(candidates, st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_come_changes_nothing(given_candidates, dice):
    shuffled = list(given_candidates)
    dice.shuffle(shuffled)
    assert rank_hits(ASKED, shuffled) == rank_hits(ASKED, given_candidates)


@given(candidates)
def test_every_hit_has_reasons_and_a_locked_one_never_counts_its_text(given_candidates):
    ranking = rank_hits(ASKED, given_candidates)
    state = {each.key: each.state for each in given_candidates}
    assert all(hit.reasons and 0 < hit.score <= Fraction(3, 61) * Fraction(66, 50) for hit in ranking.hits)
    for hit in ranking.hits:
        assert hit.locked == (state[hit.key] == "locked")
        assert not hit.locked or not any(reason.startswith(("full text", "meaning")) for reason in hit.reasons)
    assert [hit.score for hit in ranking.hits] == sorted((hit.score for hit in ranking.hits), reverse=True)


def test_a_query_is_cleaned_and_bounded():
    assert checked_query(" how\x00 to\n\npray\u2028\ud800?\ue000 ") == "how to pray ?"
    for wrong in ("", " \n\x00 ", "a" * (MOST_QUERY_LETTERS + 1)):
        with pytest.raises(BadInput):
            checked_query(wrong)


def test_a_budget_takes_what_fits_in_order():
    assert within_budget([100, 250, 80, 10, 5], 200) == (0, 2, 3, 4)
    assert within_budget([], 10) == within_budget([11], 10) == ()
