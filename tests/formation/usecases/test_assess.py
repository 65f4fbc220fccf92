"""A model's opinion is one more recorded fact: it may lift an answer over a checkpoint, it never takes anything back."""

from dataclasses import replace

import pytest

from ruach_studio.formation.ports import Opinion
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import journal
from ruach_studio.formation.usecases.assess_reflection import assess_reflection
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
