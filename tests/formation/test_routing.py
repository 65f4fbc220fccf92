"""One scale, one table: what is recommended for a reflection, and why."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruach_studio.formation.routing import ROUTE_RULES, SOUNDNESS, route
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

ORDER = ("review", "journal", "thread", "publish")


def said(quality, soundness="sound", copied=False):
    return route(quality, is_regurgitation=copied, soundness=soundness).verdict


@pytest.mark.parametrize(("quality", "action", "words"), [
    (0, "review", "quality 0 of 1000, review is 0 to 299"), (299, "review", "quality 299 of 1000, review is 0 to 299"),
    (300, "journal", "quality 300 of 1000, journal is 300 to 499"),
    (499, "journal", "quality 499 of 1000, journal is 300 to 499"),
    (500, "thread", "quality 500 of 1000, thread is 500 to 699"),
    (699, "thread", "quality 699 of 1000, thread is 500 to 699"),
    (700, "publish", "quality 700 of 1000, publish is 700 to 1000"),
    (1000, "publish", "quality 1000 of 1000, publish is 700 to 1000"),
])  # fmt: skip
def test_bands(quality, action, words):
    verdict = said(quality)
    assert (verdict.decision, verdict.reasons) == (action, (words,))


def test_concern_and_copies_go_to_a_person_however_well_they_read():
    assert said(1000, "concerning", copied=True).reasons == ("its teaching is concerning: a person looks at it first",)
    assert said(1000, "sound", copied=True).decision == "review"
    assert said(1000, "sound", copied=True).reasons == ("half of the text or more is copied",)


def test_unclear_teaching_is_not_recommended_for_publishing():
    assert said(900, "unclear").decision == "thread"
    assert said(900, "unclear").reasons[1] == "its teaching is unclear, so it is not recommended for publishing"
    assert said(400, "unclear").decision == "journal"


@given(st.lists(st.integers(0, 1000), min_size=2).map(sorted), st.sampled_from(("sound", "unclear")))
def test_better_never_ranks_lower(qualities, soundness):
    for worse, better in pairwise(qualities):
        assert ORDER.index(said(worse, soundness).decision) <= ORDER.index(said(better, soundness).decision)


@given(st.integers(0, 1000), st.booleans(), st.sampled_from(SOUNDNESS))
def test_the_same_inputs_give_the_same_hash(quality, copied, soundness):
    found = route(quality, is_regurgitation=copied, soundness=soundness)
    assert found.verdict.inputs_hash == inputs_hash(found.inputs)
    assert found.verdict.rules_version == ROUTE_RULES


@pytest.mark.parametrize(("quality", "soundness"), [(-1, "sound"), (1001, "sound"), (500, "fine")])
def test_what_is_out_of_range_is_refused(quality, soundness):
    with pytest.raises(BadInput):
        said(quality, soundness)
