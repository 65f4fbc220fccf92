"""A checkpoint is passed by a recorded quality; a failed attempt waits 15, 30, 60 … minutes, a day at most."""

import asyncio

import pytest

from ruach_studio.formation.store import journal
from ruach_studio.formation.usecases.attempt_checkpoint import AlreadyPassed, CoolingDown, attempt_checkpoint
from ruach_studio.formation.usecases.open_node import Gated, OtherKind
from ruach_studio.formation.usecases.write_reflection import TooFewWords
from ruach_studio.infra.audit import list_decisions
from ruach_studio.kernel.errors import RuachError

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
POOR = "The shop sells bread and milk and eggs near the old station by the river. " * 5


@pytest.fixture
async def ready(member, read_section):
    await read_section()
    return member


async def test_a_good_answer_passes(services, ready, good, journey, types, clock):
    done = await attempt_checkpoint(services, USER, "c1", good)
    assert (done.passage.verdict.decision, done.next_attempt_at) == ("pass", None)
    assert (await types(ready))[-4:] == [
        ("checkpoint_reached", "c1"), ("reflection_submitted", "c1"), ("reflection_analyzed", done.reflection_id),
        ("checkpoint_completed", "c1"),
    ]  # fmt: skip
    now = await journey(ready)
    assert now.evidence.checkpoints_passed == {"c1"}
    async with services.database.connection() as conn:
        event = (await journal.read(conn, ready.enrollment_id))[-1][1]
        decisions = await list_decisions(conn, subject=ready.enrollment_id, limit=1)
    assert (event.data["passed"], event.data["score"], event.data["sectionId"]) == (True, done.opinion.quality / 1000, "s1")
    assert decisions[0]["result"]["rulesVersion"] == "attempt-v1"
    with pytest.raises(AlreadyPassed):
        await attempt_checkpoint(services, USER, "c1", good)


async def test_a_failed_answer_is_no_completion_and_cools_down_longer_each_time(services, ready, good, journey, clock):
    for minutes in (15, 30, 60, 120):
        done = await attempt_checkpoint(services, USER, "c1", POOR)
        assert done.passage.verdict.decision == "fail"
        assert (done.next_attempt_at - clock.now()).total_seconds() == minutes * 60
        clock.later(minutes=minutes, seconds=-1)
        with pytest.raises(CoolingDown, match="the next may come in 1 minute"):
            await attempt_checkpoint(services, USER, "c1", good)
        clock.later(seconds=1)
    now = await journey(ready)
    assert now.evidence.checkpoints_passed == frozenset()
    assert "c1" not in now.evidence.completed, "a failed answer with some quality does not complete the checkpoint"
    assert now.state.checkpoint_failures == {"c1": 4}
    assert (await attempt_checkpoint(services, USER, "c1", good)).passage.verdict.decision == "pass"


async def test_of_ten_answers_at_once_one_counts(services, ready, good, types):
    async def attempt():
        try:
            return await attempt_checkpoint(services, USER, "c1", good)
        except RuachError as error:
            return error.code

    done = await asyncio.gather(*(attempt() for _ in range(10)))
    assert sum(not isinstance(each, str) for each in done) == 1
    assert {each for each in done if isinstance(each, str)} == {"already_passed"}
    assert [name for name, _ in await types(ready)].count("checkpoint_completed") == 1


async def test_what_is_refused_leaves_nothing(services, member, good, read_section, types):
    with pytest.raises(Gated):
        await attempt_checkpoint(services, USER, "c1", good)
    await read_section()
    before = await types(member)
    for arguments, error in ((("c1", "too short"), TooFewWords), (("r1", good), OtherKind)):
        with pytest.raises(error):
            await attempt_checkpoint(services, USER, *arguments)
    assert await types(member) == before
