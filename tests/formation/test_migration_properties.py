"""Over random paths, lives and mappings: finished work is never lost, evidence never shrinks, an open door never shuts."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.gating import Standing
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.migration import plan_migration
from ruach_studio.formation.migration_map import Fate, mapping_faults, rules_of
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.state import evidence_of, replay

from .conftest import START
from .test_migration import Log

LATER = START + timedelta(days=40)
KINDS = ("section", "reflection", "checkpoint")


def node_of(name, ordinal, phase, kind, prerequisites=(), gate=None):
    return Node(name, ordinal, PHASES[phase], kind, name, f"content/{name}", prerequisites=prerequisites, gate=gate)


@st.composite
def first_graphs(draw):
    nodes = []
    for number in range(draw(st.integers(2, 7))):
        phase = draw(st.integers(0, 1))
        before = [n.node_id for n in nodes if PHASES.index(n.phase) <= phase]
        wanted = tuple(draw(st.lists(st.sampled_from(before), max_size=2, unique=True))) if before else ()
        gate = ScoreGate(draw(st.integers(1, 9000)), "awakening") if wanted and draw(st.booleans()) else None
        nodes.append(node_of(f"a{number}", number + 1, phase, draw(st.sampled_from(KINDS)), wanted, gate))
    return Graph(1, tuple(nodes))


@st.composite
def next_graphs(draw, old):
    """A later version and its mapping: every live node may stay, be renamed, split, merged with its like, or withdrawn."""
    live = [node for node in old.nodes if not node.deprecated]
    fates, made, letter = {}, [], "abcdef"[old.version]

    def heir(node):
        name = f"{letter}{len(made)}"
        gate = ScoreGate(draw(st.integers(1, 10000)), "awakening") if draw(st.booleans()) else None
        made.append(node_of(name, 100 * old.version + len(made), PHASES.index(node.phase), node.kind, (), gate))
        return name

    for node in live:
        if node.node_id in fates:
            continue
        others = [each for each in live if each.kind == node.kind and each.node_id not in fates and each is not node]
        fate = draw(st.sampled_from(("same", "same", "renamed", "split", "retired", *(("merge",) * 2 if others else ()))))
        if fate == "merge":
            need, into = draw(st.sampled_from(("all", "any"))), heir(node)
            parts = [node, *draw(st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True))]
            fates |= {each.node_id: Fate("merge", (into,), need) for each in parts}
        elif fate != "same":
            heirs = {"renamed": 1, "split": 2, "retired": 0}[fate]
            fates[node.node_id] = Fate(fate, tuple(heir(node) for _ in range(heirs)))
    kept = tuple(replace(n, deprecated=True) if n.node_id in fates else n for n in old.nodes)
    new = Graph(old.version + 1, (*kept, *made))
    assert mapping_faults(old, new, fates) == ()
    return new, fates


@st.composite
def lives(draw, graph):
    log = Log().enroll()
    for node, how in draw(st.lists(st.tuples(st.sampled_from(graph.nodes), st.integers(0, 9)), max_size=12)):
        live(log, node, how)
    return log


def live(log, node, how):
    name = node.node_id
    if how == 9:
        log.add("content_unlocked", name, {"contentType": node.kind, "contentId": name, "reason": "x"})
    elif how == 8:
        log.view(name)
    elif node.kind == "section":
        log.read(name, phase=node.phase)
    elif node.kind == "checkpoint":
        log.passes(name)
    else:
        log.write(name)
        if how < 6:
            log.judge(name, how / 5)


@st.composite
def moves(draw):
    """A first graph, a life on it, and two later versions with their mappings."""
    first = draw(first_graphs())
    log = draw(lives(first))
    second, to_second = draw(next_graphs(first))
    third, to_third = draw(next_graphs(second))
    return first, log, (second, to_second), (third, to_third)


def work(evidence):
    return evidence.completed, evidence.reflection_quality, evidence.checkpoints_passed, evidence.started


@settings(max_examples=150, deadline=None)
@given(moves())
def test_nothing_is_lost_and_nothing_shuts(move):
    first, log, (second, fates), _ = move
    before = evidence_of(log.state, first)
    plan = plan_migration(first, second, rules_of([fates]), log.state, as_of=LATER)
    after = plan.evidence
    assert all(after.completed[name] == at for name, at in before.completed.items())
    assert all(after.reflection_quality[name] >= quality for name, quality in before.reflection_quality.items())
    assert before.checkpoints_passed <= after.checkpoints_passed
    assert before.unlocked <= after.unlocked
    assert (before.active_days, before.phase_started) == (after.active_days, after.phase_started)
    for name in before.started:
        assert name in after.started or any(heir in after.started for heir in plan.state.names_of(name)[1:])
    was, now = Standing(first, before, LATER), Standing(second, after, LATER)
    live_heirs = rules_of([fates]).carried
    for node in first.nodes:
        if not was.deficits(node):
            images = [node.node_id, *live_heirs.get(node.node_id, ())]
            assert any(not now.deficits(second.by_id[image]) for image in images), node.node_id
            for heir in images[1:]:
                assert not now.deficits(second.by_id[heir]), f"{node.node_id} went on as {heir}"


@settings(max_examples=150, deadline=None)
@given(moves())
def test_every_node_with_work_in_it_has_one_outcome_and_its_heirs_have_its_facts(move):
    first, log, (second, fates), _ = move
    before = evidence_of(log.state, first)
    plan = plan_migration(first, second, rules_of([fates]), log.state, as_of=LATER)
    worked = {*before.completed, *before.started, *before.reflection_quality}
    assert sorted(each.node_id for each in plan.outcomes) == sorted(worked)
    assert plan.unmappable == (), "a checked mapping leaves nothing that no rule knows"
    for each in plan.outcomes:
        done = is_done(before, each.node_id)
        if each.outcome in ("carried", "carried-changed", "split") and done:
            assert all(is_done(plan.evidence, heir) for heir in each.to)
        if each.outcome == "partial":
            assert not is_done(plan.evidence, each.to[0])
        if each.outcome == "merge" and fates[each.node_id].need == "all":
            assert all(is_done(before, name) for name, fate in fates.items() if fate.to == each.to)
            assert is_done(plan.evidence, each.to[0])


@settings(max_examples=150, deadline=None)
@given(moves())
def test_two_steps_and_one_leap_agree_on_all_work(move):
    first, log, (second, to_second), (third, to_third) = move
    leap = plan_migration(first, third, rules_of([to_second, to_third]), log.state, as_of=LATER)
    step = plan_migration(first, second, rules_of([to_second]), log.state, as_of=LATER)
    twice = plan_migration(second, third, rules_of([to_third]), step.state, as_of=LATER)
    assert work(leap.evidence) == work(twice.evidence)
    leapt, stepped = Standing(third, leap.evidence, LATER), Standing(third, twice.evidence, LATER)
    for node in third.nodes:
        if not node.deprecated and not leapt.deficits(node):
            assert not stepped.deficits(node), f"{node.node_id} is open after a leap, so after two steps"


@settings(max_examples=100, deadline=None)
@given(moves())
def test_migrating_again_changes_nothing(move):
    first, log, (second, fates), _ = move
    plan = plan_migration(first, second, rules_of([fates]), log.state, as_of=LATER)
    for rules in (rules_of([]), rules_of([fates])):
        again = plan_migration(second, second, rules, plan.state, as_of=LATER)
        assert (again.kept_open, again.unmappable) == ((), ())
        assert again.evidence == plan.evidence
        scores = {each.phase: each.after_bp for each in plan.scores}
        assert all((each.before_bp, each.after_bp) == (scores[each.phase],) * 2 for each in again.scores)


@settings(max_examples=100, deadline=None)
@given(moves(), st.data())
def test_what_is_finished_under_an_old_name_after_the_move_counts_as_if_it_had_been_before(move, data):
    first, log, (second, fates), _ = move
    late = data.draw(lives(first)).events[2:]
    moved = plan_migration(first, second, rules_of([fates]), log.state, as_of=LATER)
    numbered = [
        (n, replace(event, event_id=f"late{n}")) for n, (_, event) in enumerate(late, moved.state.journal_version + 1)
    ]
    after = replay(numbered, start=moved.state)
    early = replay([*log.events, *((n - 1, event) for n, event in numbered)])
    same = plan_migration(first, second, rules_of([fates]), early, as_of=LATER)
    assert work(evidence_of(after, second)) == work(same.evidence)
