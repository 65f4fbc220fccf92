"""Whoever walks another path than the usual one reads, finds and lists its steps."""

import pytest

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.gather_context import gather_context
from ruach_studio.formation.usecases.list_catalogue import list_catalogue
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.formation.usecases.search_content import search_content
from ruach_studio.formation.usecases.show_node import show_node
from ruach_studio.formation.usecases.write_piece import write_piece

from .conftest import USER


@pytest.fixture
async def on_second(services, publish, make_node, small_graph, ids):
    """A member of the path `second` alone: x1 is open, x2 is behind it."""
    await publish(small_graph)
    await publish(Graph(1, (make_node("x1", 1), make_node("x2", 2, prerequisites=("x1",))), "second"))
    for node_id in ("x1", "x2"):
        text = f"A lantern for {node_id}."
        ref = make_node(node_id, 1).content_ref
        await write_piece(services, Piece(ref, node_id.upper(), text, "What do you see?"), actor="test")
    await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True, path_id="second")


async def test_the_offered_step_of_another_path_can_be_read(services, on_second):
    offered = await recommend_next_steps(services, USER, path_id="second")
    page = await show_node(services, USER, "x1", path_id="second")
    assert page.readable
    assert page.piece is not None
    assert page.piece.body == "A lantern for x1."
    assert "x1" in repr(offered)
    shut = await show_node(services, USER, "x2", path_id="second")
    assert (shut.readable, shut.piece) == (False, None)


async def test_search_context_and_catalogue_are_of_the_path_that_is_asked_for(services, on_second):
    found = await search_content(services, USER, "lantern", path_id="second")
    assert [hit.node.node_id for hit in found.hits if hit.passage] == ["x1"]
    context = await gather_context(services, USER, "lantern", path_id="second")
    assert [each.node.node_id for each in context.passages] == ["x1"]
    listed = await list_catalogue(services, USER, staff=False, path_id="second")
    assert [each.node.node_id for each in listed.entries] == ["x1", "x2"]
    usual = await list_catalogue(services, USER, staff=False)
    assert [each.node.node_id for each in usual.entries] == ["s1", "r1", "c1", "s2"]
