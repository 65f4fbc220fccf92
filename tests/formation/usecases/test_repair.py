"""A copy that is wrong in any way becomes what the journal says; a wrong journal is told, since no replay mends it."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from ruach_studio.formation.state import REDUCER_VERSION, digest, replay
from ruach_studio.formation.store.journal import EnrollmentNotFound
from ruach_studio.infra.audit import list_transitions, verify_chain
from ruach_studio.infra.context import new_id

from .recovery import alter_snapshot, damage, everything


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
