"""The short way to a digest gives the bytes of the canonical JSON, whatever the facts hold."""

from dataclasses import fields

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.state_facts import FormationState
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, digest_of, facts_of, no_facts
from ruach_studio.kernel.hashing import inputs_hash

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=8))
def test_the_digest_is_over_the_canonical_json(facts):
    assert digest_of(facts) == inputs_hash([REDUCER_VERSION, facts])


def test_no_facts_are_the_facts_of_an_empty_journal():
    assert no_facts() == facts_of(FormationState())
    assert [*no_facts(), "latest_event_at"] == [each.name for each in fields(FormationState)]
