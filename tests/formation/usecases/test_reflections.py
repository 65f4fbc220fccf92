"""A reflection is kept apart from the journal, scored by published rules at most once a day, and erasable by its author."""

import hashlib
import json

import pytest
import sqlalchemy as sa

from ruach_studio.formation.store import journal, reflections
from ruach_studio.formation.usecases.complete_section import NotDwelledEnough
from ruach_studio.formation.usecases.erase_reflection import ReflectionNotFound, erase_reflection
from ruach_studio.formation.usecases.list_reflections import list_reflections
from ruach_studio.formation.usecases.open_node import Gated, OtherKind
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.formation.usecases.write_reflection import TooFewWords
from ruach_studio.kernel.errors import BadInput

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"


@pytest.fixture
async def ready(member, read_section):
    await read_section()
    return member


async def test_a_reflection_is_scored_and_counts(services, ready, journey, types, good, clock):
    done = await submit_reflection(services, USER, "r1", good)
    assert (done.word_count, done.scored_from) == (len(good.split()), None)
    assert done.opinion.quality >= 600
    assert (await types(ready))[-2:] == [("reflection_submitted", "r1"), ("reflection_analyzed", done.reflection_id)]
    evidence = (await journey(ready)).evidence
    assert evidence.reflection_quality == {"r1": done.opinion.quality}
    assert evidence.completed["r1"] == clock.now()


async def test_the_journal_holds_no_word_of_it(services, ready, good):
    await submit_reflection(services, USER, "r1", good)
    async with services.database.connection() as conn:
        events = [event for _, event in await journal.read(conn, ready.enrollment_id)]
        audit = (await conn.execute(sa.text("SELECT string_agg(entry, '') FROM platform.decision_audit"))).scalar_one()
        inputs = (await conn.execute(sa.text("SELECT string_agg(inputs, '') FROM platform.decision_input"))).scalar_one()
    told = json.dumps([dict(event.data) for event in events]) + audit + inputs
    assert "brother" not in told
    submitted = next(event.data for event in events if event.event_type == "reflection_submitted")
    assert submitted["textSha256"] == hashlib.sha256(good.encode()).hexdigest()
    analyzed = next(event.data for event in events if event.event_type == "reflection_analyzed")
    assert (analyzed["source"], analyzed["rubricVersion"], analyzed["doctrinalSoundness"]) == (
        "rules", "refl-rules-v1", "unclear",
    )  # fmt: skip


async def test_a_request_sent_again_after_its_answer_was_lost_is_kept_once(services, ready, good, clock, types):
    first = await submit_reflection(services, USER, "r1", good)
    clock.later(minutes=5)
    assert await submit_reflection(services, USER, "r1", good) == first
    assert (await types(ready)).count(("reflection_submitted", "r1")) == 1
    other = await submit_reflection(services, USER, "r1", good + " And again.")
    clock.later(minutes=6)
    later = await submit_reflection(services, USER, "r1", good)
    assert len({first.reflection_id, other.reflection_id, later.reflection_id}) == 3, "a new text, and a new try"
    assert (await types(ready)).count(("reflection_submitted", "r1")) == 3


async def test_only_one_a_day_is_scored(services, ready, good, clock, journey):
    await submit_reflection(services, USER, "r1", "I walked to the shop and bought bread. " * 10)
    clock.later(hours=23, minutes=59)
    early = await submit_reflection(services, USER, "r1", good)
    assert early.opinion is None
    assert early.scored_from == clock.now().replace(microsecond=0) + (early.scored_from - clock.now())
    assert (early.scored_from - clock.now()).total_seconds() == 60
    clock.later(minutes=1)
    late = await submit_reflection(services, USER, "r1", good)
    assert late.opinion is not None
    assert (await journey(ready)).evidence.reflection_quality["r1"] == late.opinion.quality


async def test_a_copy_of_an_own_text_on_another_step_earns_nothing(services, ready, good, clock):
    from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint

    await attempt_checkpoint(services, USER, "c1", good)
    clock.later(hours=1)
    assert (await submit_reflection(services, USER, "r1", good)).opinion.quality == 0


async def test_too_short_too_long_too_early_and_elsewhere(services, member, good, read_section, types):
    with pytest.raises(Gated):
        await submit_reflection(services, USER, "r1", good)
    await read_section()
    before = await types(member)
    for arguments, error in (
        (("r1", "forty nine words " * 16 + "more"), TooFewWords), (("r1", ". " * 400), TooFewWords),
        (("r1", "word " * 6000), BadInput), (("r1", good + "\x00"), BadInput), (("s1", good), OtherKind),
        (("c1", good), OtherKind),
    ):  # fmt: skip
        with pytest.raises(error):
            await submit_reflection(services, USER, *arguments)
    assert await types(member) == before
    assert await list_reflections(services, USER) == []


async def test_a_prompt_may_ask_for_time_too(services, publish, small_graph, good, ids, read_section, types):
    from dataclasses import replace

    from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path

    nodes = [replace(node, min_dwell_s=60) if node.node_id == "r1" else node for node in small_graph.nodes]
    await publish(replace(small_graph, nodes=tuple(nodes)))
    await enroll_in_formation_path(services, USER, covenant="formation_journey", acknowledged_terms=True)
    await read_section()
    with pytest.raises(NotDwelledEnough, match="0 of 60 s"):
        await submit_reflection(services, USER, "r1", good)
    await read_section("r1", beats=7, session="another")
    assert (await submit_reflection(services, USER, "r1", good)).opinion.quality > 0


async def test_a_text_is_erased_and_progress_stands(services, ready, good, journey, database):
    done = await submit_reflection(services, USER, "r1", good)
    (before,) = await list_reflections(services, USER)
    assert (before.stored.text, before.quality) == (good, done.opinion.quality)
    with pytest.raises(ReflectionNotFound):
        await erase_reflection(services, "another", done.reflection_id)
    await erase_reflection(services, USER, done.reflection_id)
    (after,) = await list_reflections(services, USER)
    assert (after.stored.text, after.quality) == (None, done.opinion.quality)
    assert (await journey(ready)).evidence.reflection_quality["r1"] == done.opinion.quality
    with pytest.raises(ReflectionNotFound):
        await erase_reflection(services, USER, done.reflection_id)
    async with database.connection() as conn:
        assert (await reflections.get(conn, done.reflection_id)).erased_at is not None
        assert await reflections.texts_on_other_nodes(conn, USER, {"c1"}) == []


async def test_what_others_wrote_is_not_listed(services, ready, good):
    await submit_reflection(services, USER, "r1", good)
    assert await list_reflections(services, "another") == []
