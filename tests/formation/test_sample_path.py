"""The path that ships is sound, complete in Awakening, walkable to its end, and says what it is said to say."""

import re
from collections import Counter

import pytest

from ruach_studio.formation.authoring import numbered
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.graph import PHASES, Graph, ScoreGate
from ruach_studio.formation.graph_check import check_graph


@pytest.fixture(scope="module")
def path():
    return read_path_file(sample_file())


@pytest.fixture(scope="module")
def graph(path):
    return Graph(1, numbered(path.authored.nodes, {}))


def words(text):
    return len(re.findall(r"\w[\w'’]*", text))


def test_it_has_no_fault(graph):
    report = check_graph(graph.nodes, previous=None)
    assert report.errors == ()
    assert len(report.order) == len(graph.nodes) == 28


def test_every_node_shows_its_own_piece_and_no_piece_is_left_over(path):
    refs = [piece.content_ref for piece in path.pieces]
    assert sorted(refs) == sorted(node.content_ref for node in path.authored.nodes)
    assert len(set(refs)) == len(refs)


def test_awakening_is_complete(path, graph):
    bodies = {piece.content_ref: piece.body for piece in path.pieces}
    sections = [node for node in graph.nodes if node.phase == "awakening" and node.kind == "section"]
    assert {node.node_id: node.min_dwell_s for node in sections} == {
        "disorientation": 180, "authority-reset": 240, "invitation-to-formation": 300,
    }  # fmt: skip
    for node in sections:
        assert 600 <= words(bodies[node.content_ref]) <= 925, node.node_id
        followers = {graph.by_id[name].kind for name in graph.opens[node.node_id]}
        assert followers >= {"reflection", "checkpoint"}


def test_the_other_phases_lead_to_the_end(path, graph):
    bodies = {piece.content_ref: piece.body for piece in path.pieces}
    for phase in PHASES[1:]:
        kinds = Counter(node.kind for node in graph.nodes if node.phase == phase)
        assert (kinds["section"], kinds["reflection"]) == (2, 1)
        assert 1 <= kinds["checkpoint"] <= 2
        first = next(node for node in graph.order if node.phase == phase)
        assert first.gate == ScoreGate(6000, PHASES[PHASES.index(phase) - 1])
        for node in graph.nodes:
            if node.phase == phase and node.kind == "section":
                assert 150 <= words(bodies[node.content_ref]) <= 300, node.node_id
                assert node.min_dwell_s >= 60


def test_what_is_asked_is_asked_in_words(path, graph):
    by_ref = {piece.content_ref: piece for piece in path.pieces}
    for node in graph.nodes:
        piece = by_ref[node.content_ref]
        assert piece.body.strip(), node.node_id
        assert bool(piece.prompt) == (node.kind != "section"), node.node_id
        assert piece.title == node.title
        assert node.description
        assert node.tags
        assert 1 <= len(node.axioms) <= 4
        assert all(name.startswith("axiom-") for name in node.axioms)
    assert {name for node in graph.nodes for name in node.axioms} == {
        "axiom-scripture", "axiom-trinity", "axiom-grace", "axiom-lordship", "axiom-warfare",
    }  # fmt: skip
