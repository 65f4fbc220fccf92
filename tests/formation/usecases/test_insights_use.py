"""Insights: submitted with a privilege, published by operators alone, voted on by those who may, erased by authors."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ruach_studio.formation.insights import IllegalStep, TooManyWaiting
from ruach_studio.formation.store import insights
from ruach_studio.formation.store.insights import InsightNotFound
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.decide_insight import decide_insight
from ruach_studio.formation.usecases.enroll_in_formation_path import enroll_in_formation_path
from ruach_studio.formation.usecases.erase_insight import erase_insight
from ruach_studio.formation.usecases.erase_reflection import ReflectionNotFound, erase_reflection
from ruach_studio.formation.usecases.read_insights import list_own_insights, list_published, read_insight
from ruach_studio.formation.usecases.recompute_decisions import recompute_decisions
from ruach_studio.formation.usecases.submit_insight import PrivilegeWithheld, submit_insight
from ruach_studio.formation.usecases.vote_on_insight import OwnInsight, VoteNotFound, take_back_vote, vote_on_insight
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import list_decisions, list_transitions
from ruach_studio.kernel.errors import BadInput, Malformed

USER = "5f0c3a52-0c3b-4a53-9d1c-0f3f6f0d6b01"
OTHER = "b6a9ad0c-5c4d-4b52-8d1e-3a0c3f1f2a02"
BOSS = {"account_id": "9c8d7e6f-1a2b-4c3d-8e4f-5a6b7c8d9e03", "actor": "session:boss"}


@pytest.fixture
async def author(services, member, read_section, good):
    """Let USER pass the checkpoint; return their reflection's id."""
    await read_section()
    return (await attempt_checkpoint(services, USER, "c1", good)).reflection_id


@pytest.fixture
async def reader(services, member, clock):
    """Enroll OTHER with what it takes to validate: five reflections and the third phase."""
    done = await enroll_in_formation_path(services, OTHER, covenant="formation_journey", acknowledged_terms=True)
    async with services.database.transaction() as tx:
        for phase in ("separation", "discernment"):
            await write_fact(services, tx, done.enrollment, "phase_started", phase, {"phase": phase}, at=clock.now())
        for n in range(5):
            await reflected(services, tx, done.enrollment, n, clock.now())
    return done.enrollment


async def reflected(services, tx, enrollment, n, at):
    sent = {
        "reflectionId": f"r{n}",
        "checkpointId": f"n{n}",
        "type": "text",
        "wordCount": 90,
        "timeSinceCheckpointReached": 0,
    }
    await write_fact(services, tx, enrollment, "reflection_submitted", f"n{n}", sent, at=at)
    said = {"reflectionId": f"r{n}", "depthScore": 0.5, "isRegurgitation": False, "showsWrestling": True,
            "doctrinalSoundness": "sound", "recommendedAction": "thread"}  # fmt: skip
    await write_fact(services, tx, enrollment, "reflection_analyzed", f"r{n}", said, at=at)


async def made(services, text="I saw it.", **more):
    return (await submit_insight(services, USER, text=text, **more)).insight.insight_id


async def published(services, text="I saw it."):
    insight_id = await made(services, text)
    for decision in ("approve", "publish"):
        await decide_insight(services, insight_id, decision, reason="it helps", **BOSS)
    return insight_id


async def test_without_a_passed_checkpoint_nothing_is_submitted(services, member):
    with pytest.raises(PrivilegeWithheld) as refused:
        await submit_insight(services, USER, text="I saw it.")
    assert refused.value.details["reasons"] == ["0 of 1 checkpoints passed"]
    assert await list_own_insights(services, USER) == []


async def test_new_words_and_a_reflections_words(services, author, good):
    new = (await submit_insight(services, USER, text="  I saw it.  ")).insight
    assert (new.text, new.state, new.phase, new.reflection_id) == ("I saw it.", "submitted", "awakening", None)
    taken = (await submit_insight(services, USER, reflection_id=author)).insight
    assert (taken.text, taken.reflection_id) == (good, author)
    part = (await submit_insight(services, USER, reflection_id=author, text="I learned to ask.")).insight
    assert (part.text, part.reflection_id) == ("I learned to ask.", author)
    async with services.database.connection() as conn:
        changes = await list_transitions(conn, entity="formation-insight", entity_id=new.insight_id)
        decided = await list_decisions(conn, subject=new.enrollment_id)
    assert [(each["from"], each["to"], each["actor"]) for each in changes] == [(None, "submitted", f"user:{USER}")]
    results = [each["result"] for each in decided if each["result"]["rulesVersion"] == "privilege-v1"]
    assert len(results) == 3
    assert (await recompute_decisions(services, results)).faults == ()
    forged = results[0] | {"reasons": ["9 checkpoints passed, 1 needed"]}
    assert len((await recompute_decisions(services, [forged])).faults) == 1


async def test_the_same_words_are_one_insight_however_many_ask_at_once(services, author):
    done = await asyncio.gather(*(submit_insight(services, USER, text="I saw it.") for _ in range(8)))
    assert len({each.insight.insight_id for each in done}) == 1
    assert sum(each.created for each in done) == 1


@pytest.mark.parametrize("arguments", [{}, {"text": " \n "}, {"text": "x" * 5001}, {"text": "a\x00b"}])
async def test_words_that_are_none_are_refused(services, author, arguments):
    with pytest.raises(BadInput):
        await submit_insight(services, USER, **arguments)


async def test_anothers_reflection_cannot_be_submitted(services, author, reader):
    async with services.database.transaction() as tx:
        await tx.execute(sa.text("UPDATE formation.reflection SET user_id = 'somebody-else'"))
    for reflection_id in (author, "f3d2c1b0-1111-4222-8333-444455556666"):
        for text in (None, "my words"):
            with pytest.raises(ReflectionNotFound):
                await submit_insight(services, USER, reflection_id=reflection_id, text=text)


async def test_twenty_may_wait(services, author):
    ids = [await made(services, f"Word {n}") for n in range(20)]
    with pytest.raises(TooManyWaiting):
        await made(services, "one more")
    await decide_insight(services, ids[0], "reject", reason="seen", **BOSS)
    assert await made(services, "one more")


async def test_nothing_is_published_but_by_an_operator_step_by_step(services, author, reader, clock):
    insight_id = await made(services)
    with pytest.raises(IllegalStep):
        await decide_insight(services, insight_id, "publish", reason="now", **BOSS)
    with pytest.raises(OwnInsight):
        await decide_insight(services, insight_id, "approve", reason="mine", account_id=USER, actor="session:me")
    assert await list_published(services, OTHER) == []
    await decide_insight(services, insight_id, "approve", reason="sound", **BOSS)
    assert await list_published(services, OTHER) == []
    clock.later(hours=1)
    await decide_insight(services, insight_id, "publish", reason="it helps", **BOSS)
    (shown,) = await list_published(services, OTHER)
    assert (shown.insight.insight_id, shown.insight.published_at, shown.mine) == (insight_id, clock.now(), False)
    await decide_insight(services, insight_id, "reject", reason="on second thought", **BOSS)
    assert await list_published(services, OTHER) == []
    with pytest.raises(Malformed):
        await decide_insight(services, insight_id, "approve", reason=" ", **BOSS)
    async with services.database.connection() as conn:
        changes = await list_transitions(conn, entity="formation-insight", entity_id=insight_id)
    assert [(each["to"], each["reason"]) for each in reversed(changes)][1:] == [
        ("approved", "sound"), ("published", "it helps"), ("rejected", "on second thought"),
    ]  # fmt: skip


async def test_one_vote_each_changeable_and_taken_back_and_votes_add_up(services, author, reader, clock):
    insight_id = await published(services)
    for vote, score in (("helpful", 1), ("profound", 2), ("needs_work", -1)):
        await vote_on_insight(services, OTHER, insight_id, vote)
        shown = await read_insight(services, OTHER, insight_id)
        assert (shown.tally.score, shown.own_vote) == (score, vote)
    assert (await read_insight(services, USER, insight_id)).own_vote is None
    await take_back_vote(services, OTHER, insight_id)
    assert (await read_insight(services, USER, insight_id)).tally.score == 0
    with pytest.raises(VoteNotFound):
        await take_back_vote(services, OTHER, insight_id)
    async with services.database.transaction() as tx:
        for n, vote in enumerate(("helpful", "helpful", "profound", "needs_work")):
            await insights.put_vote(tx, insight_id, f"voter-{n}", vote, clock.now())
    tally = (await read_insight(services, OTHER, insight_id)).tally
    assert (tally.helpful, tally.profound, tally.needs_work, tally.score) == (2, 1, 1, 3)


async def test_who_may_not_vote(services, author, reader):
    waiting = await made(services, "still waiting")
    insight_id = await published(services)
    for name in (insight_id, waiting):
        with pytest.raises(OwnInsight):
            await vote_on_insight(services, USER, name, "profound")
    with pytest.raises(InsightNotFound):
        await vote_on_insight(services, OTHER, waiting, "helpful")
    await enroll_in_formation_path(services, "newcomer", covenant="formation_journey", acknowledged_terms=True)
    with pytest.raises(PrivilegeWithheld) as refused:
        await vote_on_insight(services, "newcomer", insight_id, "helpful")
    assert refused.value.details["reasons"] == [
        "phase awakening (1 of 5), discernment (3) needed", "0 of 5 reflections",
    ]  # fmt: skip
    assert (await read_insight(services, USER, insight_id)).tally.score == 0


async def test_what_is_not_published_is_nobody_elses(services, author, reader):
    insight_id = await made(services)
    for decision in (None, "approve", "reject"):
        if decision:
            await decide_insight(services, insight_id, decision, reason="x", **BOSS)
        with pytest.raises(InsightNotFound):
            await read_insight(services, OTHER, insight_id)
        assert await list_published(services, OTHER) == []
        assert (await read_insight(services, USER, insight_id)).mine


async def test_a_later_phases_insight_is_shown_to_those_who_reached_it(services, author, reader):
    insight_id = await published(services)
    async with services.database.transaction() as tx:
        await insights.update(tx, insight_id, phase="commission")
    assert await list_published(services, OTHER) == []
    with pytest.raises(InsightNotFound):
        await read_insight(services, OTHER, insight_id)
    async with services.database.transaction() as tx:
        await insights.update(tx, insight_id, phase="discernment")
    assert len(await list_published(services, OTHER)) == 1
    assert await list_published(services, "not-enrolled") == []


async def test_pages_follow_one_another(services, author, reader, clock):
    ids = []
    for n in range(5):
        clock.at += timedelta(minutes=n % 2)  # some were published at one moment
        ids.append(await published(services, f"Word {n}"))
    whole = [each.insight.insight_id for each in await list_published(services, OTHER)]
    assert sorted(whole) == sorted(ids)
    pages, after = [], None
    while page := await list_published(services, OTHER, after=after, limit=2):
        pages += [each.insight.insight_id for each in page]
        after = pages[-1]
    assert pages == whole


async def test_its_author_erases_it_for_good(services, author, reader, database):
    insight_id = await published(services, "to be forgotten")
    with pytest.raises(InsightNotFound):
        await erase_insight(services, OTHER, insight_id)
    await erase_insight(services, USER, insight_id)
    with pytest.raises(InsightNotFound):
        await erase_insight(services, USER, insight_id)
    assert await list_published(services, OTHER) == []
    assert (await read_insight(services, USER, insight_id)).insight.text is None
    with pytest.raises(IllegalStep):
        await decide_insight(services, insight_id, "approve", reason="x", **BOSS)
    async with database.connection() as conn:
        left = (await conn.execute(sa.text("SELECT text FROM formation.insight"))).scalars().all()
    assert left == [None]
    assert (await submit_insight(services, USER, text="to be forgotten")).created


async def test_erasing_a_reflection_erases_what_was_taken_from_it(services, author):
    taken = (await submit_insight(services, USER, reflection_id=author, text="a part")).insight.insight_id
    own = await made(services, "not from it")
    await erase_reflection(services, USER, author)
    states = {
        each.insight.insight_id: (each.insight.state, each.insight.text) for each in await list_own_insights(services, USER)
    }
    assert states == {taken: ("erased", None), own: ("submitted", "not from it")}
