"""A score is made anew from raw data, factor by factor; a bad event is named, and goes only when the operator says so."""

import json

import pytest
import sqlalchemy as sa

from ruach_studio.formation.repair import JournalUnreadable
from ruach_studio.formation.state import digest, replay
from ruach_studio.formation.store import journal
from ruach_studio.formation.usecases.reset_score import NotVoidable
from ruach_studio.infra.audit import list_decisions
from ruach_studio.infra.context import new_id

from .recovery import alter_snapshot, damage, everything


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
    named = await reset(walked, dry_run=True)
    assert ([each["eventId"] for each in named["badEvents"]], bad in named["unreadable"]) == ([bad], True)
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
