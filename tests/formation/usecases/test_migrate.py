"""A member moves to a newer version in one transaction with all that they did; nothing blocks, flags can be resolved."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.migration import OlderVersion
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import enrollments, graphs, journal, migrations, projections
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.usecases.migrate_enrollment import NotUnmappable, migrate_enrollment
from ruach_studio.infra.audit import list_transitions, verify_chain
from ruach_studio.kernel.errors import BadInput

from .conftest import USER
from .recovery import ANNA, asked, damage, everything


@pytest.fixture
def publish_next(database, clock):
    """Return a coroutine that publishes a later version with its mapping."""

    async def do(graph, nodes=None):
        mapping = {} if nodes is None else {"from": graph.version - 1, "nodes": nodes}
        async with database.transaction() as tx:
            await graphs.insert_version(
                tx, graph, actor="test", at=clock.now(), reason="a test", content_hash="0" * 64, mapping=mapping
            )
        return graph

    return do


@pytest.fixture
def migrate(services, clock):
    async def do(enrollment, version, *, dry_run=False, mapping=None):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await migrate_enrollment(services, conn, enrollment.enrollment_id, version, wish, mapping=mapping)

    return do


@pytest.fixture
def flags(services):
    async def do():
        async with services.database.connection() as conn:
            return [(each.unmappable.node_id, each.user_id) for each in await migrations.list_unmappable(conn)]

    return do


@pytest.fixture
def renamed_graph(small_graph, make_node):
    """Version 2: s1 was split into two, r1 is withdrawn, s2 asks for more."""
    s1, r1, c1, s2 = small_graph.nodes
    return Graph(2, (
        replace(s1, deprecated=True), replace(r1, deprecated=True), replace(c1, prerequisites=("n1", "n2")),
        replace(s2, gate=ScoreGate(9000, "awakening")), make_node("n1", 5), make_node("n2", 6),
    ))  # fmt: skip


FATES = {"s1": {"kind": "split", "to": ["n1", "n2"]}, "r1": {"kind": "retired", "to": []}}


async def test_one_event_holds_it_all(
    services, member, read_section, project, publish_next, renamed_graph, migrate, journey, types, database, waiting
):
    await read_section()
    await project(member)
    await publish_next(renamed_graph, FATES)
    answer = await migrate(member, 2)
    assert (answer["changed"], answer["nodes"]["s1"]["outcome"]) == (True, "split")
    now = await journey(member)
    assert (now.enrollment.graph_version, now.enrollment.enrollment_id) == (2, member.enrollment_id)
    assert {"s1", "n1", "n2"} == set(now.evidence.completed)
    assert (await types(member))[-1] == ("graph_migrated", "v2")
    async with database.connection() as conn:
        events = await journal.read(conn, member.enrollment_id)
        projection = await projections.get(conn, member.enrollment_id)
        (moved,) = [
            row for row in await list_transitions(conn, entity="formation-enrollment") if row["to"].startswith("graph")
        ]
        assert await verify_chain(conn) == []
    data = events[-1][1].data
    assert (data["mapping"]["s1"], data["requestedBy"], data["reason"]) == (["s1", "n1", "n2"], ANNA, "it looks wrong")
    assert data["report"]["nodes"]["s1"]["outcome"] == "split"
    assert (moved["from"], moved["to"], moved["reason"]) == ("graph-v1", "graph-v2", "it looks wrong")
    assert projection.digest == digest(replay(events))
    assert (await waiting())[-1][0] == "project"


async def test_a_dry_run_tells_the_same_and_writes_nothing(
    member, read_section, publish_next, renamed_graph, migrate, database
):
    await read_section()
    await publish_next(renamed_graph, FATES)
    before = await everything(database)
    dry = await migrate(member, 2, dry_run=True)
    assert await everything(database) == before
    assert await migrate(member, 2) == dry
    assert dry["scores"]["awakening"]["words"].startswith("awakening: 0.")
    assert any("sections completed 1 of 1" in each for each in dry["scoreReasons"]["awakening"]["before"])
    assert any("sections completed 2 of 2" in each for each in dry["scoreReasons"]["awakening"]["after"])


async def test_what_was_open_stays_open(
    services, member, read_section, publish_next, renamed_graph, migrate, journey, database, project
):
    await read_section()
    shut = replace(renamed_graph, nodes=tuple(
        replace(n, prerequisites=("s2",)) if n.node_id == "c1" else n for n in renamed_graph.nodes
    ))  # fmt: skip
    await publish_next(shut, FATES)
    answer = await migrate(member, 2)
    assert "c1" in answer["keptOpen"]
    assert "c1" in (await journey(member)).evidence.unlocked
    done = await project(member)
    assert "c1" not in done.gated


async def test_migrating_again_is_harmless_and_there_is_no_way_back(
    member, publish_next, renamed_graph, migrate, types, database
):
    await publish_next(renamed_graph, FATES)
    await migrate(member, 2)
    before = await everything(database)
    again = await migrate(member, 2)
    assert again["changed"] is False
    assert await everything(database) == before
    with pytest.raises(OlderVersion):
        await migrate(member, 1)
    with pytest.raises(GraphVersionNotFound):
        await migrate(member, 9)
    assert await everything(database) == before


async def test_two_at_once_move_once(member, publish_next, renamed_graph, migrate, types):
    await publish_next(renamed_graph, FATES)
    ends = await asyncio.gather(*(migrate(member, 2) for _ in range(4)))
    assert sorted(end["changed"] for end in ends) == [False, False, False, True]
    assert (await types(member)).count(("graph_migrated", "v2")) == 1


async def test_a_leap_over_three_versions(
    services, member, read_section, publish_next, renamed_graph, migrate, journey, make_node, flags
):
    await read_section()
    await publish_next(renamed_graph, FATES)
    third = Graph(3, (
        *(replace(n, deprecated=n.deprecated or n.node_id in ("n1", "n2")) for n in renamed_graph.nodes), make_node("m", 7)
    ))  # fmt: skip
    await publish_next(third, {name: {"kind": "merge", "to": ["m"], "need": "all"} for name in ("n1", "n2")})
    kept = [replace(n, deprecated=n.deprecated or n.node_id == "m") for n in third.nodes]
    fourth = Graph(4, (*kept, make_node("z", 8)))
    await publish_next(fourth, {"m": {"kind": "renamed", "to": ["z"]}})
    answer = await migrate(member, 4)
    assert answer["merges"] == [["m", "n1", "n2"]]
    now = await journey(member)
    assert {"s1", "n1", "n2", "m", "z"} == set(now.evidence.completed)
    assert await flags() == []


async def test_a_flag_can_be_resolved_and_stays_resolved(
    services, member, read_section, publish_next, small_graph, migrate, journey, flags, make_node, database, clock
):
    await read_section()
    kept = [replace(n, prerequisites=()) for n in small_graph.nodes if n.node_id != "s1"]
    await publish_next(Graph(2, (*kept, make_node("n1", 5), make_node("k1", 6, kind="checkpoint"))))
    answer = await migrate(member, 2)
    assert answer["unmappable"] == ["s1"]
    assert await flags() == [("s1", USER)]
    now = await journey(member)
    assert now.enrollment.graph_version == 2, "the enrollment goes on"
    clock.later(seconds=2)
    for wrong in ({"s1": ["k1"]}, {"s1": ["zz"]}):
        with pytest.raises(BadInput):
            await migrate(member, 2, mapping=wrong)
    with pytest.raises(NotUnmappable):
        await migrate(member, 2, mapping={"c1": ["k1"]})
    assert await flags() == [("s1", USER)]
    await migrate(member, 2, mapping={"s1": ["n1"]})
    assert await flags() == []
    assert "n1" in (await journey(member)).evidence.completed
    with pytest.raises(NotUnmappable):
        await migrate(member, 2, mapping={"s1": []})
    async with database.connection() as conn:
        events = [e for _, e in await journal.read(conn, member.enrollment_id) if e.event_type == "graph_migrated"]
    assert [(e.data["fromVersion"], e.data["toVersion"], e.data["mapping"].get("s1")) for e in events] == [
        (1, 2, None), (2, 2, ["n1"]),
    ]  # fmt: skip


async def test_a_broken_copy_or_a_lost_version_does_not_stand_in_the_way(
    services, member, read_section, project, publish_next, renamed_graph, migrate, journey, database
):
    await read_section()
    await project(member)
    await publish_next(renamed_graph, FATES)
    await damage(database, "UPDATE formation.projection SET snapshot = '{}'")
    await damage(database, "DELETE FROM formation.graph_version WHERE version = 1")
    await damage(database, "DELETE FROM formation.dependency WHERE version = 1")
    services.graphs.__init__()
    await migrate(member, 2)
    assert {"s1", "n1", "n2"} <= set((await journey(member)).evidence.completed)


async def test_everything_or_nothing(services, member, publish_next, renamed_graph, migrate, database, clock):
    await publish_next(renamed_graph, FATES)
    before = await everything(database)

    async def break_at_the_end():
        async with database.transaction() as tx:
            await migrate_enrollment(services, tx, member.enrollment_id, 2, asked(clock))
            assert (await enrollments.get(tx, member.enrollment_id)).graph_version == 2
            await tx.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(sa.exc.DBAPIError):
        await break_at_the_end()
    assert await everything(database) == before
