"""Moving many members' facts at once gives what the plan of a migration gives each of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node
from ruach_studio.formation.impact_carry import carried, names_in
from ruach_studio.formation.impact_open import NEVER, members_of
from ruach_studio.formation.impact_rows import row_of_evidence
from ruach_studio.formation.migration import plan_migration
from ruach_studio.formation.migration_fate import usable_rules
from ruach_studio.formation.migration_map import Fate, rules_of
from ruach_studio.formation.state import evidence_of
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KINDS = ("section", "reflection", "checkpoint")
OLD = Graph(1, tuple(Node(f"{kind[0]}{i}", 3 * i + n + 1, "awakening", kind, "", "") for i in range(4)
                     for n, kind in enumerate(KINDS)))  # fmt: skip
BETWEEN = tuple(Node(f"m{kind[0]}{i}", 20 + 3 * i + n, "awakening", kind, "", "") for i in range(2)
                for n, kind in enumerate(KINDS))  # fmt: skip
NEWEST = tuple(Node(f"x{kind[0]}{i}", 30 + 3 * i + n, "awakening", kind, "", "") for i in range(2)
               for n, kind in enumerate(KINDS))  # fmt: skip


@st.composite
def fates(draw, sources, heirs):
    """Rename, split, merge or retire some nodes; now and then to one of another kind, which no rule may follow."""
    found, needs = {}, {}
    for node in sources:
        fitting = [heir.node_id for heir in heirs if heir.kind == node.kind or draw(st.integers(0, 9)) == 0]
        kind = draw(st.sampled_from(("same", "renamed", "split", "merge", "retired")))
        if kind in ("renamed", "merge") and fitting:
            to = draw(st.sampled_from(fitting))
            need = needs.setdefault(to, draw(st.sampled_from(("all", "any"))))
            found[node.node_id] = Fate(kind, (to,), need)
        elif kind == "split" and len(fitting) > 1:
            found[node.node_id] = Fate("split", tuple(fitting))
        elif kind == "retired":
            found[node.node_id] = Fate("retired")
    return found


@st.composite
def states(draw):
    def some(kind):
        named = [node.node_id for node in OLD.nodes if node.kind == kind and draw(st.booleans())]
        return {name: NOW - timedelta(hours=draw(st.integers(1, 500))) for name in named}

    sections, passed, prompts = some("section"), some("checkpoint"), some("reflection")
    reflections = {f"id-{name}": Reflection(name, name, 99, at, at.date(), "awakening") for name, at in prompts.items()}
    return FormationState(
        enrollment_id="e", user_id="7", path_id="ruach", graph_version=1, journal_version=9, latest_event_at=NOW,
        sections_completed=sections, checkpoints_passed=passed, reflections=reflections,
        assessed={name: Assessed(draw(st.integers(0, 1000))) for name in reflections if draw(st.integers(0, 4))},
        started={**sections, **passed, **prompts, **some("section")},
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_many_at_once_is_the_plan_of_each(data):
    new = Graph(3, (*OLD.nodes, *BETWEEN, *NEWEST))
    first, second = data.draw(fates(OLD.nodes, BETWEEN)), data.draw(fates((*BETWEEN, *OLD.nodes[:3]), NEWEST))
    rules = rules_of([first, second])
    members = data.draw(st.lists(states(), min_size=1, max_size=3))
    usable = usable_rules(rules, OLD, new, Evidence())
    ids = dict.fromkeys([*(node.node_id for node in new.nodes), *names_in(usable)])
    rows = [row_of_evidence(evidence_of(state, OLD), PHASES) for state in members]
    moved = carried(members_of(rows, list(ids)), usable)
    for place, state in enumerate(members):
        known = row_of_evidence(plan_migration(OLD, new, rules, state, as_of=NOW).evidence, PHASES)
        names = [node.node_id for node in new.nodes]
        done = {name: int(moved.done_at[place, moved.columns[name]]) for name in names}
        assert {name: at for name, at in done.items() if at < NEVER} == known.done
        assert {name for name in names if moved.passed[place, moved.columns[name]]} == set(known.passed)
        quality = {name: int(moved.quality[place, moved.columns[name]]) for name in names}
        assert {name: q for name, q in quality.items() if q} == {name: q for name, q in known.quality.items() if q}
        assert {name for name in names if moved.started[place, moved.columns[name]]} == set(known.started)


def test_without_rules_nothing_is_copied():
    members = members_of([row_of_evidence(Evidence(), ())], ["a"])
    assert carried(members, rules_of([])) is members
