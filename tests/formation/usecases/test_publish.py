"""A draft is saved and published whole or not at all: every fault named, one winner, versions that nobody can change."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.authoring import Authored, Merge
from ruach_studio.formation.graph import ScoreGate
from ruach_studio.formation.store import drafts, graphs, pieces
from ruach_studio.formation.store.graphs import GraphVersionNotFound, PathNotFound
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.diff_versions import diff_versions
from ruach_studio.formation.usecases.examine_graph import GraphRefused
from ruach_studio.formation.usecases.publish_draft import publish_draft
from ruach_studio.formation.usecases.publish_version import NothingNew
from ruach_studio.formation.usecases.read_draft import read_draft
from ruach_studio.formation.usecases.read_graph import read_graph
from ruach_studio.formation.usecases.read_versions import read_versions
from ruach_studio.formation.usecases.save_draft import DraftMoved, save_draft
from ruach_studio.formation.usecases.validate_graph import NoDraft, validate_graph
from ruach_studio.formation.usecases.write_path import write_path
from ruach_studio.kernel.errors import BadInput

ME, YOU = "session:me", "session:you"


@pytest.fixture
async def path(services, database, ids, nodes):
    """A path without versions, and a piece for every node."""
    await write_path(services, "ruach", "The way", "", actor=ME)
    async with database.transaction() as tx:
        for name in "abcdnx":
            await pieces.put(tx, Piece(f"content/{name}", name), actor=ME, at=services.clock.now())


@pytest.fixture
def save(services, path):
    async def do(nodes, revision, actor=ME, **mapping):
        return await save_draft(services, "ruach", Authored(tuple(nodes), **mapping), revision=revision, actor=actor)

    return do


@pytest.fixture
def publish_now(services):
    async def do(revision, actor=ME, reason="a better way"):
        return await publish_draft(services, "ruach", revision=revision, reason=reason, actor=actor)

    return do


async def count(database, table):
    async with database.connection() as conn:
        return await conn.scalar(sa.text(f"SELECT count(*) FROM formation.{table}"))  # noqa: S608


async def transitions(database):
    async with database.connection() as conn:
        rows = await conn.execute(
            sa.text(
                "SELECT entity, entity_id, from_state, to_state, actor, reason FROM platform.transition_audit"
                " WHERE entity LIKE 'formation-%' ORDER BY seq"
            )
        )
        return [tuple(row) for row in rows]


async def test_from_draft_to_version_to_next_version(services, database, nodes, save, publish_now):
    saved = await save(nodes, 0)
    assert saved.revision == 1
    first = await publish_now(1)
    assert (first.version, [(n.node_id, n.ordinal) for n in first.nodes]) == (1, [("a", 1), ("b", 2), ("c", 3), ("d", 4)])
    draft = await read_draft(services, "ruach")
    assert (draft.revision, [n.node_id for n in draft.authored.nodes]) == (2, ["a", "b", "c", "d"])
    fifth = replace(nodes[0], node_id="n", content_ref="content/n", prerequisites=("a",))
    await save((fifth, *nodes), 2)
    second = await publish_now(3, reason="  one more step ")
    assert (second.version, second.by_id["n"].ordinal) == (2, 5)
    assert await read_graph(services, "ruach") == second
    assert await read_graph(services, "ruach", 1) == first
    with pytest.raises(GraphVersionNotFound):
        await read_graph(services, "ruach", 3)
    listed = await read_versions(services, "ruach")
    assert [(v.version, v.reason, v.published_by, v.nodes) for v in listed] == [
        (2, "one more step", ME, 5), (1, "a better way", ME, 4),
    ]  # fmt: skip
    assert [each[:4] for each in await transitions(database)] == [
        ("formation-path", "ruach", None, "written"),
        ("formation-draft", "ruach", None, "revision 1"),
        ("formation-graph", "ruach/v1", "draft revision 1", "published"),
        ("formation-draft", "ruach", "revision 2", "revision 3"),
        ("formation-graph", "ruach/v2", "draft revision 3", "published"),
    ]
    found = await diff_versions(services, "ruach", 1, 2)
    assert [(each.node_id, each.change) for each in found.nodes] == [("n", "added")]
    assert found.changes[0].kinds == ("added",)


async def test_what_is_published_never_changes(database, nodes, save, publish_now):
    await save(nodes, 0)
    await publish_now(1)
    for statement in (
        "UPDATE formation.dependency SET title = 'x'", "DELETE FROM formation.graph_version",
        "UPDATE formation.node_registry SET ordinal = 99",
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(sa.text(statement))


async def test_a_faulty_draft_is_refused_with_every_fault_and_changes_nothing(services, database, nodes, save):
    await save(nodes, 0)
    a, b, c, d = nodes
    broken = (
        replace(a, prerequisites=("c",)), b, replace(c, prerequisites=("b", "nope")),
        replace(d, prerequisites=()), replace(b, title="again"),
    )  # fmt: skip
    with pytest.raises(GraphRefused) as refused:
        await save(broken, 1)
    faults = refused.value.details["faults"]
    assert [fault["code"] for fault in faults] == ["duplicate-id", "missing-prerequisite", "cycle", "root-gate"]
    assert faults[2]["nodes"] == ["a", "b", "c", "a"]
    assert "a → b → c → a" in faults[2]["fact"]
    assert str(refused.value).startswith("ruach: 4 faults: 'b' stands 2 times in the graph")
    assert (await read_draft(services, "ruach")).revision == 1
    assert len(await transitions(database)) == 2


async def test_removed_and_rekeyed_nodes_are_refused_and_deprecated_ones_are_not(nodes, save, publish_now):
    await save(nodes, 0)
    await publish_now(1)
    a, b, c, d = nodes
    with pytest.raises(GraphRefused) as refused:
        await save((a, replace(b, kind="reflection"), d), 2)
    assert [(f["code"], f["nodes"]) for f in refused.value.details["faults"]] == [
        ("missing-prerequisite", ["d", "c"]), ("re-keyed", ["b"]), ("removed", ["c"]),
    ]  # fmt: skip
    assert (await save((a, b, replace(c, deprecated=True), d), 2)).revision == 3


async def test_axioms_are_checked_against_the_canon(nodes, save):
    a, *rest = nodes
    with pytest.raises(GraphRefused) as refused:
        await save((replace(a, axioms=("axiom-grace", "axiom-luck")), *rest), 0)
    assert [(f["code"], f["nodes"]) for f in refused.value.details["faults"]] == [("unknown-axiom", ["a"])]


async def test_a_gate_that_nobody_can_open_is_refused(nodes, save):
    a, b, c, d = nodes
    with pytest.raises(GraphRefused, match=r"nobody can ever open 'c'"):
        await save((a, b, replace(c, gate=ScoreGate(9900, "awakening")), d), 0)


async def test_a_draft_that_went_on_is_told_with_both_revisions(nodes, save):
    await save(nodes, 0)
    await save(nodes, 1, actor=YOU)
    for stale in (0, 1, 3):
        with pytest.raises(DraftMoved) as moved:
            await save(nodes, stale)
        assert moved.value.details == {"yourRevision": stale, "currentRevision": 2}
        assert moved.value.status == 409


async def test_of_twenty_who_save_or_publish_at_once_one_wins(services, nodes, save, publish_now):
    done = await asyncio.gather(*(save(nodes, 0) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(each, drafts.Draft) for each in done) == 1
    assert sum(isinstance(each, DraftMoved) for each in done) == 19
    done = await asyncio.gather(*(publish_now(1, actor=f"session:{n}") for n in range(20)), return_exceptions=True)
    assert sum(isinstance(each, DraftMoved) for each in done) == 19
    assert [v.version for v in await read_versions(services, "ruach")] == [1]


async def test_ordinals_are_given_once_for_all(database, nodes, save, publish_now):
    await save(nodes, 0)
    await publish_now(1)
    a, b, c, d = nodes
    new = [replace(a, node_id=name, content_ref="content/x", prerequisites=("a",)) for name in ("x", "aa")]
    await save((new[0], a, b, c, d), 2)
    await publish_now(3)
    await save((new[1], new[0], d, c, b, a), 4)
    graph = await publish_now(5)
    assert {n.node_id: n.ordinal for n in graph.nodes} == {"a": 1, "b": 2, "c": 3, "d": 4, "x": 5, "aa": 6}
    assert await count(database, "node_registry") == 6


async def test_publishing_needs_a_reason_a_draft_news_and_content(services, database, nodes, save, publish_now):
    with pytest.raises(NoDraft):
        await publish_now(1)
    await save(nodes, 0)
    for reason in ("", "  \n"):
        with pytest.raises(BadInput, match="reason"):
            await publish_now(1, reason=reason)
    await publish_now(1)
    with pytest.raises(NothingNew):
        await publish_now(2)
    await save((*nodes, replace(nodes[0], node_id="z", content_ref="content/z")), 2)
    with pytest.raises(GraphRefused) as refused:
        await publish_now(3)
    assert [(f["code"], f["nodes"]) for f in refused.value.details["faults"]] == [("missing-piece", ["z"])]
    assert await count(database, "graph_version") == 1
    with pytest.raises(BadInput, match="no nodes"):
        await save((), 3)
    with pytest.raises(PathNotFound):
        await save_draft(services, "nowhere", Authored(nodes), revision=0, actor=ME)


async def test_a_mapping_is_stored_with_its_version_and_only_with_it(database, nodes, save, publish_now):
    await save(nodes, 0)
    await publish_now(1)
    a, b, c, d = nodes
    new = replace(b, node_id="x", content_ref="content/x")
    renamed = (a, replace(b, deprecated=True), new, replace(c, prerequisites=("x",)), d)
    with pytest.raises(GraphRefused, match="not in the graph"):
        await save(renamed, 2, renames={"b": ("y",)})
    await save(renamed, 2, merges={"x": Merge(("b",), "any")})
    await publish_now(3)
    async with database.connection() as conn:
        first, second = [(await conn.execute(sa.select(graphs.GRAPH_VERSION.c.mapping))).scalars().all()][0]
        draft = await drafts.get(conn, "ruach")
    assert first == {}
    assert second == {"from": 1, "nodes": {"b": {"kind": "merge", "to": ["x"], "need": "any"}}}
    assert (draft.authored.renames, draft.authored.merges) == ({}, {})


async def test_validate_writes_nothing(services, database, path, nodes):
    with pytest.raises(NoDraft):
        await validate_graph(services, "ruach")
    examined = await validate_graph(services, "ruach", Authored(nodes))
    assert (examined.graph.version, examined.faults, examined.order) == (1, (), ("a", "b", "c", "d"))
    broken = await validate_graph(services, "ruach", Authored((replace(nodes[0], content_ref="content/gone"),)))
    assert [fault.code for fault in broken.faults] == ["missing-piece"]
    assert [await count(database, table) for table in ("graph_draft", "graph_version", "node_registry")] == [0, 0, 0]
