"""What is said to open a node does open it, and nothing less does."""

from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.graph import Graph, ScoreGate


def _graph(make_node, minimum_bp):
    """Return awakening with five sections, two reflections and three checkpoints in chains, and a gated way on."""
    return Graph(
        1,
        (
            make_node("s0", 0),
            *(make_node(f"s{n}", n, prerequisites=(f"s{n - 1}",)) for n in range(1, 5)),
            make_node("r0", 5, kind="reflection", prerequisites=("s0",)),
            make_node("r1", 6, kind="reflection", prerequisites=("s2",)),
            make_node("c0", 7, kind="checkpoint", prerequisites=("r0",)),
            make_node("c1", 8, kind="checkpoint", prerequisites=("s1",)),
            make_node("c2", 9, kind="checkpoint", prerequisites=("way",)),
            make_node("way", 10, 2, prerequisites=("s1",), gate=ScoreGate(minimum_bp, "awakening")),
        ),
    )


DOINGS = st.lists(
    st.tuples(st.sampled_from(["s0", "s1", "s2", "s3", "s4", "r0", "r1", "c0", "c1"]), st.integers(0, 1000)), max_size=12
)


def test_doing_what_is_said_opens_the_node(make_node, make_member):
    @settings(max_examples=150, deadline=None)
    @given(DOINGS, st.integers(0, 90).map(lambda percent: percent * 100))
    def check(log, minimum_bp):
        member = make_member(_graph(make_node, minimum_bp))
        for name, quality in log:
            member.do(name, quality=quality).later(hours=20)
        told = _ask(member)
        if told.verdict.decision == "granted":
            return
        assert told.opening.text
        member.do(*told.opening.acts, quality=1000)
        for day in range(told.opening.active_days):
            # the plan counts from the day after the last active one, or from today
            member.later(days=int(day > 0 or _is_active_today(member))).do("s0")
        opened = _ask(member.later(days=7))
        assert (opened.verdict.decision == "granted") is told.opening.reachable

    check()


def test_nothing_less_would_open_it(make_node, make_member):
    @settings(max_examples=60, deadline=None)
    @given(DOINGS, st.integers(0, 70).map(lambda percent: percent * 100))
    def check(log, minimum_bp):
        member = make_member(_graph(make_node, minimum_bp)).do("s0", "s1")
        for name, quality in log:
            member.do(name, quality=quality)
        told = _ask(member.later(days=8))
        if told.verdict.decision == "granted" or told.opening.active_days or not told.opening.reachable:
            return
        facts = member.evidence()
        left = [node.node_id for node in member.graph.nodes[:9]]
        for fewer in combinations(left, len(told.opening.acts) - 1):
            member = make_member(member.graph)
            member.completed, member.quality = dict(facts.completed), dict(facts.reflection_quality)
            member.days = {phase: set(days) for phase, days in facts.active_days.items()}
            member.do(*fewer, quality=1000)
            member.days = {phase: set(days) for phase, days in facts.active_days.items()}
            assert _ask(member.later(days=8)).verdict.decision == "gated", (fewer, told.opening.acts)

    check()


def test_what_waits_for_the_node_itself_is_not_counted_on(make_node, make_member):
    member = make_member(_graph(make_node, 9900)).do("s0").later(days=8)
    told = _ask(member)
    assert "c2" not in told.opening.acts
    assert told.opening.reachable is False
    assert told.opening.text.endswith("; that is not enough: ask an operator")


def test_many_steps_before_it_are_counted_not_listed(make_node, make_member):
    chain = [make_node(f"s{n}", n, prerequisites=(f"s{n - 1}",) if n else ()) for n in range(9)]
    told = can_access_node(Graph(1, tuple(chain)), make_member(None).evidence(), "s8", as_of=make_member(None).now)
    assert told.opening.text == "complete S0, complete S1, complete S2 and 5 more steps before it"
    assert len(told.opening.acts) == 8


def _ask(member):
    return can_access_node(member.graph, member.evidence(), "way", as_of=member.now)


def _is_active_today(member):
    return any(member.now.date() in days for days in member.days.values())


def test_the_wait_is_told_to_the_hour(make_node, make_member):
    member = make_member(_graph(make_node, 0)).do("s0", "s1").later(days=4, hours=20)
    assert _ask(member).opening.text == "2 days 4 hours to go"
    assert _ask(member).opens_at - member.now == timedelta(days=2, hours=4)


def test_two_gated_steps_never_send_the_member_to_each_other(make_node, make_member):
    """A section gated at 0.50 and a checkpoint gated at 0.40 are all that is left: only days of activity open one."""
    awakening = Graph(
        1,
        (
            make_node("s0", 0),
            make_node("s1", 1, prerequisites=("s0",), gate=ScoreGate(5000, "awakening")),
            make_node("c1", 2, kind="checkpoint", prerequisites=("s0",), gate=ScoreGate(4000, "awakening")),
        ),
    )
    member = make_member(awakening).do("s0").later(hours=1)

    def told(name):
        return can_access_node(awakening, member.evidence(), name, as_of=member.now)

    section, checkpoint = told("s1").opening, told("c1").opening
    assert (checkpoint.acts, checkpoint.reachable, section.acts, section.reachable) == ((), True, ("c1",), True)
    assert section.active_days >= checkpoint.active_days > 0  # without them the checkpoint stays shut
    for _ in range(checkpoint.active_days):
        assert told("c1").verdict.decision == "gated"
        member.later(days=1).do("s0")
    assert told("c1").verdict.decision == "granted"
    member.do("c1")
    for _ in range(section.active_days - checkpoint.active_days):
        member.later(days=1).do("s0")
    assert told("s1").verdict.decision == "granted"
