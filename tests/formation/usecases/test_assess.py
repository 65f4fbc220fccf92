"""A model's opinion is one more recorded fact: it may lift an answer over a checkpoint, it never takes anything back."""

from dataclasses import replace

import pytest

from ruach_studio.formation.ports import Opinion
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import journal
from ruach_studio.formation.usecases.assess_reflection import JustAttempted, assess_reflection
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.erase_reflection import erase_reflection
from ruach_studio.formation.usecases.submit_reflection import submit_reflection

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
POOR = "The shop sells bread and milk and eggs near the old station by the river. " * 5


class Model:
    """A language model that says what it is told to and counts how often it was asked."""

    def __init__(self, quality):
        self.quality, self.asked = quality, 0

    async def assess(self, given):
        self.asked += 1
        assert given.prompt.startswith("What does")
        return Opinion(self.quality, False, True, "sound", "llm", "refl-llm-v1", ("good",), provider="p", model="m",
                       prompt_sha256="0" * 64, raw_response_sha256="1" * 64)  # fmt: skip


@pytest.fixture
async def ready(member, read_section):
    await read_section()
    return member


async def test_the_job_is_asked_for_only_where_a_model_is_configured(services, ready, good, waiting):
    await submit_reflection(services, USER, "r1", good)
    assert "assess" not in {name for name, _ in await waiting()}
    await attempt_checkpoint(replace(services, assessor=Model(900)), USER, "c1", POOR)
    assert [name for name, _ in await waiting()].count("assess") == 1


async def test_a_model_lifts_an_answer_over_the_checkpoint(services, ready, journey, types, clock):
    model = Model(900)
    asked = replace(services, assessor=model)
    failed = await attempt_checkpoint(asked, USER, "c1", POOR)
    assert failed.passage.verdict.decision == "fail"
    clock.later(minutes=1)
    assert await assess_reflection(asked, failed.reflection_id)
    assert (await journey(ready)).evidence.checkpoints_passed == {"c1"}
    assert (await types(ready))[-2:] == [
        ("reflection_analyzed", f"{failed.reflection_id}:llm"),
        ("checkpoint_completed", "c1"),
    ]
    async with services.database.connection() as conn:
        events = await journal.read(conn, ready.enrollment_id)
    data = events[-2][1].data
    assert (data["source"], data["model"], data["promptSha256"], data["depthScore"]) == ("llm", "m", "0" * 64, 0.9)
    assert digest(replay(events)) == digest(replay(events))
    assert model.asked == 1, "a replay asks nobody"


async def test_a_low_opinion_takes_nothing_back(services, ready, good, journey):
    done = await submit_reflection(services, USER, "r1", good)
    assert await assess_reflection(replace(services, assessor=Model(10)), done.reflection_id)
    assert (await journey(ready)).evidence.reflection_quality["r1"] == done.opinion.quality


async def test_an_erased_text_is_not_read_again(services, ready, good):
    done = await submit_reflection(services, USER, "r1", good)
    await erase_reflection(services, USER, done.reflection_id)
    model = Model(900)
    assert not await assess_reflection(replace(services, assessor=model), done.reflection_id)
    assert model.asked == 0


async def test_a_job_that_comes_twice_and_late_asks_and_writes_once(services, ready, good, types, clock):
    done = await submit_reflection(services, USER, "r1", good)
    model = Model(900)
    for _ in range(2):
        assert await assess_reflection(replace(services, assessor=model), done.reflection_id)
        clock.later(minutes=5)
    assert model.asked == 1
    assert (await types(ready)).count(("reflection_analyzed", f"{done.reflection_id}:llm")) == 1


class Rival(Model):
    """A model that is slow: meanwhile another delivery of the same job is done."""

    def __init__(self, quality, services, clock):
        super().__init__(quality)
        self.services, self.clock = services, clock

    async def assess(self, given):
        await assess_reflection(replace(self.services, assessor=Model(800)), self.reflection_id)
        self.clock.later(minutes=1)
        return await super().assess(given)


async def test_of_two_deliveries_at_once_one_writes(services, ready, good, types, clock):
    done = await submit_reflection(services, USER, "r1", good)
    slow = Rival(900, services, clock)
    slow.reflection_id = done.reflection_id
    assert await assess_reflection(replace(services, assessor=slow), done.reflection_id)
    assert (await types(ready)).count(("reflection_analyzed", f"{done.reflection_id}:llm")) == 1


async def test_a_model_that_is_quicker_than_the_window_is_asked_again_and_the_passage_stands(
    services, ready, journey, types, clock
):
    asked = replace(services, assessor=Model(900))
    failed = await attempt_checkpoint(asked, USER, "c1", POOR)
    clock.later(milliseconds=700)
    before = await types(ready)
    with pytest.raises(JustAttempted) as refused:
        await assess_reflection(asked, failed.reflection_id)
    assert refused.value.retryable
    assert await types(ready) == before, "half an opinion would be never looked at again"
    clock.later(milliseconds=300)
    assert await assess_reflection(asked, failed.reflection_id)
    assert (await journey(ready)).evidence.checkpoints_passed == {"c1"}


async def test_a_text_that_is_erased_while_the_model_reads_is_left_alone(services, ready, good, types):
    done = await submit_reflection(services, USER, "r1", good)

    class Slow(Model):
        async def assess(self, given):
            await erase_reflection(services, USER, done.reflection_id)
            return await super().assess(given)

    assert not await assess_reflection(replace(services, assessor=Slow(900)), done.reflection_id)
    assert ("reflection_analyzed", f"{done.reflection_id}:llm") not in await types(ready)
