"""Counted time belongs to a step of one path, and stays with it when a migration gives it another name."""

from dataclasses import replace

import pytest

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.complete_section import NotDwelledEnough
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.migrate_enrollment import migrate_enrollment

from .conftest import USER
from .recovery import asked


async def enroll(services, path_id="ruach"):
    made = await enroll_in_formation_path(
        services, USER, covenant="formation_journey", acknowledged_terms=True, path_id=path_id
    )
    return made.enrollment


async def renamed(database, services, clock, enrollment, graph, **new):
    """Publish version 2, in which s1 is called s1b, and move the member there."""
    (s1,) = graph.nodes
    following = Graph(2, (replace(s1, deprecated=True), replace(s1, node_id="s1b", ordinal=2, **new)))
    async with database.transaction() as tx:
        await graphs.insert_version(
            tx, following, actor="test", at=clock.now(), reason="a test", content_hash="0" * 64,
            mapping={"from": 1, "nodes": {"s1": {"kind": "renamed", "to": ["s1b"]}}},
        )  # fmt: skip
        await migrate_enrollment(services, tx, enrollment.enrollment_id, 2, asked(clock))


async def test_time_on_one_path_is_none_on_the_same_step_of_another(services, publish, make_node, clock, ids):
    await publish(Graph(1, (make_node("intro", 1, min_dwell_s=30),)))
    await publish(Graph(1, (make_node("intro", 1, min_dwell_s=30),), "second"))
    await enroll(services)
    clock.later(seconds=10)
    await enroll(services, "second")
    for beat in range(4):
        counted = await beat_heart(services, USER, "tab", "intro", beat)
        clock.later(seconds=10)
    assert (counted.dwell_s, counted.completed) == (30, True)
    with pytest.raises(NotDwelledEnough, match="0 of 30 s counted"):
        await accept_event(services, USER, "section_completed", "intro", {}, path_id="second")
    for beat in range(4):
        counted = await beat_heart(services, USER, "other", "intro", beat, path_id="second")
        clock.later(seconds=10)
    assert (counted.dwell_s, counted.completed) == (30, True)


async def test_time_under_the_old_name_counts_under_the_new_one(services, database, publish, make_node, clock, ids):
    graph = Graph(1, (make_node("s1", 1, min_dwell_s=180),))
    await publish(graph)
    enrollment = await enroll(services)
    for beat in range(18):
        counted = await beat_heart(services, USER, "tab", "s1", beat)
        clock.later(seconds=10)
    assert (counted.dwell_s, counted.completed) == (170, False)
    await renamed(database, services, clock, enrollment, graph)
    opened = await beat_heart(services, USER, "tab 2", "s1b", 0)
    clock.later(seconds=10)
    last = await beat_heart(services, USER, "tab 2", "s1b", 1)
    assert [(each.dwell_s, each.completed) for each in (opened, last)] == [(170, False), (180, True)]


async def test_a_section_done_under_its_old_name_is_done_whatever_the_new_one_asks(
    services, database, publish, make_node, clock, ids, read_section
):
    graph = Graph(1, (make_node("s1", 1, min_dwell_s=30),))
    await publish(graph)
    enrollment = await enroll(services)
    assert (await read_section()).completed
    await renamed(database, services, clock, enrollment, graph, min_dwell_s=600)
    assert (await accept_event(services, USER, "section_completed", "s1b", {})).recorded is False
