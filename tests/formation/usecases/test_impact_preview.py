"""Before publishing, an operator sees who would gain or lose what; looking changes nothing, and pinned members stay."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.graph import ScoreGate
from ruach_studio.formation.impact_tally import NodeTally
from ruach_studio.formation.store import pieces
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases import scan_impact
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.examine_graph import GraphRefused
from ruach_studio.formation.usecases.list_affected import list_affected
from ruach_studio.formation.usecases.load_journey import load_enrollment
from ruach_studio.formation.usecases.preview_impact import preview_impact
from ruach_studio.formation.usecases.validate_graph import NoDraft


@pytest.fixture
async def people(services, database, publish, small_graph, ids, read_section, good, project, clock):
    """Four on version 1 of the small graph: new, one has read s1, one has passed c1 too, one only browses."""
    await publish(small_graph)
    async with database.transaction() as tx:
        for name in "nx":
            await pieces.put(tx, Piece(f"content/{name}", name), actor="test", at=clock.now())
    found = {}
    for user in ("new", "reader", "passed", "explorer"):
        covenant = "resource_explorer" if user == "explorer" else "formation_journey"
        done = await enroll_in_formation_path(services, user, covenant=covenant, acknowledged_terms=True)
        found[user] = done.enrollment
        if user in ("reader", "passed"):
            await read_section(user=user, session=user)
        if user == "passed":
            await attempt_checkpoint(services, user, "c1", good)
        clock.later(hours=1)
    for each in found.values():
        await project(each)
    return found


async def everything(database):
    tables = ("journal", "enrollment", "projection", "graph_version", "graph_draft")
    async with database.connection() as conn:
        return [(await conn.execute(sa.text(f"SELECT * FROM formation.{name} ORDER BY 1"))).all() for name in tables]  # noqa: S608


async def test_gains_and_losses_over_all_enrollments_without_a_change(services, database, people, small_graph, make_node):
    s1, r1, c1, s2 = small_graph.nodes
    extra = make_node("n", 0, prerequisites=("s1",))
    new = Authored((s1, replace(r1, prerequisites=()), replace(c1, prerequisites=("s1", "n")), s2, extra))
    before = await everything(database)
    found = await preview_impact(services, "ruach", new)
    assert found.examined.graph.version == 2
    assert {each.node_id: each.kinds for each in found.changes} == {
        "r1": ("prerequisites-changed",), "c1": ("prerequisites-changed",), "n": ("added",),
    }  # fmt: skip
    tally = found.tally
    assert (tally.members, found.by_version, found.scan.explorers, found.scan.unseen) == (3, {1: 3}, 1, 0)
    # new: r1 opens; reader: n opens, c1 shuts again for who had not opened it; passed: n opens
    assert tally.nodes == {"r1": NodeTally(gain=1), "n": NodeTally(gain=2), "c1": NodeTally(lose=1, opened=1)}
    assert (tally.gaining, tally.losing) == (3, 1)
    listed = await list_affected(services, "ruach", new)
    assert {each.user_id: (each.gains, each.losses) for each in listed.enrollments} == {
        "new": (("r1",), ()), "reader": (("n",), ("c1",)), "passed": (("n",), ()),
    }  # fmt: skip
    assert listed.after is None
    assert await everything(database) == before
    async with database.connection() as conn:
        journey = await load_enrollment(services, conn, people["reader"].enrollment_id)
    assert journey.graph.version == 1, "pinned members stay"


@pytest.mark.parametrize("cells", [1, 10, 1000])
async def test_any_size_of_batch_gives_the_same(services, people, small_graph, monkeypatch, cells):
    monkeypatch.setattr(scan_impact, "MOST_CELLS", cells)
    s1, r1, c1, s2 = small_graph.nodes
    found = await preview_impact(services, "ruach", Authored((s1, replace(r1, prerequisites=()), c1, s2)))
    assert (found.tally.members, found.tally.nodes) == (3, {"r1": NodeTally(gain=1)})


async def test_the_list_is_paged_and_filtered(services, people, small_graph, make_node):
    s1, r1, c1, s2 = small_graph.nodes
    new = Authored((s1, replace(r1, prerequisites=()), c1, s2, make_node("n", 0, prerequisites=("s1",))))
    seen, after = [], None
    for _ in range(4):
        page = await list_affected(services, "ruach", new, after=after, limit=1)
        seen += page.enrollments
        after = page.after
        if after is None:
            break
    assert sorted(each.user_id for each in seen) == ["new", "passed", "reader"]
    assert [each.enrollment_id for each in seen] == sorted(each.enrollment_id for each in seen)
    only = await list_affected(services, "ruach", new, node_id="n", effect="gain")
    assert {each.user_id for each in only.enrollments} == {"passed", "reader"}
    assert (await list_affected(services, "ruach", new, node_id="n", effect="lose")).enrollments == ()


async def test_work_that_goes_on_under_another_name_is_neither_gained_nor_lost(services, people, small_graph, make_node):
    s1, r1, c1, s2 = small_graph.nodes
    renamed = make_node("x", 0, min_dwell_s=30)
    nodes = (replace(s1, deprecated=True), replace(r1, prerequisites=("x",)), replace(c1, prerequisites=("x",)), s2, renamed)
    carried = await preview_impact(services, "ruach", Authored(nodes, renames={"s1": ("x",)}))
    assert carried.tally.nodes == {}
    lost = await preview_impact(services, "ruach", Authored(nodes))
    # without a mapping, who has read s1 stands before x, and what x opens is shut
    assert lost.tally.nodes == {"x": NodeTally(gain=3), "r1": NodeTally(lose=2, opened=2), "c1": NodeTally(lose=1, opened=1),
                                "s1": NodeTally(lose=1, opened=1)}  # fmt: skip


async def test_a_projection_that_is_behind_is_folded(services, database, people, small_graph, clock, good, monkeypatch):
    await attempt_checkpoint(services, "reader", "c1", good)
    clock.later(days=8)
    s1, r1, c1, s2 = small_graph.nodes
    new = Authored((s1, r1, c1, replace(s2, gate=ScoreGate(9000, "awakening"))))
    found = await preview_impact(services, "ruach", new)
    assert found.scan.folded == 1
    assert (found.tally.members, found.tally.nodes) == (3, {"s2": NodeTally(lose=2)})
    async with database.transaction() as tx:
        await tx.execute(sa.text("UPDATE formation.projection SET reducer_version = 'older'"))
    again = await preview_impact(services, "ruach", new)
    assert (again.scan.folded, again.tally) == (3, found.tally)
    monkeypatch.setattr(scan_impact, "MOST_FOLDED", 1)
    short = await preview_impact(services, "ruach", new)
    assert (short.scan.folded, short.scan.unseen, short.tally.members) == (1, 2, 1)


async def test_a_faulty_or_missing_draft_has_no_impact(services, people, small_graph):
    with pytest.raises(NoDraft):
        await preview_impact(services, "ruach")
    with pytest.raises(GraphRefused):
        await preview_impact(services, "ruach", Authored(small_graph.nodes[1:]))
