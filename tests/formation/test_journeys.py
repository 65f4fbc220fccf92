"""Twenty members of different habits walk a path to the end, doing only what next-step tells them: no dead end."""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.authoring import numbered
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.graph import PHASES, Graph, ScoreGate
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.next_step import rank_next_steps
from ruach_studio.formation.path import watch_path, whole_path

MOST_DAYS = 500


@dataclass(frozen=True)
class Habit:
    """`weekdays`: 0 = Monday; `quality`: of the first reflection, each further one is 100 better up to `best`."""

    name: str
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 6)
    a_day: int = 2
    quality: int = 700
    best: int = 1000
    leaves_half_done: bool = False
    picks: str = "first"
    unlocks: bool = True


EVERY_DAY = tuple(range(7))
HABITS = [
    Habit("keeps a Sabbath"),
    Habit("every day", EVERY_DAY),
    Habit("all in one day", EVERY_DAY, 30),
    Habit("one step a day", EVERY_DAY, 1),
    Habit("one step a week", (5,), 1),
    Habit("weekends", (5, 6), 3),
    Habit("Sunday only, much", (6,), 10),
    Habit("every other day", (0, 2, 4)),
    Habit("writes poorly", quality=100),
    Habit("writes poorly and never well", quality=100, best=600),
    Habit("writes perfectly", quality=1000),
    Habit("copies at first", quality=0),
    Habit("leaves things half done", leaves_half_done=True),
    Habit("leaves things half done, weekly", (3,), 2, leaves_half_done=True),
    Habit("takes the last offer", picks="last"),
    Habit("takes any offer", picks="any"),
    Habit("takes any offer, in haste", EVERY_DAY, 20, picks="any", quality=50),
    Habit("poor, weekly, half done", (2,), 3, 50, 650, True, "last"),
    Habit("unlocks are not recorded", unlocks=False),
    Habit("unlocks are not recorded, in haste", EVERY_DAY, 20, 300, picks="any", unlocks=False),
]


@pytest.fixture
def strict_graph(walk_graph, make_node):
    """Return the five phases with gates of 0.50 to 0.75, one gate inside a phase, an optional and a withdrawn node."""
    bars = {"p2-s0": 5000, "p3-s0": 6000, "p4-s0": 7000, "p5-s0": 7500}
    nodes = [replace(n, gate=ScoreGate(bars[n.node_id], n.gate.scope)) if n.gate else n for n in walk_graph.nodes]
    inner = ScoreGate(4000, "awakening")
    nodes = [replace(n, gate=inner) if n.node_id == "p1-c1" else n for n in nodes]
    nodes.append(make_node("extra", 100, 2, required=False, prerequisites=("p2-s0",)))
    nodes.append(make_node("old", 101, 3, "checkpoint", deprecated=True, prerequisites=("p3-s0",)))
    nodes.append(make_node("after-old", 102, 3, prerequisites=("old",), gate=ScoreGate(3000, "separation")))
    return Graph(9, tuple(nodes))


SCOPES = {
    "p1-c1": "Ecclesia", "p2-c0": "Household", "p2-c1": "Ecclesia", "p3-s2": "Household", "p3-c0": "Household",
    "p4-c1": "Ecclesia", "p5-s2": "Household", "p5-c0": "Ecclesia", "p5-c1": "Network",
}  # fmt: skip


@pytest.fixture
def scoped_graph(strict_graph):
    """Return the strict path with guidebook scopes: all is Individual work but for nine nodes at home, in church, beyond."""
    nodes = [replace(n, scope=SCOPES.get(n.node_id, "Individual")) for n in strict_graph.nodes]
    assert check_graph(nodes, previous=None).ok
    return Graph(10, tuple(nodes))


@pytest.fixture(scope="module")
def sample_graph():
    """Return the path that ships, as it is published."""
    return Graph(1, numbered(read_path_file(sample_file()).authored.nodes, {}))


class Walk:
    """One member who knows the path only from what next-step offers."""

    def __init__(self, member, habit, seed):
        self.member, self.habit, self.dice = member, habit, Random(seed)
        self.attempts, self.granted = {}, set()

    def offers(self):
        steps = rank_next_steps(self.member.graph, self.member.evidence(), as_of=self.member.now)
        assert steps, "an unfinished journey has always a next step"
        return steps

    def go_on(self):
        """Do one thing that is offered; return False when there is nothing to do but to wait."""
        steps = self.offers()
        usable = [step for step in steps if step.offer in ("continue", "open")]
        if usable:
            pick = {"first": usable[0], "last": usable[-1], "any": self.dice.choice(usable)}[self.habit.picks]
            if self.habit.leaves_half_done and pick.offer == "open":
                self.member.start(pick.node.node_id)
            else:
                self.do(pick.node.node_id)
            return True
        locked = [step for step in steps if step.offer == "locked"]
        if not locked:
            return False
        again = [name for step in locked for name in step.access.opening.acts if name in self.member.completed]
        revisits = [step.node.node_id for step in steps if step.offer == "revisit"]
        waits_for_days = any(step.access.opening.active_days for step in locked)
        assert again or waits_for_days or any(step.access.opens_at for step in locked), locked[0].verdict.reasons
        if again or waits_for_days:
            self.do((again or revisits)[0])
        return False

    def do(self, name):
        access = can_access_node(self.member.graph, self.member.evidence(), name, as_of=self.member.now)
        assert access.verdict.decision == "granted", access.verdict.reasons
        tried = self.attempts[name] = self.attempts.get(name, 0) + 1
        self.member.do(name, quality=min(self.habit.quality + 100 * (tried - 1), self.habit.best))

    def note_unlocks(self):
        """Record what is open now; what was open before must be open still, even where no unlock was recorded."""
        open_now = {node.node_id for node in watch_path(self.member.graph, self.member.evidence(), as_of=self.member.now)}
        steps = whole_path(self.member.graph, self.member.evidence(), as_of=self.member.now)
        assert open_now == {step.node.node_id for step in steps if step.state in ("open", "started")}
        assert self.granted <= open_now | self.member.completed.keys()
        self.granted |= open_now
        if self.habit.unlocks:
            self.member.unlocked |= open_now


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_every_habit_reaches_the_end(habit, strict_graph, make_member):
    begun = walk_to_the_end(habit, strict_graph, make_member)
    assert all(later - earlier >= timedelta(days=7) for earlier, later in pairwise(begun))


@pytest.mark.parametrize("habit", HABITS[::3], ids=lambda habit: habit.name)
def test_guidebook_scopes_make_no_dead_end(habit, scoped_graph, make_member):
    walk_to_the_end(habit, scoped_graph, make_member)


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_every_habit_walks_the_sample_path_to_the_end(habit, sample_graph, make_member):
    begun = walk_to_the_end(habit, sample_graph, make_member)
    assert all(later - earlier >= timedelta(days=7) for earlier, later in pairwise(begun))


def walk_to_the_end(habit, graph, make_member):
    """Walk until the path is complete; return when each phase was begun."""
    member = make_member(graph)
    walk = Walk(member, habit, HABITS.index(habit))
    for _ in range(MOST_DAYS):
        if member.now.weekday() in habit.weekdays:
            done = 0
            while done < habit.a_day and walk.go_on():
                done += 1
            walk.note_unlocks()
        if walk.offers()[0].offer == "path_complete":
            break
        member.later(days=1)
    assert walk.offers()[0].verdict.decision == "path_complete"
    assert {node.node_id for node in graph.nodes if not node.deprecated} == member.completed.keys()
    days = (member.now - min(member.completed.values())).days
    assert days >= 4 * 7, "four phases of seven days at least stand before the fifth"
    return [min(at for name, at in member.completed.items() if graph.by_id[name].phase == phase) for phase in PHASES]


def test_there_are_twenty_habits():
    assert len({habit.name for habit in HABITS}) == 20


def test_what_is_granted_stays_granted_over_random_lives(strict_graph, make_member):
    # no unlock is recorded here: the facts alone must hold the door open
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(strict_graph.nodes), st.integers(0, 1000), st.integers(0, 72)), max_size=25))
    def live(log):
        member, granted = make_member(strict_graph), set()
        for node, quality, hours in log:
            member.later(hours=hours).do(node.node_id, quality=quality)
            facts = member.evidence()
            seen = {n.node_id: can_access_node(strict_graph, facts, n.node_id, as_of=member.now) for n in strict_graph.nodes}
            now = {name for name, access in seen.items() if access.verdict.decision == "granted"}
            assert granted <= now
            granted = now

    live()
