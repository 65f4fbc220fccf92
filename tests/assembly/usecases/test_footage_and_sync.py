"""A session's footage and sync: checked, versioned, accepted by a person, on record."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ruach_studio.assembly.session import BadSession
from ruach_studio.assembly.session_state import SessionStateConflict
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.usecases import add_camera as adding
from ruach_studio.assembly.usecases.add_camera import CameraExists, add_camera
from ruach_studio.assembly.usecases.approve_sync import SyncVersionConflict, approve_sync
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.assembly.usecases.correct_sync import Correction, correct_sync
from ruach_studio.assembly.usecases.create_session import SessionExists, create_session
from ruach_studio.assembly.usecases.request_sync import request_sync
from ruach_studio.infra.audit import list_transitions
from ruach_studio.infra.media import BadMedia, PathRefused
from ruach_studio.kernel.errors import BadInput, Malformed

ACTOR = "session:tester"


async def state_of(services, session_id="talk"):
    async with services.database.connection() as conn:
        return (await sessions.get(conn, session_id)).state


async def test_a_session_id_is_used_once(services):
    made = await create_session(services, actor=ACTOR, session_id="talk")
    assert (made.state, made.created_by) == ("draft", ACTOR)
    with pytest.raises(SessionExists):
        await create_session(services, actor=ACTOR, session_id="talk")
    with pytest.raises(Malformed):
        await create_session(services, actor=ACTOR, session_id="../talk")


async def test_footage_is_probed_and_kept_in_order(services, ingested):
    async with services.database.connection() as conn:
        assets = await sessions.assets(conn, ingested)
    assert [(a.camera.camera_id, a.camera.role) for a in assets] == [("A", "camera"), ("B", "camera"), ("W", "wide")]
    clip = assets[0].camera.clips[0]
    assert (clip.width, clip.height, str(clip.fps), clip.has_audio) == (64, 36, "25/1", True)
    assert clip.duration_s == pytest.approx(24.0, abs=0.1)
    assert await state_of(services) == "ingesting"


async def test_footage_that_cannot_be_used_leaves_nothing(services, footage, tmp_path):
    await create_session(services, actor=ACTOR, session_id="talk")
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(b"x")
    with pytest.raises(PathRefused):
        await add_camera(services, "talk", "A", [str(outside)], role="camera", actor=ACTOR)
    with pytest.raises(PathRefused):
        await add_camera(services, "talk", "A", ["../../etc/passwd"], role="camera", actor=ACTOR)
    with pytest.raises(BadMedia, match="no such file"):
        await add_camera(services, "talk", "A", [footage.path("missing")], role="camera", actor=ACTOR)
    async with services.database.connection() as conn:
        assert await sessions.assets(conn, "talk") == []
    assert await state_of(services) == "draft"


async def test_a_camera_a_file_and_the_wide_are_registered_once(services, ingested, footage):
    for name, file, role, fact in [("A", "A", "camera", "of this name"), ("C", "A", "camera", "has this file"),
                                   ("C", "A", "wide", "has this file")]:  # fmt: skip
        with pytest.raises(CameraExists, match=fact):
            await add_camera(services, ingested, name, [footage.path(file)], role=role, actor=ACTOR)


async def test_two_at_once_register_one_camera(services, footage):
    await create_session(services, actor=ACTOR, session_id="talk")
    tries = [add_camera(services, "talk", "A", [footage.path(f)], role="camera", actor=ACTOR) for f in "AB"]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["AssetRow", "CameraExists"]


async def test_two_at_once_do_not_exceed_what_a_session_may_have(services, footage, monkeypatch):
    monkeypatch.setattr(adding, "MAX_PICTURE_CAMERAS", 1)
    await create_session(services, actor=ACTOR, session_id="talk")
    both, real = asyncio.Barrier(2), adding.probe_camera

    async def both_have_looked(files):
        await asyncio.wait_for(both.wait(), 20)
        return await real(files)

    monkeypatch.setattr(adding, "probe_camera", both_have_looked)
    tries = [add_camera(services, "talk", f, [footage.path(f)], role="camera", actor=ACTOR) for f in "AB"]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["AssetRow", "CameraExists"]


async def test_cameras_can_be_read_while_one_is_registered(services, footage):
    await create_session(services, actor=ACTOR, session_id="talk")
    await add_camera(services, "talk", "A", [footage.path("A")], role="camera", actor=ACTOR)
    asked = []

    class Slow:
        async def execute(self, statement):
            asked.append(await conn.execute(statement))
            if len(asked) == 1:
                await add_camera(services, "talk", "B", [footage.path("B")], role="camera", actor=ACTOR)
            return asked[-1]

    async with services.database.connection() as conn:
        found = await sessions.assets(Slow(), "talk")
        now = await sessions.assets(conn, "talk")
    assert ([each.camera.camera_id for each in found], len(found[0].camera.clips)) == (["A"], 1)
    assert [each.camera.camera_id for each in now] == ["A", "B"]


async def test_sync_waits_for_a_person_whose_yes_makes_it_the_sessions(services, ingested):
    row = await compute_sync(services, ingested, actor=ACTOR)
    assert (row.version, row.origin, row.approved_by) == (1, "computed", None)
    found = {p.camera_id: p.offset_s for p in row.solution.placements}
    assert found == pytest.approx({"A": 0.0, "B": 1.25, "W": -0.5}, abs=0.002)
    assert await state_of(services) == "needs-review"
    approved = await approve_sync(services, ingested, version=1, actor=ACTOR, notes="fine")
    assert (approved.approved_by, await state_of(services)) == (ACTOR, "synced")
    async with services.database.connection() as conn:
        assert (await sessions.get(conn, ingested)).sync_version == 1
        moves = [(m["from"], m["to"]) for m in await list_transitions(conn, entity="session", entity_id="talk")]
    assert moves[::-1] == [
        (None, "draft"), ("draft", "ingesting"), ("ingesting", "syncing"), ("syncing", "needs-review"),
        ("needs-review", "synced"),
    ]  # fmt: skip


async def test_a_correction_is_a_new_version_and_keeps_the_original(services, synced):
    row = await correct_sync(
        services, synced, [Correction("B", 1300.0, drift_ppm=-20.0)], base_version=1, actor=ACTOR, notes="by ear"
    )
    assert (row.version, row.parent_version, row.origin, row.approved_by) == (2, 1, "corrected", ACTOR)
    [b] = row.solution.of("B")
    assert (b.offset_s, b.drift_ppm, b.confidence, b.classification) == (1.3, -20.0, 1.0, "looks-good")
    assert "the operator set +1300.0 ms" in b.reasons[0]
    async with services.database.connection() as conn:
        assert (await syncs.get(conn, synced, 1)).solution.of("B")[0].offset_s == pytest.approx(1.25, abs=0.002)
        assert (await sessions.get(conn, synced)).sync_version == 2


async def test_an_older_version_is_neither_approved_nor_corrected(services, synced):
    await correct_sync(services, synced, [Correction("B", 1300.0)], base_version=1, actor=ACTOR)
    with pytest.raises(SyncVersionConflict) as caught:
        await approve_sync(services, synced, version=1, actor=ACTOR)
    assert caught.value.details == {"base_version": 1, "current_version": 2}
    with pytest.raises(SyncVersionConflict):
        await correct_sync(services, synced, [Correction("B", 1.0)], base_version=1, actor=ACTOR)
    for wrong in (Correction("Q", 1.0), Correction("A", 1.0), Correction("B", 1.0, drift_ppm=1e6)):
        with pytest.raises(BadInput):
            await correct_sync(services, synced, [wrong], base_version=2, actor=ACTOR)


async def test_what_the_state_forbids_is_a_conflict(services, footage):
    await create_session(services, actor=ACTOR, session_id="talk")
    with pytest.raises(BadSession):
        await request_sync(services, "talk", master=None, actor=ACTOR)
    await add_camera(services, "talk", "A", [footage.path("A")], role="camera", actor=ACTOR)
    await add_camera(services, "talk", "B", [footage.path("B")], role="camera", actor=ACTOR)
    queued = await request_sync(services, "talk", master="B", actor=ACTOR)
    assert queued.job_id != queued.automation_id
    with pytest.raises(SessionStateConflict):
        await request_sync(services, "talk", master="B", actor=ACTOR)
    with pytest.raises(SessionStateConflict):
        await add_camera(services, "talk", "W", [footage.path("W")], role="wide", actor=ACTOR)


@pytest.mark.parametrize("table", ["sync_version", "sync_approval", "edl_version", "edl_state", "energy"])
async def test_versions_cannot_be_altered(services, drafted, table):
    for statement in (f"DELETE FROM assembly.{table}", f"UPDATE assembly.{table} SET session_id = 'x'"):  # noqa: S608
        with pytest.raises(DBAPIError, match="append-only"):
            async with services.database.transaction() as tx:
                await tx.execute(sa.text(statement))
