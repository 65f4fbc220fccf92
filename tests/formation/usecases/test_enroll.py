"""Covenant first; one stable enrollment per member and path, however often and by how many at once it is asked for."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from ruach_studio.formation.store import enrollments
from ruach_studio.formation.store.graphs import PathNotFound
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.enroll_in_formation_path import (
    JustEnrolled,
    NothingPublished,
    TermsNotAcknowledged,
    enroll_in_formation_path,
)
from ruach_studio.formation.usecases.open_node import NotEnrolled, NotTracked
from ruach_studio.infra.audit import list_transitions
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.ids import is_uuid4


async def enroll(services, user, covenant="formation_journey", **more):
    more = {"acknowledged_terms": True} | more
    return await enroll_in_formation_path(services, user, covenant=covenant, **more)


async def test_an_enrollment_starts_the_journey(services, publish, small_graph, ids, types, journey, clock):
    await publish(small_graph)
    done = await enroll(services, "7", time_zone="Pacific/Auckland")
    assert done.created
    assert is_uuid4(done.enrollment.enrollment_id)
    assert (done.enrollment.graph_version, done.enrollment.journal_version) == (1, 3)
    assert await types(done.enrollment) == [
        ("enrolled", "ruach"), ("covenant_entered", "formation_journey"), ("phase_started", "awakening"),
    ]  # fmt: skip
    state = (await journey(done.enrollment)).state
    assert (state.phase, state.covenant, state.enrolled_at, state.utc_offset_minutes) == (
        "awakening", "formation_journey", clock.now(), 13 * 60,
    )  # fmt: skip


async def test_twenty_at_once_make_one_enrollment(services, publish, small_graph, ids, types):
    await publish(small_graph)
    done = await asyncio.gather(*(enroll(services, "7") for _ in range(20)))
    assert len({each.enrollment.enrollment_id for each in done}) == 1
    assert sum(each.created for each in done) == 1
    assert len(await types(done[0].enrollment)) == 3


async def test_without_the_covenant_nothing_is_made(services, publish, small_graph, ids):
    await publish(small_graph)
    for broken, error in (
        ({"acknowledged_terms": False}, TermsNotAcknowledged), ({"covenant": "blood"}, BadInput),
        ({"time_zone": "Mars/Olympus"}, BadInput), ({"time_zone": "../../etc/passwd"}, BadInput),
        ({"path_id": "nowhere"}, PathNotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            await enroll(services, "7", **broken)
    with pytest.raises(NotEnrolled):
        await accept_event(services, "7", "section_viewed", "s1")
    async with services.database.connection() as conn:
        assert await enrollments.all_of_user(conn, "7") == []


async def test_a_path_without_a_version_is_no_path_yet(services, database, ids, clock):
    from ruach_studio.formation.store import graphs

    async with database.transaction() as tx:
        await graphs.insert_path(tx, graphs.Path("ruach", "A path", "", None, clock.now(), "test"))
    with pytest.raises(NothingPublished):
        await enroll(services, "7")


async def test_an_explorer_leaves_no_record_and_may_enter_the_journey_later(
    services, publish, small_graph, ids, types, clock
):
    await publish(small_graph)
    first = await enroll(services, "7", covenant="resource_explorer")
    with pytest.raises(NotTracked):
        await accept_event(services, "7", "section_viewed", "s1")
    assert [name for name, _ in await types(first.enrollment)] == ["enrolled", "covenant_entered"]
    clock.later(days=1)
    second = await enroll(services, "7")
    assert not second.created
    assert second.enrollment.enrollment_id == first.enrollment.enrollment_id
    assert second.enrollment.covenant_type == "formation_journey"
    assert [name for name, _ in await types(first.enrollment)][2:] == ["covenant_entered", "phase_started"]
    clock.later(days=1)
    third = await enroll(services, "7", covenant="resource_explorer")
    assert third.enrollment.covenant_type == "formation_journey", "a journey is never left for free browsing"


async def test_members_do_not_share_anything(services, publish, small_graph, ids, types):
    await publish(small_graph)
    one, other = await enroll(services, str(uuid4())), await enroll(services, str(uuid4()))
    assert one.enrollment.enrollment_id != other.enrollment.enrollment_id
    await accept_event(services, one.enrollment.user_id, "section_viewed", "s1")
    assert (len(await types(one.enrollment)), len(await types(other.enrollment))) == (4, 3)


async def test_a_second_path_within_the_second_is_refused_whole_and_stands_after_it(
    services, publish, small_graph, ids, clock, journey
):
    # the covenant's event would be a repeat within the window: an enrollment without it could never be walked
    await publish(small_graph)
    await publish(replace(small_graph, path_id="other"))
    await enroll(services, "7")
    clock.later(milliseconds=999)
    with pytest.raises(JustEnrolled) as refused:
        await enroll(services, "7", path_id="other")
    assert (refused.value.status, refused.value.retryable) == (409, True)
    async with services.database.connection() as conn:
        assert await enrollments.of_user(conn, "7", "other") is None
    clock.later(milliseconds=1)
    done = await enroll(services, "7", path_id="other")
    assert done.created
    assert (await journey(done.enrollment)).state.covenant == "formation_journey"
    assert (await accept_event(services, "7", "section_viewed", "s1", path_id="other")).recorded


async def test_a_time_zone_that_is_sent_later_is_taken_over_and_none_changes_nothing(
    services, publish, small_graph, ids, database, clock, repair
):
    await publish(small_graph)
    first = (await enroll(services, "7", "resource_explorer")).enrollment
    assert first.time_zone == "UTC"
    clock.later(days=1)
    entered = (await enroll(services, "7", time_zone="Australia/Sydney")).enrollment
    assert (entered.covenant_type, entered.time_zone) == ("formation_journey", "Australia/Sydney")
    clock.later(days=1)
    moved = await enroll(services, "7", time_zone="Europe/Paris")
    assert (moved.created, moved.enrollment.time_zone) == (False, "Europe/Paris")
    for again in ({}, {"time_zone": "Europe/Paris"}):
        assert (await enroll(services, "7", **again)).enrollment == moved.enrollment
    with pytest.raises(BadInput):
        await enroll(services, "7", time_zone="Mars/Olympus")
    async with database.connection() as conn:
        told = await list_transitions(conn, entity="formation-time-zone", entity_id=first.enrollment_id)
    assert sorted((each["from"], each["to"]) for each in told) == [
        ("Australia/Sydney", "Europe/Paris"), ("UTC", "Australia/Sydney"),
    ]  # fmt: skip
    await repair(moved.enrollment)
    async with database.connection() as conn:
        stands = await enrollments.get(conn, first.enrollment_id)
    assert replace(stands, journal_version=0) == replace(moved.enrollment, journal_version=0)
