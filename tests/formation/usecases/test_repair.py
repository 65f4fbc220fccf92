"""A copy that is wrong in any way becomes what the journal says; a wrong journal is told, and only its bad events go."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.repair import JournalUnreadable
from ruach_studio.formation.state import REDUCER_VERSION, digest, replay
from ruach_studio.formation.store import journal, projections
from ruach_studio.formation.store.journal import EnrollmentNotFound
from ruach_studio.formation.usecases.attempt_checkpoint import attempt_checkpoint
from ruach_studio.formation.usecases.rebuild_projection import rebuild_projection
from ruach_studio.formation.usecases.reset_score import NotVoidable, reset_score
from ruach_studio.formation.usecases.submit_reflection import submit_reflection
from ruach_studio.infra.audit import list_decisions, list_transitions, verify_chain
from ruach_studio.infra.context import new_id

from .conftest import USER
from .recovery import OTHER, alter_snapshot, asked, damage, everything


@pytest.fixture
async def walked(services, member, read_section, project, good, clock):
    """The member has read s1, written on r1 and passed c1; the projection is up to date."""
    await read_section()
    await submit_reflection(services, USER, "r1", OTHER)
    clock.later(seconds=60)
    await read_section("c1", session="second", beats=2)
    await attempt_checkpoint(services, USER, "c1", good)
    await project(member)
    clock.later(seconds=60)
    return member


@pytest.fixture
def repair(services, clock):
    async def do(enrollment, *, dry_run=False):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await rebuild_projection(services, conn, enrollment.enrollment_id, wish)

    return do


@pytest.fixture
def reset(services, clock):
    async def do(enrollment, *, dry_run=False, void=()):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await reset_score(services, conn, enrollment.enrollment_id, wish, void=void)

    return do


@pytest.fixture
def stored(services):
    async def do(enrollment):
        async with services.database.connection() as conn:
            events = await journal.read(conn, enrollment.enrollment_id)
            return await projections.get(conn, enrollment.enrollment_id), events

    return do


async def test_a_sound_copy_differs_in_nothing(walked, repair, stored):
    answer = await repair(walked, dry_run=True)
    assert (answer["changed"], answer["differenceCount"], answer["projectionFaults"], answer["journalFaults"]) == (
        False, 0, [], [],
    )  # fmt: skip
    assert answer["digestBefore"] == answer["digestAfter"] == (await stored(walked))[0].digest


async def test_a_dry_run_tells_every_fact_and_writes_nothing(walked, repair, database):
    await alter_snapshot(database, walked.enrollment_id, ["facts", "checkpoints_passed"], {"c9": 1_700_000_000_000_000})
    await alter_snapshot(database, walked.enrollment_id, ["facts", "phase"], "stewardship")
    before = await everything(database)
    answer = await repair(walked, dry_run=True)
    told = {each["fact"]: (each["before"], each["after"]) for each in answer["differences"]}
    assert told["phase"] == ("stewardship", "awakening")
    assert told["checkpoints_passed.c9"] == ("2023-11-14T22:13:20+00:00", None)
    assert told["checkpoints_passed.c1"][0] is None
    assert answer["differenceCount"] == len(told) == 3
    assert "it was altered" in answer["projectionFaults"][0]
    assert await everything(database) == before


BROKEN = {
    "altered": ("snapshot", lambda s: s["facts"].update(sections_completed={})),
    "no facts": ("snapshot", lambda s: s.pop("facts")),
    "a fact is missing": ("snapshot", lambda s: s["facts"].pop("started")),
    "a time is a word": ("snapshot", lambda s: s["facts"].update(started={"s1": "yesterday"})),
    "a list is a number": ("snapshot", lambda s: s["facts"].update(reflections={"r": 7})),
    "ahead of the journal": ("snapshot", lambda s: s["facts"].update(journal_version=10_000)),
    "of another enrollment": ("snapshot", lambda s: s["facts"].update(enrollment_id="someone")),
    "of other rules": ("reducer_version", "formation-state-v0"),
    "its digest is another": ("digest", "0" * 64),
    "missing": (None, None),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_every_broken_copy_is_mended(walked, repair, stored, database, journey, types, kind):
    column, change = BROKEN[kind]
    if column is None:
        await damage(database, "DELETE FROM formation.projection")
    elif callable(change):
        snapshot = (await stored(walked))[0].snapshot
        change(snapshot)
        await damage(database, "UPDATE formation.projection SET snapshot = CAST(:s AS jsonb)", s=json.dumps(snapshot))
    else:
        await damage(database, f"UPDATE formation.projection SET {column} = :value", value=change)  # noqa: S608
    dry = await repair(walked, dry_run=True)
    assert dry["projectionFaults"] or dry["differenceCount"], kind
    answer = await repair(walked)
    projection, events = await stored(walked)
    assert projection.reducer_version == REDUCER_VERSION
    assert projection.digest == digest(replay(events))
    assert answer["digestAfter"] == digest(replay(events[:-1]))
    assert (await types(walked))[-1] == ("repaired", "replay")
    assert events[-1][1].data["digestAfter"] == answer["digestAfter"]
    assert events[-1][1].data.get("digestBefore") == answer["digestBefore"]
    assert (await repair(walked, dry_run=True))["changed"] is False
    assert set((await journey(walked)).evidence.completed) == {"s1", "r1", "c1"}


async def test_the_repair_is_told_with_who_and_why(walked, repair, stored, database):
    before = (await stored(walked))[0].digest
    await repair(walked)
    _, events = await stored(walked)
    assert {name: events[-1][1].data[name] for name in ("action", "reason", "requestedBy")} == {
        "action": "replay", "reason": "it looks wrong", "requestedBy": "0b5ad1f8-5a0a-4f7c-9d67-2f4b3e1c0a01",
    }  # fmt: skip
    async with database.connection() as conn:
        (row,) = await list_transitions(conn, entity="formation-projection")
        assert (row["from"], row["entityId"]) == (before, walked.enrollment_id)
        assert row["reason"] == "replay: it looks wrong"
        assert await verify_chain(conn) == []


async def test_a_row_that_fell_behind_is_mended_too(walked, repair, database, stored, read_section):
    await damage(database, "UPDATE formation.enrollment SET journal_version = 2, covenant_type = 'resource_explorer'")
    answer = await repair(walked)
    assert set(answer["enrollmentRow"]) == {"journal_version", "covenant_type"}
    _, events = await stored(walked)
    async with database.connection() as conn:
        row = (await conn.execute(sa.text("SELECT journal_version, covenant_type FROM formation.enrollment"))).one()
    assert (row.journal_version, row.covenant_type) == (events[-1][0], "formation_journey")
    assert [version for version, _ in events] == list(range(1, len(events) + 1))


async def test_missing_events_are_told(walked, repair, database, stored):
    last = (await stored(walked))[1][-1][0]
    await damage(database, "DELETE FROM formation.journal WHERE version IN (2, 3, :last)", last=last)
    answer = await repair(walked)
    assert answer["journalFaults"] == ["events 2 to 3 are missing", f"events {last} to {last} are missing"]


async def test_an_altered_event_is_told(walked, repair, database):
    await damage(database, "UPDATE formation.journal SET occurred_at = occurred_at - interval '1 day' WHERE version = 4")
    answer = await repair(walked, dry_run=True)
    assert answer["journalFaults"] == ["event 4 was altered: its quick row says something else"]


async def test_ghosts_are_told_since_no_replay_mends_them(services, walked, repair, database):
    assert (await repair(walked, dry_run=True))["ghosts"] == []
    await damage(database, "DELETE FROM formation.dependency WHERE node_id = 's1'")
    services.graphs.__init__()  # a fresh process
    assert (await repair(walked, dry_run=True))["ghosts"] == [
        "r1 waits for s1, which version 1 does not have", "c1 waits for s1, which version 1 does not have",
        "there is work on s1, which version 1 does not have",
    ]  # fmt: skip
    await damage(database, "DELETE FROM formation.dependency")
    await damage(database, "DELETE FROM formation.graph_version")
    services.graphs.__init__()
    assert (await repair(walked))["ghosts"] == ["version 1 of the path itself is missing"]


async def test_an_enrollment_that_nobody_has(services, ids, repair, member):
    with pytest.raises(EnrollmentNotFound):
        await repair(replace(member, enrollment_id=new_id()))


async def test_a_corrupted_score_is_told_factor_by_factor_and_mended(walked, reset, database, journey):
    await alter_snapshot(database, walked.enrollment_id, ["facts", "checkpoints_passed"], {})
    answer = await reset(walked, dry_run=True)
    told = {each["factor"]: (each["before"], each["after"]) for each in answer["factors"] if each["phase"] == "awakening"}
    assert told["checkpoint passages"] == ("checkpoint passages 0 of 1 (35 %)", "checkpoint passages 1 of 1 (35 %)")
    assert told["sections completed"][0] == told["sections completed"][1] == "sections completed 1 of 1 (20 %)"
    assert (answer["badEvents"], answer["rawData"]) == ([], [])
    await reset(walked)
    assert (await journey(walked)).evidence.checkpoints_passed == {"c1"}
    async with database.connection() as conn:
        decided = await list_decisions(conn, subject=walked.enrollment_id)
    scores = [each["result"] for each in decided if each["result"]["rulesVersion"] == "score-v1"]
    assert any("checkpoint passages 1 of 1 (35 %)" in each["reasons"] for each in scores)


async def test_a_quality_out_of_range_in_the_copy_is_said_not_raised(walked, reset, database, stored):
    snapshot = (await stored(walked))[0].snapshot
    for each in snapshot["facts"]["assessed"]:
        await alter_snapshot(database, walked.enrollment_id, ["facts", "assessed", each], [5000, None])
    answer = await reset(walked)
    wrong = [each["before"] for each in answer["factors"] if each["factor"] == "reflection quality"]
    assert "5000 is outside 0..1000" in wrong[0]


async def spoil(database, event_type, **data):
    """Make the newest event of a type one that the door would never have let in."""
    await damage(
        database,
        "UPDATE formation.journal SET data = data || CAST(:data AS jsonb) WHERE event_id = (SELECT event_id FROM"
        " formation.journal WHERE event_type = :type ORDER BY version DESC LIMIT 1)", data=json.dumps(data), type=event_type,
    )  # fmt: skip
    await damage(database, "DELETE FROM formation.projection")
    async with database.connection() as conn:
        found = await conn.scalar(
            sa.text("SELECT event_id FROM formation.journal WHERE event_type = :type ORDER BY version DESC LIMIT 1"),
            {"type": event_type},
        )
    return str(found)


async def test_a_bad_event_is_named_and_voided_when_the_operator_says_so(walked, reset, repair, database, journey, types):
    bad = await spoil(database, "reflection_analyzed", depthScore=None)
    with pytest.raises(JournalUnreadable) as caught:
        await repair(walked)
    assert bad in str(caught.value)
    assert "voidEventIds" in caught.value.remedy
    with pytest.raises(JournalUnreadable):
        await reset(walked)
    before = await everything(database)
    dry = await reset(walked, dry_run=True, void=[bad])
    assert await everything(database) == before
    assert [(each["eventId"], each["voidable"], each["voided"]) for each in dry["badEvents"]] == [(bad, True, True)]
    assert "depthScore of reflection_analyzed is 'None'" in dry["badEvents"][0]["why"]
    answer = await reset(walked, void=[bad])
    assert answer["digestAfter"] == digest(replay_of(await all_events(database, walked)))
    assert (await types(walked))[-2:] == [("voided", bad), ("repaired", "reset-score")]
    assert "s1" in (await journey(walked)).evidence.completed
    assert (await reset(walked, dry_run=True))["badEvents"] == []
    assert (await repair(walked, dry_run=True))["changed"] is False


async def all_events(database, enrollment):
    async with database.connection() as conn:
        return await journal.read(conn, enrollment.enrollment_id)


def replay_of(events):
    return replay([pair for pair in events if pair[1].event_type != "repaired"])


async def test_a_good_event_and_what_operators_did_cannot_be_voided(walked, reset, stored, database):
    _, events = await stored(walked)
    good = next(event.event_id for _, event in events if event.event_type == "checkpoint_completed")
    for event_id in (good, new_id()):
        with pytest.raises(NotVoidable):
            await reset(walked, void=[event_id])
    spoiled = await spoil(database, "enrolled", graphVersion="one")
    with pytest.raises(NotVoidable):
        await reset(walked, void=[spoiled])


async def test_what_the_rows_beside_the_journal_say_otherwise_is_told(walked, reset, database):
    await damage(database, """UPDATE formation.dwell SET state = jsonb_set(state, '{dwellMs,s1}', '5000')""")
    await damage(database, "UPDATE formation.reflection SET word_count = 1 WHERE node_id = 'r1'")
    await damage(database, "DELETE FROM formation.reflection WHERE node_id = 'c1'")
    told = " | ".join((await reset(walked, dry_run=True))["rawData"])
    assert "30 s on s1, and 5 s were counted" in told
    assert "is another one" in told
    assert "there is no text of reflection" in told
    await damage(database, "UPDATE formation.dwell SET state = '{}'")
    assert "the counted dwell cannot be read" in (await reset(walked, dry_run=True))["rawData"][0]
