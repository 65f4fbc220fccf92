"""Graphs and members for the rules of formation; a database with a published path for its shell."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.app.wiring import Services
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate
from ruach_studio.formation.store import enrollments, graphs, pieces
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

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


class HandClock:
    """A clock that only a test moves."""

    def __init__(self, now=START):
        self.at = now

    def now(self):
        return self.at

    def later(self, **span):
        self.at += timedelta(**span)
        return self.at


@pytest.fixture
def clock():
    """A clock at START (2026-03-02 09:00 UTC) that only the test moves."""
    return HandClock()


@pytest.fixture
def services(database, tmp_path, clock):
    """What formation's use cases are given: a real database and queue, the test's clock, no language model."""
    settings = load_settings(data_dir=tmp_path / "data", public_url="http://studio.test", media_roots=[tmp_path])
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    return Services(settings, database, BullmqPostgres(database), store, clock)


@pytest.fixture
def ids():
    """Bind a correlation id, as every entry point does."""
    with bind(correlation_id=new_id()) as bound:
        yield bound


@pytest.fixture
def publish(database):
    """Return a coroutine that publishes a graph under its own version and path, with a piece for each node."""

    async def do(graph):
        async with database.transaction() as tx:
            await graphs.insert_path(tx, graphs.Path(graph.path_id, "A path", "", None, START, "test"))
            await graphs.insert_version(
                tx, graph, actor="test", at=START, reason="a test", content_hash="0" * 64, mapping={}
            )
            for node in graph.nodes:
                body, prompt = f"The body of {node.title}.", f"What does {node.title} ask of you?"
                await pieces.put(tx, Piece(node.content_ref, node.title, body, prompt), actor="test", at=START)
        return graph

    return do


@pytest.fixture
def enroll_row(database):
    """Return a coroutine that inserts a bare enrollment (no event yet) on a published graph."""

    async def do(graph, user_id="7", **more):
        row = Enrollment(str(uuid.uuid4()), user_id, graph.path_id, graph.version, 0, "formation_journey", "UTC", START)
        async with database.transaction() as tx:
            assert await enrollments.insert(tx, replace(row, **more))
        return replace(row, **more)

    return do
