from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence, Origin
from ruach_studio.formation.evidence_text import _encode, from_text, named, to_text
from ruach_studio.formation.gating import Standing, can_access_node
from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.next_step import rank_next_steps
from ruach_studio.formation.opening import _having, _with_days
from ruach_studio.formation.path import whole_path
from ruach_studio.formation.scoring import compute_formation_score
from ruach_studio.kernel.hashing import canonical_json, inputs_hash

AT = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
ORIGIN = Origin("0b3f5b1e-6a0e-4e0e-8f43-53f3fdc4c0d1", 12, "formation-state-v2")
FULL = Evidence(
    completed={"s1": AT, "c1": AT + timedelta(days=1)},
    started={"s1": AT, "s2": AT + timedelta(hours=1)},
    reflection_quality={"r1": 640},
    checkpoints_passed=frozenset({"c1"}),
    active_days={"awakening": frozenset({date(2026, 3, 3), date(2026, 3, 2)})},
    phase_started={"awakening": AT},
    unlocked=frozenset({"s1", "s3"}),
    last_seen_by_tag={"Glaube": AT},
    last_activity=AT + timedelta(days=1),
)
MET = (
    '{"activeDays":{"awakening":["2026-03-02","2026-03-03"]},"checkpointsPassed":["c1"],"completed":{"c1":1772528400000005,'
)


def test_the_text_is_canonical_and_leaves_out_what_no_rule_asks():
    text = to_text(FULL)
    assert text.startswith(MET)
    assert '"started":{"s2":1772445600000005},"unlocked":["s3"]' in text
    turned = replace(FULL, completed=dict(reversed(list(FULL.completed.items()))), started={**FULL.started, "c1": AT})
    assert to_text(turned) == text
    assert to_text(replace(FULL, reflection_quality={"r1": 641})) != text


def test_the_encoder_is_the_house_s_canonical_json():
    facts = {"b": [1, "ü"], "a": {"z": None, "y": 5}}
    assert _encode(facts).encode() == canonical_json(facts)


def test_reading_back_gives_the_facts_and_text_again():
    back = from_text(to_text(FULL))
    assert back == replace(FULL, started={"s2": FULL.started["s2"]}, unlocked=frozenset({"s3"}))
    assert to_text(back) == to_text(FULL)
    assert from_text(to_text(Evidence())) == Evidence()


def test_a_decision_names_facts_by_hash_and_journal():
    alone = named(FULL)
    assert alone == {"sha256": named(from_text(to_text(FULL), ORIGIN))["sha256"]}
    assert named(replace(FULL, origin=ORIGIN)) == {
        **alone, "enrollmentId": ORIGIN.enrollment_id, "journalVersion": 12, "reducer": "formation-state-v2",
    }  # fmt: skip
    past = replace(FULL, origin=replace(ORIGIN, until=AT))
    assert named(past)["until"] == "2026-03-02T09:00:00.000005+00:00"
    assert named(Evidence()) != alone


def test_a_rule_s_supposition_has_no_origin(walk_graph, make_member):
    # what would open a node is tried out on evidence that is not the member's; nothing may name it as theirs
    evidence = replace(make_member(walk_graph).do("p1-s0").evidence(), origin=ORIGIN)
    gate = walk_graph.by_id["p2-s0"].gate
    assert _having(evidence, [walk_graph.by_id["p1-c0"]]).origin is None
    assert _with_days(evidence, gate, 2, AT).origin is None


DONE = st.lists(st.sampled_from([f"p{p}-{n}" for p in (1, 2) for n in ("s0", "s1", "s2", "r", "c0", "c1")]), max_size=12)


def test_every_rule_says_the_same_of_facts_read_back(walk_graph, make_member):
    graph = walk_graph

    @settings(max_examples=40, deadline=None)
    @given(done=DONE, begun=DONE, days=st.integers(0, 9), unlocked=DONE)
    def live(done, begun, days, unlocked):
        member = make_member(graph)
        for name in done:
            member.later(hours=3).do(name)
        for name in begun:
            member.later(minutes=9).start(name)
        member.later(days=days).unlocked.update(unlocked)
        facts, now = replace(member.evidence(), origin=ORIGIN), member.now
        back = from_text(to_text(facts), ORIGIN)
        assert rank_next_steps(graph, back, as_of=now, limit=9) == rank_next_steps(graph, facts, as_of=now, limit=9)
        assert whole_path(graph, back, as_of=now) == whole_path(graph, facts, as_of=now)
        for node in ("p1-s0", "p2-s0", "p3-s0", "p1-c1", "gone"):
            assert can_access_node(graph, back, node, as_of=now) == can_access_node(graph, facts, node, as_of=now)
        standing = Standing(graph, back, now)
        assert [n for n in graph.nodes if standing.is_open(n)] == [n for n in graph.nodes if not standing.deficits(n)]
        for phase in PHASES[:3]:
            scored = [compute_formation_score(graph, each, phase, as_of=now, threshold_bp=6000) for each in (back, facts)]
            assert scored[0] == scored[1]

    live()


def test_the_inputs_of_a_long_journey_stay_small(walk_graph, make_member):
    evidence = replace(make_member(walk_graph).do(*(n.node_id for n in walk_graph.nodes[:20])).evidence(), origin=ORIGIN)
    step = rank_next_steps(walk_graph, evidence, as_of=AT + timedelta(days=90))[0]
    assert len(canonical_json(step.inputs)) < 400
    assert step.verdict.inputs_hash == inputs_hash(step.inputs)
