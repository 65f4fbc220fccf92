"""An EDL's life: assembled once, edited by version, approved, locked and announced, always on record."""

import asyncio
import json

import pytest
import sqlalchemy as sa

from ruach_studio.assembly.edl import EdlIsLocked, EdlStateConflict, edl_bytes, to_wire
from ruach_studio.assembly.review import ApproveCut, EditRefused, Join, ReAngle
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store import edls, sessions, syncs
from ruach_studio.assembly.transcript import Segment, tidy
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.correct_sync import Correction, correct_sync
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict, edit_edl
from ruach_studio.assembly.usecases.export_edl import export_edl
from ruach_studio.assembly.usecases.get_edl import get_edl, list_versions
from ruach_studio.assembly.usecases.lock_edl import lock_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.assembly.usecases.preview_edl import NothingToPreview, preview_edl
from ruach_studio.assembly.usecases.recompute_decisions import recompute_decisions
from ruach_studio.assembly.usecases.replay_assembly import replay_assembly
from ruach_studio.assembly.usecases.request_assembly import request_assembly
from ruach_studio.assembly.usecases.set_transcript import set_transcript
from ruach_studio.infra.audit import list_decisions, list_transitions, verify_chain
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import sha256_hex

ACTOR = "session:tester"


async def events(services):
    async with services.database.connection() as conn:
        rows = await conn.execute(sa.text("SELECT event_type, payload FROM platform.outbox ORDER BY id"))
        return [(row.event_type, row.payload) for row in rows]


async def test_assembling_twice_gives_one_draft_with_its_decisions(services, synced):
    one = await assemble(services, synced, actor=ACTOR)
    two = await assemble(services, synced, options=DraftOptions(ruleset="angle-v1"), actor=ACTOR)
    assert (one.created, two.created, two.edl.version) == (True, False, 1)
    assert edl_bytes(one.edl) == edl_bytes(two.edl)
    async with services.database.connection() as conn:
        assert (await sessions.get(conn, synced)).state == "editing"
        [row] = await edls.versions(conn, synced)
        decisions = [
            d["result"] for cut in one.edl.program for d in await list_decisions(conn, subject=f"cut:{cut.id}", limit=10)
        ]
        assert await verify_chain(conn) == []
    assert (row.source, row.sha256, row.author) == ("auto", sha256_hex(edl_bytes(one.edl)), ACTOR)
    assert len(decisions) == len(one.edl.program)
    assert [kind for kind, _ in await events(services)] == ["edl.draft.created"]
    assert (await events(services))[0][1] == {
        "sessionId": "talk", "edlVersion": 1, "syncVersion": 1, "rulesVersion": "angle-v2", "cutCount": len(decisions),
    }  # fmt: skip


async def test_two_at_once_make_one_draft(services, synced):
    made = await asyncio.gather(*(assemble(services, synced, actor=ACTOR) for _ in range(3)))
    assert sorted(each.created for each in made) == [False, False, True]
    assert len({edl_bytes(each.edl) for each in made}) == 1
    assert len(await list_versions(services, synced)) == 1


async def test_decisions_can_be_made_again_from_what_is_stored(services, drafted):
    """What `ruach audit verify` does: stored inputs and stored energy give the stored decision, and nothing else."""
    edl = (await get_edl(services, drafted)).edl
    async with services.database.connection() as conn:
        told = [d["result"] for cut in edl.program for d in await list_decisions(conn, subject=f"cut:{cut.id}", limit=10)]
    assert await recompute_decisions(services, told) == []
    forged = [{**told[1], "decision": "W"}, {**told[2], "confidence": 0.123}, {**told[0], "inputsHash": "0" * 64}]
    assert [fault.split(":")[0] for fault in await recompute_decisions(services, forged)] == ["W", told[2]["decision"], "A"]


async def test_damaged_energy_is_noticed(services, drafted):
    async with services.database.connection() as conn:
        row = (await syncs.energy(conn, drafted, 1))[100]
    path = services.settings.data_dir / row.path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(energy_files.EnergyDamaged):
        energy_files.load(services.settings.data_dir, row)


async def test_a_new_sync_version_makes_a_new_draft(services, drafted):
    await correct_sync(services, drafted, [Correction("B", 1250.0)], base_version=1, actor=ACTOR)
    made = await assemble(services, drafted, actor=ACTOR)
    assert (made.created, made.edl.version, made.edl.sync_version) == (True, 2, 2)


async def test_assembly_needs_an_accepted_sync(services, ingested):
    with pytest.raises(SessionStateConflict):
        await assemble(services, ingested, actor=ACTOR)
    with pytest.raises(SessionStateConflict):
        await request_assembly(services, ingested, options={}, actor=ACTOR)


async def test_a_preview_changes_nothing_until_it_is_kept(services, drafted):
    options = DraftOptions(ruleset="angle-v1")
    shown = await preview_edl(services, drafted, options, actor=ACTOR)
    assert (shown.rules_version, (await get_edl(services, drafted)).head_version) == ("angle-v1", 1)
    kept = await preview_edl(services, drafted, options, actor=ACTOR, keep=True)
    assert edl_bytes(kept) == edl_bytes(shown)
    assert (await get_edl(services, drafted)).edl.rules_version == "angle-v1"


async def test_a_preview_needs_energy(services, synced):
    with pytest.raises(NothingToPreview):
        await preview_edl(services, synced, DraftOptions(), actor=ACTOR)


async def test_edits_are_versions_and_a_stale_one_is_refused_with_both_numbers(services, drafted):
    first = (await get_edl(services, drafted)).edl
    cut = first.program[1]
    edited = await edit_edl(services, drafted, [ReAngle(cut.id, "W")], base_version=1, actor=ACTOR)
    assert (edited.version, edited.parent_version, edited.source) == (2, 1, "hybrid")
    with pytest.raises(EdlVersionConflict) as caught:
        await edit_edl(services, drafted, [Join(cut.id)], base_version=1, actor=ACTOR)
    assert caught.value.details == {"base_version": 1, "current_version": 2}
    with pytest.raises(EditRefused):
        await edit_edl(services, drafted, [Join(first.program[0].id)], base_version=2, actor=ACTOR)
    assert [row.version for row in await list_versions(services, drafted)] == [2, 1]
    assert edl_bytes((await get_edl(services, drafted, 1)).edl) == edl_bytes(first)


async def test_of_two_editors_at_once_one_is_told(services, drafted):
    cuts = (await get_edl(services, drafted)).edl.program
    tries = [edit_edl(services, drafted, [Join(cut.id)], base_version=1, actor=ACTOR) for cut in cuts[1:3]]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["CanonicalEDL", "EdlVersionConflict"]


async def test_only_what_was_approved_locks_and_locking_tells_render_everything(services, drafted):
    for forbidden in ("approve",):
        with pytest.raises(EdlStateConflict):
            await move_edl(services, drafted, forbidden, version=1, actor=ACTOR)
    with pytest.raises(EdlStateConflict):
        await lock_edl(services, drafted, version=1, actor=ACTOR)
    await move_edl(services, drafted, "submit", version=1, actor=ACTOR)
    await move_edl(services, drafted, "approve", version=1, actor=ACTOR, note="good")
    locked = await lock_edl(services, drafted, version=1, actor=ACTOR)
    assert locked.status == "locked"
    kind, payload = (await events(services))[-1]
    assert (kind, payload["edlVersion"], payload["lockedBy"]) == ("edl.locked", 1, ACTOR)
    assert payload["edl"] == json.loads(json.dumps(to_wire(locked)))
    assert payload["edl"]["sources"]["B"]["clips"][0]["path"].endswith("B.mp4")
    assert "transcript" not in payload["edl"]
    await set_transcript(services, drafted, tidy([Segment(0, 900, "late")]), base_version=0, actor=ACTOR)
    assert (await get_edl(services, drafted)).edl.transcript is None  # it was locked without one
    with pytest.raises(EdlIsLocked):
        await edit_edl(services, drafted, [ApproveCut(locked.program[0].id)], base_version=1, actor=ACTOR)
    async with services.database.connection() as conn:
        assert (await sessions.get(conn, drafted)).state == "rendering"
        moves = await list_transitions(conn, entity="edl", entity_id="talk:1")
    assert [(m["from"], m["to"]) for m in moves][::-1] == [
        (None, "draft"), ("draft", "in_review"), ("in_review", "approved"), ("approved", "locked"),
    ]  # fmt: skip


async def test_an_edit_takes_the_approval_back(services, drafted):
    await move_edl(services, drafted, "submit", version=1, actor=ACTOR)
    approved = await move_edl(services, drafted, "approve", version=1, actor=ACTOR)
    edited = await edit_edl(services, drafted, [Join(approved.program[1].id)], base_version=1, actor=ACTOR)
    assert (edited.status, (await get_edl(services, drafted, 1)).edl.status) == ("draft", "approved")
    with pytest.raises(EdlVersionConflict):
        await lock_edl(services, drafted, version=1, actor=ACTOR)


async def test_export(services, drafted):
    exported = await export_edl(services, drafted, "fcpxml")
    assert (exported.filename, exported.media_type) == ("talk-v1.fcpxml", "application/xml")
    assert "<mc-clip" in exported.text
    assert exported.losses


async def test_a_replay_makes_a_range_anew_and_mends_the_energy(services, drafted):
    first = (await get_edl(services, drafted)).edl
    edited = await edit_edl(
        services,
        drafted,
        [ReAngle(first.program[1].id, "W"), ReAngle(first.program[4].id, "W")],
        base_version=1,
        actor=ACTOR,
    )
    async with services.database.connection() as conn:
        row = (await syncs.energy(conn, drafted, 1))[100]
    (services.settings.data_dir / row.path).write_bytes(b"")
    with pytest.raises(energy_files.EnergyDamaged, match="ruach ops assembly replay"):
        energy_files.load(services.settings.data_dir, row)
    with pytest.raises(BadInput, match="reason"):
        await replay_assembly(services, drafted, from_ms=0, to_ms=9000, reason=" ", actor=ACTOR)
    made = await replay_assembly(services, drafted, from_ms=0, to_ms=9000, reason="wrong angle", actor=ACTOR)
    replayed = made.edl
    assert (replayed.version, replayed.parent_version, replayed.source, replayed.status) == (3, 2, "hybrid", "draft")
    assert [c.camera for c in replayed.program[:2]] == [c.camera for c in first.program[:2]]
    assert replayed.program[4].camera == "W" == edited.program[4].camera
    energy_files.load(services.settings.data_dir, row)
    async with services.database.connection() as conn:
        [move] = await list_transitions(conn, entity="edl", entity_id="talk:3")
    assert move["reason"] == "replayed 0 to 9000 ms: wrong angle"
    assert (await events(services))[-1][0] == "edl.draft.created"


async def test_a_range_outside_the_programme_is_refused_before_anything_is_heard(services, drafted):
    scratch = services.settings.data_dir / "scratch"
    scratch.unlink()  # a link to what all tests share
    with pytest.raises(BadInput, match="0 to 99000 ms is no range of this programme"):
        await replay_assembly(services, drafted, from_ms=0, to_ms=99_000, reason="wrong angle", actor=ACTOR)
    assert not scratch.exists()  # hearing makes it
