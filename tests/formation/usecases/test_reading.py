"""Access, score, path and state as a member and an operator ask for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store.journal import EnrollmentNotFound
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.check_access import check_access
from ruach_studio.formation.usecases.compute_score import compute_score
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.load_evidence import Standpoint
from ruach_studio.formation.usecases.open_node import NodeNotFound, NotEnrolled, NotTracked
from ruach_studio.formation.usecases.read_decisions import read_decisions
from ruach_studio.formation.usecases.read_journal import read_journal
from ruach_studio.formation.usecases.read_path import read_path
from ruach_studio.formation.usecases.read_state import moment_of, read_state
from ruach_studio.infra.audit import list_decisions
from ruach_studio.kernel.errors import BadInput

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


async def recorded(services, subject):
    async with services.database.connection() as conn:
        return [row["result"] for row in await list_decisions(conn, subject=subject)][::-1]


async def test_a_gated_node_says_what_lacks_and_what_would_open_it(services, member, read_section, good, clock):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    before = len(await recorded(services, member.enrollment_id))
    told = await check_access(services, USER, "s2")
    assert told.access.verdict.decision == "gated"
    assert [(each.lack, each.subject) for each in told.access.deficits] == [("phase_minimum", "awakening")]
    assert told.access.opens_at == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert (await recorded(services, member.enrollment_id))[before:] == [told.result.to_wire()]
    clock.later(days=7)
    opened = await check_access(services, USER, "s2")
    assert (opened.access.verdict.decision, opened.node.title) == ("granted", "S2")


async def test_a_node_that_the_path_never_had_is_not_found_and_no_ghost(services, member, published_ghosts):
    with pytest.raises(NodeNotFound):
        await check_access(services, USER, "made-up")
    assert await published_ghosts() == []


async def test_a_node_of_a_newer_version_is_not_found_and_says_where_it_is(
    services, member, publish, small_graph, make_node
):
    await publish(Graph(2, (*small_graph.nodes, make_node("new", 9))))
    with pytest.raises(NodeNotFound, match="it came with version 2 of the path, yours is version 1"):
        await check_access(services, USER, "new")


async def test_a_ghost_blocks_and_is_announced_once_per_enrollment_node_and_version(
    services, publish, small_graph, published_ghosts, ids
):
    await publish(small_graph)
    lost = [node for node in small_graph.nodes if node.node_id != "c1"]
    await publish(Graph(2, tuple(lost)))  # somebody went around the check
    for user in (USER, "another"):
        done = await enroll_in_formation_path(services, user, covenant="formation_journey", acknowledged_terms=True)
        for _ in range(2):
            told = await check_access(services, user, "c1")
            assert (told.access.ghost, told.node, told.graph_version) == (True, None, 2)
        behind = await check_access(services, user, "s2")  # its prerequisite is the ghost
        assert behind.access.ghost
        assert done.created
    ghosts = await published_ghosts()
    assert [(each["userId"], each["missingNodeId"], each["graphVersion"]) for each in ghosts] == [
        (USER, "c1", 2), ("another", "c1", 2),
    ]  # fmt: skip


async def test_without_a_covenant_access_is_gated_and_recorded_about_the_user(services, publish, small_graph, ids):
    await publish(small_graph)
    told = await check_access(services, USER, "s1")
    assert (told.access.verdict.decision, told.enrollment_id) == ("gated", None)
    assert [each["reasons"] for each in await recorded(services, f"user:{USER}")] == [["enter the covenant first"]]


async def test_scores_of_all_phases_of_one_and_against_a_gate(services, member, read_section, good):
    await read_section()
    await attempt_checkpoint(services, USER, "c1", good)
    scored = await compute_score(services, USER)
    assert [phase for phase, *_ in scored] == ["awakening", "separation"]
    # sections 1/1 of 20, reflection 0/1 of 25, checkpoint 1/1 of 35, one of seven days twice of 10 each
    assert scored[0][1].bp == (20 + 35 + 20 / 7) * 100 // 1
    ((_, one, result),) = await compute_score(services, USER, phase="separation")
    assert (one.bp, result.verdict.decision) == (0, "pass")
    ((phase, gate, _),) = await compute_score(services, USER, node_id="s2")
    assert (phase, gate.verdict.decision) == ("awakening", "pass")
    assert gate.verdict.reasons[0] == "score 0.5785 in awakening, threshold 0.40, reached"
    rules = [each["rulesVersion"] for each in await recorded(services, member.enrollment_id)]
    assert rules.count("score-v1") == 4


async def test_a_score_needs_a_journey(services, publish, small_graph, ids):
    await publish(small_graph)
    with pytest.raises(NotEnrolled):
        await compute_score(services, USER)
    await enroll_in_formation_path(services, USER, covenant="resource_explorer", acknowledged_terms=True)
    with pytest.raises(NotTracked):
        await compute_score(services, USER)
    await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    with pytest.raises(NodeNotFound):
        await compute_score(services, USER, node_id="made-up")


async def test_the_path_shows_every_node_and_what_is_open(services, member, read_section):
    shown = await read_path(services, USER)
    assert [(step.node.node_id, step.state) for step in shown.steps] == [
        ("s1", "open"), ("r1", "locked"), ("c1", "locked"), ("s2", "locked"),
    ]  # fmt: skip
    assert shown.steps[1].deficits[0].words == "S1 is not done"
    await read_section()
    shown = await read_path(services, USER)
    assert (shown.steps[0].state, shown.watch) == ("done", ("r1", "c1"))
    assert [(each.phase, each.phase_done, each.phase_of) for each in shown.progress] == [
        ("awakening", 1, 3), ("separation", 0, 1),
    ]  # fmt: skip
    stranger = await read_path(services, "stranger")
    assert (stranger.enrollment_id, stranger.watch, {step.state for step in stranger.steps}) == (None, (), {"locked"})


async def test_the_state_of_any_date_is_what_the_journal_said_then(services, member, read_section, good, clock):
    await read_section()
    clock.later(days=2)
    await attempt_checkpoint(services, USER, "c1", good)
    clock.later(days=3)
    now = await read_state(services, member.enrollment_id)
    assert set(now.journey.state.checkpoints_passed) == {"c1"}
    assert now.journey.state.days_in_phase(now.as_of) == 5
    then = await read_state(services, member.enrollment_id, as_of="2026-03-03")
    assert then.as_of == datetime(2026, 3, 3, 23, 59, 59, 999999, tzinfo=UTC)
    assert (set(then.journey.state.sections_completed), set(then.journey.state.checkpoints_passed)) == ({"s1"}, set())
    assert then.journey.evidence.origin.until == then.as_of
    before = await read_state(services, member.enrollment_id, as_of="2026-03-02T08:59:59Z")
    assert (before.journey.state.journal_version, before.journey.state.covenant) == (0, None)
    later = await read_state(services, member.enrollment_id, as_of="2027-01-01")
    assert later.journey.state == now.journey.state
    assert later.readiness.red_flags == ("disengaged",)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-03-02T09:00:00", "0001-01-01", "9999-12-31", "2026-03-02T09:00:00+30:00"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(BadInput) as caught:
        moment_of(text, "UTC")
    assert caught.value.subject == "asOf"


def test_a_date_ends_in_the_member_s_zone():
    assert moment_of("2026-03-02", "Pacific/Kiritimati").astimezone(UTC) == datetime(2026, 3, 2, 9, 59, 59, 999999, UTC)
    assert moment_of("2026-03-02T10:00:00+02:00", "UTC") == datetime(2026, 3, 2, 8, tzinfo=UTC)


async def test_the_journal_is_paged(services, member):
    page = await read_journal(services, member.enrollment_id, limit=2)
    assert [(version, event.event_type) for version, event in page] == [(1, "enrolled"), (2, "covenant_entered")]
    rest = await read_journal(services, member.enrollment_id, after=2)
    assert [event.event_type for _, event in rest] == ["phase_started"]
    with pytest.raises(EnrollmentNotFound):
        await read_journal(services, "0b3f5b1e-6a0e-4e0e-8f43-53f3fdc4c0d1")


async def test_decisions_are_paged_and_only_ones_own(services, member):
    for _ in range(3):
        await check_access(services, USER, "s1")
    first = await read_decisions(services, user_id=USER, limit=2)
    rest = await read_decisions(services, user_id=USER, before=first[-1]["seq"])
    assert [row["seq"] for row in first + rest] == sorted((row["seq"] for row in first + rest), reverse=True)
    assert len(first + rest) == 3
    assert await read_decisions(services, enrollment_id=member.enrollment_id, user_id=USER) == first + rest
    assert await read_decisions(services, enrollment_id=member.enrollment_id) == first + rest
    with pytest.raises(EnrollmentNotFound):
        await read_decisions(services, enrollment_id=member.enrollment_id, user_id="another")
    assert await read_decisions(services, user_id="another") == []


def test_the_clock_of_a_stand_is_the_member_s(member, small_graph, clock):
    summer = datetime(2026, 7, 1, 23, tzinfo=UTC)
    local = Standpoint(replace(member, time_zone="Europe/Paris"), small_graph, Evidence()).local(summer)
    assert (local, local.utcoffset(), local.date().isoformat()) == (summer, timedelta(hours=2), "2026-07-02")
