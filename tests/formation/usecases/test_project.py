"""The projector keeps the projection, notes doors and phases once, and is never needed for reading."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import journal, projections
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.formation.usecases.view_axiom import view_axiom
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import list_decisions, list_transitions

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


async def outbox(services):
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT event_type, payload FROM platform.outbox ORDER BY id"))
        return [(row.event_type, row.payload["contentId"]) for row in rows]


async def test_doors_are_noted_once_and_announced(services, member, project, types, read_section):
    first = await project(member)
    assert (first.unlocked, first.gated) == (("s1",), ())
    assert ("content_unlocked", "s1") in await types(member)
    assert (await project(member)).unlocked == ()
    await read_section()
    second = await project(member)
    assert (second.unlocked, second.gated) == (("r1", "c1"), ())
    assert await outbox(services) == [
        ("formation.unlocked", "s1"), ("formation.unlocked", "r1"), ("formation.unlocked", "c1"),
    ]  # fmt: skip
    async with services.database.connection() as conn:
        decided = await list_decisions(conn, subject=member.enrollment_id)
    assert all(each["result"]["rulesVersion"] == "gate-v1" for each in decided)


async def test_a_shut_door_is_noted_once_and_time_alone_opens_it(
    services, member, project, read_section, good, other, clock
):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    await submit_reflection(services, USER, "r1", other)
    done = await project(member)
    assert done.gated == ("s2",)
    assert (await project(member)).gated == ()
    async with services.database.connection() as conn:
        waits = await conn.scalars(sa.text("SELECT extract(epoch FROM run_at - created_at) FROM platform.execution"))
        assert [round(float(wait)) for wait in waits if wait > 1] == [7 * 86400 - 40 + 5]
    clock.later(days=7)
    assert (await project(member)).unlocked == ("s2",)
    assert (await outbox(services))[-2:] == [("formation.gated", "s2"), ("formation.unlocked", "s2")]


async def test_a_phase_is_completed_once(services, member, project, read_section, good, other, clock, types, journey):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    clock.later(days=1)
    await submit_reflection(services, USER, "r1", other)
    for _ in range(2):
        await project(member)
    assert (await journey(member)).state.phase_completed == {"awakening": clock.now()}
    assert [name for name, _ in await types(member)].count("phase_completed") == 1


async def test_the_projection_is_the_journal_replayed(services, member, project, read_section, good, journey):
    await project(member)
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    before = await journey(member)
    await project(member)
    async with services.database.connection() as conn:
        stored = await projections.get(conn, member.enrollment_id)
        whole = replay(await journal.read(conn, member.enrollment_id))
    assert stored.digest == digest(whole)
    assert stored.journal_version == whole.journal_version
    assert before.evidence.checkpoints_passed == {"c1"}, "reading saw the passage before the projector did"


async def test_ten_projectors_at_once_note_each_door_once(services, member, project, types):
    await asyncio.gather(*(project(member) for _ in range(10)))
    assert [each for each in await types(member) if each[0] == "content_unlocked"] == [("content_unlocked", "s1")]


async def test_each_write_asks_for_the_projection_in_its_own_transaction(services, member, read_section, waiting):
    assert await waiting() == [("project", {"enrollmentId": member.enrollment_id})]
    await read_section(beats=1)
    assert len(await waiting()) == 2
    await read_section(beats=1, start=1)
    assert len(await waiting()) == 2, "a beat that writes no event asks for nothing"


async def test_as_of_a_day_before_anything_happened(services, member, journey, clock, read_section):
    await read_section()
    early = await journey(member, as_of=clock.now() - timedelta(days=1))
    assert (early.state.journal_version, early.evidence.completed) == (0, {})


async def test_readiness_is_noted_on_change_only(services, member, project, types, journey, clock):
    for name in ("axiom-scripture", "axiom-grace"):
        await view_axiom(services, USER, name)
    for _ in range(2):
        await project(member)
    told = [each for each in await types(member) if each[0] == "readiness_level_changed"]
    assert told == [("readiness_level_changed", "canon_engagement")]
    assert (await journey(member)).state.readiness == {"canon_engagement": "forming"}
    async with services.database.connection() as conn:
        (change,) = await list_transitions(conn, entity="formation-readiness")
    assert (change["from"], change["to"]) == ("emerging", "forming")
    assert change["reason"] == "2 points: 2 axioms viewed, 0 cited (3 each)"
    clock.later(days=8)
    for _ in range(2):
        await project(member)
    gaps = [each for each in await types(member) if each[0] == "formation_gap_detected"]
    assert gaps == [("formation_gap_detected", "theological/awakening")]
    assert (await journey(member)).state.gaps == {"theological/awakening": "minor"}


async def test_a_pause_is_noted_once(services, member, project, types, clock):
    async with services.database.transaction() as tx:
        for n in range(8):
            data = {"sectionId": f"x{n}", "phase": "awakening", "totalDwellTimeSeconds": 9}
            await write_fact(services, tx, member, "section_completed", f"x{n}", data, at=clock.now())
    for hours in (0, 1, 30):
        clock.later(hours=hours)
        await project(member)
    assert [each for each in await types(member) if each[0] == "pause_triggered"] == [
        ("pause_triggered", "speed_run_detected")
    ]  # fmt: skip


async def test_a_gate_that_waits_for_sixty_long_titles_is_noted_in_short(
    services, publish, make_node, ids, read_section, project, journey
):
    # the journal's door takes texts of 4000 characters: a job that failed on it would note nothing of this member ever again
    words = "of many words " * 8
    before = [replace(make_node(f"s{n}", n, min_dwell_s=30), title=f"Section {n} {words}") for n in range(1, 61)]
    last = make_node("end", 61, kind="checkpoint", prerequisites=tuple(node.node_id for node in before))
    await publish(Graph(1, (*before, last)))
    done = await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    await read_section("s1")
    assert "end" in (await project(done.enrollment)).gated
    assert len((await journey(done.enrollment)).state.gated["end"]) == 59
    async with services.database.connection() as conn:
        events = await journal.read(conn, done.enrollment.enrollment_id)
    (reason,) = [each.data["reason"] for _, each in events if (each.event_type, each.content_id) == ("content_gated", "end")]
    assert reason.startswith("prerequisites met 1 of 60: Section 2 of many words")
    assert reason.endswith("…")
    assert len(reason) == 4000


async def test_what_the_window_takes_for_a_repeat_is_not_announced_and_is_noted_a_second_later(
    services, publish, small_graph, member, project, types, clock, waiting
):
    """The same member on two paths with the same node ids: one event of a type and content per second."""
    await publish(replace(small_graph, path_id="other"))
    clock.later(seconds=2)
    second = (await enroll_in_formation_path(
        services, USER, covenant="formation_journey", acknowledged_terms=True, path_id="other"
    )).enrollment  # fmt: skip
    level = {"dimension": "pace", "previousLevel": "emerging", "newLevel": "established", "reason": "a test"}
    async with services.database.transaction() as tx:
        await write_fact(services, tx, second, "readiness_level_changed", "pace", level, at=clock.now())
    assert (await project(member)).unlocked == ("s1",)
    before = len(await waiting())
    assert (await project(second)).unlocked == ()
    assert await outbox(services) == [("formation.unlocked", "s1")]
    async with services.database.connection() as conn:
        assert await list_transitions(conn, entity="formation-readiness") == []
        assert await list_decisions(conn, subject=second.enrollment_id) == []
    assert len(await waiting()) == before + 1
    clock.later(seconds=1)
    assert (await project(second)).unlocked == ("s1",)
    assert (await types(second))[-2:] == [("content_unlocked", "s1"), ("readiness_level_changed", "pace")]
    assert await outbox(services) == [("formation.unlocked", "s1")] * 2
    async with services.database.connection() as conn:
        (told,) = await list_transitions(conn, entity="formation-readiness")
        assert (told["from"], told["to"]) == ("established", "emerging")
        assert len(await list_decisions(conn, subject=second.enrollment_id)) == 1
    assert len(await waiting()) == before + 1
