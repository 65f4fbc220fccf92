"""Gaps follow from counted facts, step by step."""

from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.gaps import gaps_of
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.state import FormationState

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def ago(days):
    return NOW - timedelta(days=days)


def canon(*counts):
    """As many axioms of each phase as `counts` says."""
    phases = [phase for phase, count in zip(("awakening", "separation"), counts, strict=False) for _ in range(count)]
    axioms = [Axiom(f"axiom-{n}", n, f"T{n}", "d", "Core", 1, "God", "Low", phase) for n, phase in enumerate(phases, 1)]
    return {axiom.axiom_id: axiom for axiom in axioms}


def told(state, axioms=None, graph=None):
    return [(gap.key, gap.severity) for gap in gaps_of(state, graph or Graph(1, ()), axioms or {}, NOW)]


@pytest.mark.parametrize(("count", "read", "severity"), [
    (1, 0, "moderate"), (1, 1, None), (2, 0, "critical"), (2, 1, "moderate"), (5, 0, "critical"), (5, 1, "moderate"),
    (5, 2, "moderate"), (5, 3, "minor"), (5, 4, "minor"), (5, 5, None), (0, 0, None),
])  # fmt: skip
def test_theological(count, read, severity):
    state = FormationState(phase_started={"awakening": ago(7)}, axioms_viewed={f"axiom-{n + 1}": NOW for n in range(read)})
    assert told(state, canon(count)) == ([("theological/awakening", severity)] if severity else [])


def test_theological_waits_for_seven_days_or_the_end_of_the_phase():
    assert told(FormationState(phase_started={"awakening": ago(6.9)}), canon(1)) == []
    done = FormationState(phase_started={"awakening": ago(6.9)}, phase_completed={"awakening": NOW})
    assert told(done, canon(1)) == [("theological/awakening", "moderate")]
    both = FormationState(phase_started={"awakening": ago(30), "separation": ago(8)})
    assert told(both, canon(2, 1)) == [("theological/awakening", "critical"), ("theological/separation", "moderate")]


@pytest.mark.parametrize(("failed", "severity"), [
    (1, None), (2, "minor"), (3, "moderate"), (4, "moderate"), (5, "critical"), (9, "critical"),
])  # fmt: skip
def test_practical(make_node, failed, severity):
    graph = Graph(1, (make_node("s", 1), make_node("c", 2, kind="checkpoint", prerequisites=("s",))))
    state = FormationState(checkpoint_failures={"c": failed}, checkpoint_failed_at={"c": NOW})
    assert told(state, graph=graph) == ([("practical/c", severity)] if severity else [])
    passed = FormationState(
        checkpoint_failures={"c": failed}, checkpoint_failed_at={"c": NOW}, checkpoints_passed={"c": NOW}
    )
    assert told(passed, graph=graph) == []


def test_practical_follows_a_migration_and_says_where_to_go_back(make_node):
    graph = Graph(1, (make_node("s", 1), make_node("new", 2, kind="checkpoint", prerequisites=("s",))))
    facts = {"checkpoint_failures": {"old": 1, "new": 1}, "checkpoint_failed_at": {"old": NOW, "new": NOW}}
    state = FormationState(carried={"old": ("new",)}, **facts)
    (gap,) = gaps_of(state, graph, {}, NOW)
    assert (gap.area, gap.severity, gap.reason) == ("new", "minor", "NEW failed 2 times, not passed")
    assert gap.recommendation == "Go back to S, then try again."


@pytest.mark.parametrize(("days", "severity"), [
    (13.9, None), (14, "minor"), (29.9, "minor"), (30, "moderate"), (59.9, "moderate"), (60, "critical"),
])  # fmt: skip
def test_relational(make_node, days, severity):
    graph = Graph(1, (make_node("h", 1, 2, scope="Household"), make_node("h2", 2, 2, scope="Household")))
    state = FormationState(unlocked={"h": ago(days), "h2": ago(1)})
    assert told(state, graph=graph) == ([("relational/household", severity)] if severity else [])


def test_relational_counts_required_live_shared_work_that_was_never_begun(make_node):
    nodes = (
        make_node("e", 1, scope="Ecclesia"), make_node("i", 2, scope="Individual"), make_node("p", 3),
        make_node("o", 4, scope="Ecclesia", required=False), make_node("d", 5, scope="Network", deprecated=True),
        make_node("b", 6, scope="Household"),
    )  # fmt: skip
    state = FormationState(unlocked=dict.fromkeys("eipodb", ago(40)), started={"b": ago(39)})
    (gap,) = gaps_of(state, Graph(1, nodes), {}, NOW)
    assert (gap.key, gap.reason) == (
        "relational/ecclesia", "1 step of Ecclesia work open and not begun, for up to 40 days"
    )  # fmt: skip
    assert gap.recommendation == "Begin with E."
