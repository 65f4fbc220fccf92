"""Guidebook words that do not exist, and scopes where they do not belong, are refused by name."""

import pytest

from ruach_studio.formation.graph import PHASES, Node
from ruach_studio.formation.graph_check import check_graph

SCOPES = ("Individual", "Household", "Ecclesia", "Network")


def node(phase="stewardship", **more):
    return Node("a", 1, phase, "checkpoint", "A", "c/a", **more)


def faults(phase="stewardship", **more):
    return check_graph([node(phase, **more)], previous=None).errors


@pytest.mark.parametrize(("phase", "allowed"), [*zip(PHASES, ("IE", "IHE", "IHE", "IEN", "IHEN"), strict=True)])
@pytest.mark.parametrize("scope", SCOPES)
def test_scopes_by_phase(phase, allowed, scope):
    codes = [fault.code for fault in faults(phase, scope=scope)]
    assert codes == ([] if scope[0] in allowed else ["scope-phase"])


@pytest.mark.parametrize(("kind", "allowed"), [
    ("Teaching", "IHEN"), ("Exercise", "IHE"), ("Confrontation", "I"), ("Reflection", "I"), ("Assessment", "I"),
])  # fmt: skip
@pytest.mark.parametrize("scope", SCOPES)
def test_scopes_by_checkpoint_type(kind, allowed, scope):
    codes = [fault.code for fault in faults(scope=scope, checkpoint_type=kind)]
    assert codes == ([] if scope[0] in allowed else ["scope-type"])


def test_a_node_without_a_scope_is_bound_by_neither():
    assert faults("awakening", checkpoint_type="Confrontation", node_type="Warfare", sensitivity="Critical") == ()


def test_the_fault_names_what_would_do():
    (fault,) = faults("awakening", scope="Household")
    assert fault.nodes == ("a",)
    assert str(fault) == (
        "'a' has the scope Household in awakening. In awakening choose Individual or Ecclesia, or move the node."
    )
    (fault,) = faults(scope="Network", checkpoint_type="Exercise")
    assert fault.remedy == "For Exercise choose Individual, Household or Ecclesia, or change the type."


def test_words_that_do_not_exist_are_named_each():
    found = faults(scope="household", node_type="Battle", checkpoint_type="Quiz", sensitivity="low")
    assert [fault.code for fault in found] == ["unknown-guidebook-word"] * 4
    assert str(found[1]) == (
        "'a' has the node type 'Battle', which is not one. Choose Awakening, Healing, Warfare, Formation or Commissioning, "
        "or none."
    )


def test_both_rules_are_named_at_once():
    assert [fault.code for fault in faults("awakening", scope="Network", checkpoint_type="Exercise")] == [
        "scope-phase", "scope-type",
    ]  # fmt: skip
