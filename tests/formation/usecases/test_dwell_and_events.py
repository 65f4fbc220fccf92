"""Time and completion are what the server measured; a client's own claim is worth nothing."""

import asyncio
from datetime import timedelta

import pytest

from ruach_studio.formation.journal import EVENT_TYPES
from ruach_studio.formation.store.journal import DuplicateEvent
from ruach_studio.formation.usecases.accept_event import CANON_EVENTS, NODE_EVENTS, NotYours, accept_event
from ruach_studio.formation.usecases.beat_heart import beat_heart
from ruach_studio.formation.usecases.complete_section import NotDwelledEnough
from ruach_studio.formation.usecases.open_node import Gated, NodeNotFound, OtherKind
from ruach_studio.infra.audit import list_decisions
from ruach_studio.kernel.errors import BadInput

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


async def test_heartbeats_complete_a_section(member, read_section, types, journey):
    assert (await read_section(beats=3)).dwell_s == 20
    counted = await read_section(beats=1, start=3)
    assert (counted.decision, counted.dwell_s, counted.minimum_dwell_s, counted.completed) == ("credited", 30, 30, True)
    assert await types(member) == [
        ("enrolled", "ruach"), ("covenant_entered", "formation_journey"), ("phase_started", "awakening"),
        ("section_viewed", "s1"), ("section_completed", "s1"),
    ]  # fmt: skip
    state = (await journey(member)).state
    assert state.dwell_s == {"s1": 30}
    assert (await read_section(beats=1, start=4)).completed, "more time changes nothing"
    assert len(await types(member)) == 5


async def test_a_claimed_completion_is_refused_with_the_count(services, member, read_section, types):
    await read_section(beats=2)
    with pytest.raises(NotDwelledEnough, match="10 of 30 s counted") as refused:
        await accept_event(services, USER, "section_completed", "s1")
    assert refused.value.details == {"dwellSeconds": 10, "minimumDwellSeconds": 30}
    assert ("section_completed", "s1") not in await types(member)
    await read_section(beats=2, start=2)
    assert not (await accept_event(services, USER, "section_completed", "s1")).recorded, "the heartbeat had done it"


async def test_two_tabs_count_once(services, member, clock):
    for sequence in range(4):
        for tab in ("one", "two"):
            counted = await beat_heart(services, USER, tab, "s1", sequence)
        clock.later(seconds=10)
    assert counted.dwell_s == 30


async def test_beats_that_do_not_count_change_nothing(services, member, clock):
    await beat_heart(services, USER, "tab", "s1", 5)
    clock.later(seconds=10)
    assert (await beat_heart(services, USER, "tab", "s1", 5)).decision == "stale_sequence"
    assert (await beat_heart(services, USER, "tab", "s1", 6)).credited_s == 10
    clock.later(seconds=3)
    assert (await beat_heart(services, USER, "tab", "s1", 7)).decision == "too_soon"
    clock.later(hours=3)
    assert (await beat_heart(services, USER, "tab", "s1", 8)).decision == "opened"


async def test_forty_beats_at_once_are_one(services, member, clock):
    await beat_heart(services, USER, "tab", "s1", 0)
    clock.later(seconds=10)
    done = await asyncio.gather(*(beat_heart(services, USER, "tab", "s1", 1 + n) for n in range(40)))
    assert sum(each.credited_s for each in done) == 10


@pytest.mark.parametrize("name", sorted(set(EVENT_TYPES) - set(NODE_EVENTS) - set(CANON_EVENTS)))
async def test_what_only_the_server_writes_is_refused(services, member, types, name):
    before = await types(member)
    with pytest.raises(NotYours):
        await accept_event(services, USER, name, "s1")
    assert await types(member) == before


async def test_other_nonsense_is_refused(services, member):
    for arguments, error in (
        (("mood_changed", "s1"), BadInput), (("enrolled", "ruach"), BadInput), (("section_viewed", ""), BadInput),
        (("section_viewed", "s1", {"dwellTimeSeconds": 9000}), BadInput), (("section_viewed", "nowhere"), NodeNotFound),
        (("section_viewed", "c1"), OtherKind), (("canon_definition_viewed", "axiom-grace", {"no": 1}), BadInput),
    ):  # fmt: skip
        with pytest.raises(error):
            await accept_event(services, USER, *arguments)


async def test_the_same_view_within_a_second_is_a_duplicate(services, member, clock, types):
    await accept_event(services, USER, "section_viewed", "s1")
    clock.later(milliseconds=999)
    with pytest.raises(DuplicateEvent):
        await accept_event(services, USER, "section_viewed", "s1")
    clock.later(milliseconds=1)
    assert (await accept_event(services, USER, "section_viewed", "s1")).recorded
    assert [each for each in await types(member) if each[0] == "section_viewed"] == [("section_viewed", "s1")] * 2


async def test_a_gated_step_takes_nothing_and_its_refusal_is_recorded(services, member, types, clock):
    before = await types(member)
    for attempt in (accept_event(services, USER, "checkpoint_reached", "c1"), beat_heart(services, USER, "tab", "s2", 0)):
        with pytest.raises(Gated) as refused:
            await attempt
        assert refused.value.details["reasons"]
        assert "To open it" in refused.value.remedy
    assert await types(member) == before
    async with services.database.connection() as conn:
        found = await list_decisions(conn, subject=member.enrollment_id)
    assert [each["result"]["decision"] for each in found] == ["gated", "gated"]


async def test_an_axiom_is_viewed_once(services, member, journey, clock):
    assert (await accept_event(services, USER, "canon_definition_viewed", "axiom-grace")).recorded
    assert not (await accept_event(services, USER, "canon_definition_viewed", "axiom-grace")).recorded
    assert (await journey(member)).state.axioms_viewed == {"axiom-grace": clock.now()}


async def test_a_local_day_is_fixed_at_the_event(services, publish, small_graph, ids, clock, read_section, journey):
    from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path

    await publish(small_graph)
    clock.at = clock.at.replace(hour=11, minute=30)  # already tomorrow in Auckland (UTC+13)
    done = await enroll_in_formation_path(
        services, USER, covenant="formation_journey", acknowledged_terms=True, time_zone="Pacific/Auckland"
    )
    await read_section()
    days = (await journey(done.enrollment)).state.active_days
    assert days == {"awakening": frozenset({(clock.now() + timedelta(days=1)).date()})}
