"""A small published path whose locked texts hold words that stand nowhere else: what a search must never tell."""

from dataclasses import replace

import pytest

from ruach_studio.formation.chunking import chunk_piece
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.store import chunks, pieces
from ruach_studio.formation.store.artifacts import Artifact, keep
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.embed_piece import embed_piece
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.write_fact import write_fact

SECRET = "zephyrquill"  # stands in locked bodies and prompts only
BODIES = {
    "s1": "The watchman names the danger while there is still time. A warning is a kindness to the city.",
    "r1": "Silence is the presence of attention.",
    "c1": "What did the watchman do?",
    "s2": f"The {SECRET} opens the inner gate. Repentance is a turn, and the {SECRET} is its key.",
    "far": f"Beyond the gate waits the harvest, says the {SECRET}.",
}
TITLES = {
    "s1": "The watchman", "r1": "Silence", "c1": "On watching", "s2": "The turn of repentance", "far": "The harvest",
}  # fmt: skip


def library_graph(make_node):
    """Two phases: a section, then a prompt and a checkpoint; then a section behind a gate of 0.40, and one behind that."""
    gate = ScoreGate(4000, "awakening")
    nodes = (
        make_node("s1", 1, min_dwell_s=30, tags=frozenset({"warning"})),
        make_node("r1", 2, kind="reflection", prerequisites=("s1",), tags=frozenset({"silence"})),
        make_node("c1", 3, kind="checkpoint", prerequisites=("s1",)),
        make_node("s2", 4, 2, prerequisites=("c1",), gate=gate, tags=frozenset({"turning"}), description="Turn round."),
        make_node("far", 5, 2, prerequisites=("s2",), tags=frozenset({"harvest"})),
    )
    return Graph(1, tuple(replace(node, title=TITLES[node.node_id]) for node in nodes))


async def fill_library(services, at):
    """Give every node its piece, indexed and embedded; s1 and s2 have a recording; one piece is on no path."""
    texts = {f"content/{name}": (TITLES[name], body) for name, body in BODIES.items()}
    texts["content/loose"] = ("A loose leaf", f"On no path: {SECRET} and the watchman.")
    for ref, (title, body) in texts.items():
        name = ref.removeprefix("content/")
        prompt = f"What does the {SECRET} ask of you?" if name in ("s2", "far") else "What do you hear?"
        session = f"talk-{name}" if name in ("s1", "s2") else None
        piece = Piece(ref, title, body, prompt, session)
        async with services.database.transaction() as tx:
            await pieces.put(tx, piece, actor="test", at=at)
            await chunks.replace(tx, ref, chunk_piece(piece.title, piece.body, piece.prompt))
        await embed_piece(services, ref)
    async with services.database.transaction() as tx:
        for session in ("talk-s1", "talk-s2", "talk-alone"):
            await keep(tx, artifact(session, at=at))


def artifact(session, *, version=1, at, form="full_16_9", job="706334c9-e8d8-41bb-b572-9c0871fcba05"):
    """An artifact as render announces it."""
    url = f"https://cdn.test/renders/{session}/{form}/{version}.mp4"
    return Artifact(session, form, version, job, url, "video/mp4", 1000, "ab" * 32, 60_000.0, at)


@pytest.fixture
async def library(services, publish, clock, make_node, ids):
    """The path published, filled and indexed; return its graph."""
    graph = library_graph(make_node)
    await publish(graph)
    await fill_library(services, clock.now())
    return graph


@pytest.fixture
async def member(caller, services, library):
    """A client whose member is on the path and has done nothing yet."""
    client = await caller("member")
    done = await enroll_in_formation_path(services, client.account_id, covenant="formation_journey", acknowledged_terms=True)
    client.enrollment = done.enrollment
    return client


@pytest.fixture
def read_s1(services, clock):
    """Return a coroutine that keeps a tab open on s1 until it is completed."""

    async def do(client):
        for sequence in range(4):
            await beat_heart(services, client.account_id, "tab", "s1", sequence)
            clock.later(seconds=10)

    return do


@pytest.fixture
def unlock(services, clock):
    """Return a coroutine that writes down that a step was unlocked for good."""

    async def do(client, name):
        told = {"contentType": "section", "contentId": name, "reason": "a test"}
        async with services.database.transaction() as tx:
            await write_fact(services, tx, client.enrollment, "content_unlocked", name, told, at=clock.now())

    return do


@pytest.fixture
def secret():
    """A word that stands in locked texts only."""
    return SECRET


@pytest.fixture
def make_artifact():
    """Return a maker of artifacts."""
    return artifact
