"""Graphs and members for the rules of formation."""

from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Member:
    """What one member has done so far; `evidence()` is their journal as reduced. Time only goes forward, by `later`."""

    def __init__(self, graph):
        self.graph, self.now = graph, START
        self.completed, self.started, self.quality, self.days, self.began, self.tags = {}, {}, {}, {}, {}, {}
        self.unlocked = set()

    def later(self, **span):
        self.now += timedelta(**span)
        return self

    def start(self, name):
        self.started.setdefault(name, self.now)
        self.began.setdefault(self.graph.by_id[name].phase, self.now)
        return self

    def do(self, *names, quality=900):
        for name in names:
            node = self.graph.by_id[name]
            self.start(name)
            self.completed.setdefault(name, self.now)
            if node.kind == "reflection":
                self.quality[name] = max(quality, self.quality.get(name, 0))
            self.days.setdefault(node.phase, set()).add(self.now.date())
            self.tags.update(dict.fromkeys(node.tags, self.now))
        return self

    def evidence(self):
        return Evidence(
            completed=dict(self.completed),
            started=dict(self.started),
            reflection_quality=dict(self.quality),
            checkpoints_passed=frozenset(n for n in self.completed if self.graph.by_id[n].kind == "checkpoint"),
            active_days={phase: frozenset(days) for phase, days in self.days.items()},
            phase_started=dict(self.began),
            unlocked=frozenset(self.unlocked),
            last_seen_by_tag=dict(self.tags),
            last_activity=max(self.completed.values(), default=None),
        )


@pytest.fixture
def make_member():
    """Return Member: a member of a graph who has done nothing yet, on 2026-03-02 09:00 UTC."""
    return Member


@pytest.fixture
def make_node():
    """Return a maker of nodes: name, ordinal, phase number 1..5, kind, then any other field."""

    def make(name, ordinal, phase=1, kind="section", **more):
        return Node(name, ordinal, PHASES[phase - 1], kind, name.upper(), f"content/{name}", **more)

    return make


@pytest.fixture
def walk_graph(make_node):
    """Return five phases, each of three sections, a reflection and two checkpoints; a gate of 0.60 leads to the next."""
    nodes, last = [], ()
    for phase in range(1, 6):
        gate = ScoreGate(6000, PHASES[phase - 2]) if phase > 1 else None
        at, name = 10 * phase, f"p{phase}"
        tags = [frozenset({f"topic{(phase + n) % 4}", f"book{n}"}) for n in range(3)]
        nodes += [
            make_node(f"{name}-s0", at, phase, prerequisites=last, gate=gate, tags=tags[0]),
            make_node(f"{name}-s1", at + 1, phase, prerequisites=(f"{name}-s0",), tags=tags[1]),
            make_node(f"{name}-s2", at + 2, phase, prerequisites=(f"{name}-s0",), tags=tags[2]),
            make_node(f"{name}-r", at + 3, phase, "reflection", prerequisites=(f"{name}-s1",), tags=tags[1]),
            make_node(f"{name}-c0", at + 4, phase, "checkpoint", prerequisites=(f"{name}-s2",)),
            make_node(f"{name}-c1", at + 5, phase, "checkpoint", prerequisites=(f"{name}-r", f"{name}-c0")),
        ]
        last = (f"{name}-s1", f"{name}-s2")
    return Graph(4, tuple(nodes))
