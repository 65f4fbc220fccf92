from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.evidence_text import to_text
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import PathNotFound
from ruach_studio.formation.usecases.enroll_in_formation_path import NothingPublished, enroll_in_formation_path
from ruach_studio.formation.usecases.load_evidence import load_evidence
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps
from ruach_studio.infra.audit import list_decisions, stored_inputs
from ruach_studio.kernel.errors import BadInput

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


def _offers(found):
    return [(step.offer, step.verdict.decision) for step, _ in found.steps]


@pytest.fixture
def audited(services):
    """Return a coroutine that lists the wire results recorded about a subject, the oldest first."""

    async def do(subject):
        async with services.database.connection() as conn:
            return [row["result"] for row in await list_decisions(conn, subject=subject)][::-1]

    return do


async def kept_rows(services):
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT journal_version, facts, kept_at FROM formation.evidence"))
        return [tuple(row) for row in rows]


async def test_each_step_is_a_recorded_decision_with_its_inputs(services, member, audited, clock, ids):
    found = await recommend_next_steps(services, USER)
    assert (found.enrollment_id, found.graph_version, found.covenant) == (member.enrollment_id, 1, "formation_journey")
    assert _offers(found) == [("open", "s1"), ("locked", "r1"), ("locked", "c1")]
    recorded = await audited(member.enrollment_id)
    assert recorded == [result.to_wire() for _, result in found.steps]
    assert recorded[0]["reasons"][0] == "no prerequisites"
    assert {each["correlationId"] for each in recorded} == {ids.correlation_id}
    async with services.database.connection() as conn:
        inputs = await stored_inputs(conn, recorded[0]["inputsHash"])
    assert inputs["asOf"] == clock.now().isoformat()
    assert inputs["evidence"]["enrollmentId"] == member.enrollment_id
    assert inputs["evidence"]["journalVersion"] == 3


async def test_reading_writes_nothing_into_the_journal(services, member, types):
    before = await types(member)
    for _ in range(3):
        await recommend_next_steps(services, USER)
    assert await types(member) == before


async def test_facts_are_kept_once_and_written_anew_when_the_journal_went_on(services, member, read_section, clock, journey):
    await recommend_next_steps(services, USER)
    (first,) = await kept_rows(services)
    clock.later(minutes=1)
    await recommend_next_steps(services, USER)
    assert await kept_rows(services) == [first]
    await read_section()
    found = await recommend_next_steps(services, USER)
    assert ("open", "c1") in _offers(found)
    ((version, facts, _),) = await kept_rows(services)
    whole = await journey(member)
    assert version == whole.state.journal_version > first[0]
    assert facts == to_text(whole.evidence)


async def test_facts_kept_by_another_reducer_are_not_read_but_written_anew(services, member):
    await recommend_next_steps(services, USER)
    (first,) = await kept_rows(services)
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("UPDATE formation.evidence SET reducer = 'older', facts = '{}'"))
    assert _offers(await recommend_next_steps(services, USER))[0] == ("open", "s1")
    assert [row[:2] for row in await kept_rows(services)] == [first[:2]]


async def test_the_projector_leaves_them_ready(services, member, read_section, project, journey):
    await read_section()
    await project(member)
    (kept,) = await kept_rows(services)
    whole = await journey(member)
    assert kept[:2] == (whole.state.journal_version, to_text(whole.evidence))
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, USER)
    assert standing.evidence.origin.journal_version == whole.state.journal_version
    assert "r1" in standing.evidence.unlocked
    assert await kept_rows(services) == [kept]


async def test_whoever_is_not_enrolled_is_offered_the_entries_and_the_covenant_first(
    services, publish, small_graph, ids, audited
):
    await publish(small_graph)
    found = await recommend_next_steps(services, "somebody")
    assert (found.enrollment_id, found.covenant) == (None, None)
    assert _offers(found) == [("covenant", "s1")]
    assert found.steps[0][1].verdict.reasons == ("enter the covenant first",)
    assert len(await audited("user:somebody")) == 1


async def test_a_resource_explorer_browses_freely_and_leaves_no_record(services, publish, small_graph, ids, types):
    await publish(small_graph)
    done = await enroll_in_formation_path(services, USER, covenant="resource_explorer", acknowledged_terms=True)
    before = await types(done.enrollment)
    found = await recommend_next_steps(services, USER)
    assert _offers(found) == [("open", "s1"), ("locked", "r1"), ("locked", "c1")]
    assert found.steps[1][1].verdict.reasons[-1] == "the formation_journey covenant opens it"
    assert await types(done.enrollment) == before


async def test_days_are_counted_in_the_member_s_zone_and_said_as_an_offset(
    services, publish, small_graph, ids, clock, audited
):
    await publish(small_graph)
    done = await enroll_in_formation_path(
        services, USER, covenant="formation_journey", acknowledged_terms=True, time_zone="America/St_Johns"
    )
    await recommend_next_steps(services, USER)
    async with services.database.connection() as conn:
        inputs = await stored_inputs(conn, (await audited(done.enrollment.enrollment_id))[0]["inputsHash"])
    assert inputs["asOf"] == "2026-03-02T05:30:00-03:30"


async def test_a_path_unknown_or_unpublished_and_a_limit_out_of_range_are_refused(
    services, publish, small_graph, ids, clock
):
    with pytest.raises(PathNotFound):
        await recommend_next_steps(services, USER, path_id="elsewhere")
    async with services.database.transaction() as tx:
        await graphs.insert_path(tx, graphs.Path("empty", "Empty", "", None, clock.now(), "test"))
    with pytest.raises(NothingPublished):
        await recommend_next_steps(services, USER, path_id="empty")
    await publish(small_graph)
    done = await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    assert done.created
    with pytest.raises(BadInput):
        await recommend_next_steps(services, USER, limit=0)


async def test_a_ghost_before_a_next_step_is_announced_once(services, publish, small_graph, ids, published_ghosts):
    section, _, checkpoint, _ = small_graph.nodes
    await publish(Graph(1, (section, replace(checkpoint, prerequisites=("s1", "lost")))))
    done = await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    for _ in range(3):
        found = await recommend_next_steps(services, USER)
    assert _offers(found) == [("open", "s1"), ("locked", "c1")]
    assert await published_ghosts() == [
        {"userId": USER, "enrollmentId": done.enrollment.enrollment_id, "missingNodeId": "lost", "graphVersion": 1}
    ]
