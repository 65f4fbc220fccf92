"""The canon: what an axiom must hold, which axioms a node may name, who may read one, and what a citation is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ruach_studio.formation.axioms import Axiom, axiom_faults, checked_axiom, cited_in, decide_reading, may_read
from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.state import FormationState
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def axiom(number=1, tier=1, phase="awakening", **more):
    name = f"axiom-{'abcdefgh'[number - 1]}"
    fields = {"title": f"Title {number}", "canon_level": "Core", "category": "God", "sensitivity": "Low"} | more
    return Axiom(name, number, definition="What it says.", tier=tier, unlock_phase=phase, **fields)


CANON = {each.axiom_id: each for each in (axiom(1, 1), axiom(2, 2), axiom(3, 3), axiom(4, 4), axiom(5, 1), axiom(6, 2))}


def faults(make_node, *letters, node_type=None):
    node = make_node("n", 1, axioms=tuple(f"axiom-{letter}" for letter in letters), node_type=node_type)
    return [fault.code for fault in axiom_faults([node], CANON)]


@pytest.mark.parametrize(("letters", "node_type", "codes"), [
    ("", "Warfare", []), ("a", None, []), ("abcd", None, []), ("abcde", None, ["too-many-axioms"]),
    ("bcd", "Healing", []), ("c", None, ["unanchored-axiom"]), ("cd", "Warfare", ["unanchored-axiom"]),
    ("b", "Warfare", ["axiom-tier"]), ("bc", "Warfare", ["axiom-tier"]), ("bac", "Warfare", []), ("b", "Formation", []),
    ("z", None, ["unknown-axiom"]), ("az", "Warfare", ["unknown-axiom"]),
    ("cz", None, ["unknown-axiom", "unanchored-axiom"]),
    ("aaaaaa", None, []),
])  # fmt: skip
def test_axioms_of_a_node(make_node, letters, node_type, codes):
    assert faults(make_node, *letters, node_type=node_type) == codes


def test_the_faults_name_node_axiom_and_remedy(make_node):
    node = make_node("n", 1, axioms=("axiom-z", "axiom-c"))
    unknown, unanchored = axiom_faults([node], CANON)
    assert str(unknown) == "'n' names 'axiom-z', which is no axiom. Write that axiom first, or take the name out."
    assert unanchored.fact == "'n' names axiom-c (tier 3) and none of tier 1 or 2"


@pytest.mark.parametrize(("field", "value", "subject"), [
    ("axiom_id", "Axiom-A", "axiomId"), ("axiom_id", "axiom-" + "a" * 60, "axiomId"), ("axiom_id", "axiom-a--b", "axiomId"),
    ("number", 0, "number"), ("number", 2, "number"), ("title", " ", "title"), ("title", "x" * 121, "title"),
    ("definition", "", "definition"), ("definition", "x" * 4001, "definition"), ("canon_level", "core", "canonLevel"),
    ("tier", 0, "tier"), ("tier", 5, "tier"), ("category", "Prayer", "category"), ("sensitivity", "low", "sensitivity"),
    ("unlock_phase", "foundation", "unlockPhase"), ("related", ("axiom-a",), "related"),
    ("related", ("axiom-z",), "related"),
    ("related", ("axiom-b", "axiom-b"), "related"),
])  # fmt: skip
def test_an_axiom_out_of_shape_is_refused_by_its_field(field, value, subject):
    with pytest.raises(BadInput) as refused:
        checked_axiom(replace(CANON["axiom-a"], **{field: value}), CANON)
    assert refused.value.subject == subject


def test_an_axiom_may_replace_its_older_form():
    newer = replace(CANON["axiom-a"], title="Another", related=("axiom-b", "axiom-d"))
    assert checked_axiom(newer, CANON) is newer


@pytest.mark.parametrize("rank", range(6))
@pytest.mark.parametrize("unlock", range(1, 6))
def test_an_axiom_opens_with_its_phase(rank, unlock):
    state = FormationState(covenant="formation_journey", phase_started=dict.fromkeys(PHASES[:rank], NOW))
    found = may_read(axiom(phase=PHASES[unlock - 1]), state)
    assert found.verdict.decision == ("granted" if max(rank, 1) >= unlock else "gated")
    assert (decide_reading(found.inputs), found.verdict.inputs_hash) == (found.verdict, inputs_hash(found.inputs))


def test_the_reasons_say_where_one_is():
    late = axiom(phase="commission")
    assert may_read(late, FormationState()).verdict.reasons == ("it opens with commission; you are in awakening",)
    read = FormationState(axioms_viewed={"axiom-a": NOW})
    assert may_read(late, read).verdict.reasons == ("read before; what was read stays open",)
    free = FormationState(covenant="resource_explorer")
    assert may_read(axiom(), free).verdict.decision == "granted"
    shut = "it opens with commission, which the formation_journey covenant leads to"
    assert may_read(late, free).verdict.reasons == (shut,)


GRACE = axiom(1, title="Grace")
WORD = axiom(2, title="Word of God")


@pytest.mark.parametrize(("text", "cited"), [
    ("I have come to see that grace is what I live by.", ("axiom-a",)),
    ("For me the Word of God, and GRACE, have become one thing.", ("axiom-a", "axiom-b")),
    ("Grace, grace, Word of God, grace.", ()),  # a list of terms
    ("Grace is sufficient and the word of God is near.", ()),  # nobody speaks
    ("I was disgraced and I said a word to the gods of it.", ()),  # neither stands there as a whole
    ("I wonder.\n\nGrace is enough.", ()),
    ("", ()),
])  # fmt: skip
def test_a_citation_is_the_whole_title_in_a_sentence_of_ones_own(text, cited):
    assert cited_in(text, (WORD, GRACE), {"axiom-a", "axiom-b"}) == cited


def test_only_what_was_read_can_be_cited():
    text = "For me the Word of God, and grace, have become one thing."
    assert cited_in(text, (WORD, GRACE), {"axiom-b"}) == ("axiom-b",)
    assert cited_in(text, (WORD, GRACE), ()) == ()
