"""A day of activity can always be made up for: by reading a finished section again, for as long as it asks."""

import pytest

from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.usecases.accept_event import accept_event
from ruach_studio.formation.usecases.check_access import check_access
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.recommend_next_steps import recommend_next_steps

from .conftest import USER


@pytest.fixture
async def all_in_one_day(services, publish, make_node, clock, ids, read_section):
    """A member who has read all of the first phase; the second asks for 0.75, which days of activity alone can bring."""
    gate = ScoreGate(7500, "awakening")
    nodes = (make_node("s1", 1, min_dwell_s=30), make_node("s2", 2, 2, prerequisites=("s1",), gate=gate))
    await publish(Graph(1, nodes))
    made = await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    assert (await read_section("s1")).completed
    return made.enrollment


async def test_the_days_that_a_gate_asks_for_can_be_lived(
    services, all_in_one_day, clock, read_section, project, journey, types
):
    await project(all_in_one_day)
    asked = (await check_access(services, USER, "s2")).access.opening
    assert (asked.acts, asked.active_days > 0, asked.reachable) == ((), True, True)
    [step] = [step for step, _ in (await recommend_next_steps(services, USER)).steps if step.offer == "revisit"]
    assert step.verdict.reasons[-1] == "nothing new is open: reading it again counts as an active day"
    for day in range(asked.active_days):
        clock.later(days=1)
        assert (await read_section("s1", session=f"day {day}")).completed
    clock.later(days=7)  # the phase's own minimum
    await project(all_in_one_day)
    assert (await check_access(services, USER, "s2")).access.verdict.decision == "granted"
    state = (await journey(all_in_one_day)).state
    assert len(state.active_days["awakening"]) == 1 + asked.active_days
    assert len(state.sections_completed) == 1
    told = [each for each in await types(all_in_one_day) if each == ("section_completed", "s1")]
    assert len(told) == 1 + asked.active_days


async def test_a_day_counts_once_and_not_for_a_glance(services, all_in_one_day, clock, read_section, types):
    async def told():
        return (await types(all_in_one_day)).count(("section_completed", "s1"))

    await read_section("s1", beats=5, session="same day")
    assert await told() == 1, "today is an active day already"
    clock.later(days=1)
    await read_section("s1", beats=3, session="a glance")
    assert not (await accept_event(services, USER, "section_completed", "s1")).recorded, "20 of 30 s"
    assert await told() == 1
    await read_section("s1", beats=8, session="a glance", start=3)
    assert await told() == 2
    await read_section("s1", beats=8, session="once more")
    assert await told() == 2


async def test_time_of_another_day_buys_no_day(services, all_in_one_day, clock, read_section, types):
    await read_section("s1", beats=12, session="a long evening")
    clock.later(days=1)
    assert not (await accept_event(services, USER, "section_completed", "s1")).recorded, "nothing was read today"
    now = clock.now()
    clock.later(seconds=86_400 - 3600 * now.hour - 60 * now.minute - now.second - 125)
    await read_section("s1", beats=13, session="until midnight")  # an active day, and its surplus
    assert clock.now().hour == 0
    before = (await types(all_in_one_day)).count(("section_completed", "s1"))
    await read_section("s1", beats=1, session="until midnight", start=13)
    assert (await types(all_in_one_day)).count(("section_completed", "s1")) == before, "one beat after midnight"


async def test_reading_in_several_tabs_of_one_day_counts_together(all_in_one_day, clock, read_section, types):
    clock.later(days=1)
    for tab in range(2):
        await read_section("s1", beats=3, session=f"tab {tab}")  # 20 s each, of 30
    assert (await types(all_in_one_day)).count(("section_completed", "s1")) == 2
