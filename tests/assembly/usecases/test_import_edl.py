"""An edited EDL comes back: the next version, on record, or nothing at all."""

import re

import pytest

from ruach_studio.assembly.edl import EdlIsLocked, edl_bytes
from ruach_studio.assembly.exchange import BadReturn, export
from ruach_studio.assembly.store import edls, syncs
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.create_session import create_session
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict
from ruach_studio.assembly.usecases.get_edl import get_edl, list_versions
from ruach_studio.assembly.usecases.import_edl import import_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.infra.audit import list_transitions, verify_chain

ACTOR = "session:tester"


@pytest.fixture
async def saved(services, make_edl):
    """Session s1 with version 1 of a hand-made EDL."""
    edl = make_edl(fps="25", audio=True)
    await create_session(services, actor=ACTOR, session_id="s1", title="A talk")
    async with services.database.transaction() as tx:
        await syncs.insert(
            tx, "s1", SyncSolution("A", ()), parent=None, origin="computed", actor=ACTOR, notes="", at=services.clock.now()
        )
        await edls.insert(tx, edl, author=ACTOR, at=services.clock.now())
    return edl


def switched(edl):
    """The exported FCPXML with the wide camera instead of A in the fourth cut."""
    text, _ = export(edl, "fcpxml")
    angles = dict(re.findall(r'<mc-angle name="(\w+)" angleID="([^"]+)"', text))
    head, four, tail = re.split(r'(<mc-clip [^>]*name="4 A".*?</mc-clip>)', text, flags=re.DOTALL)
    return (head + four.replace(angles["A"], angles["W"]) + tail).encode()


async def test_it_is_the_next_version_and_on_record(services, saved):
    got = await import_edl(services, "s1", "fcpxml", switched(saved), base_version=1, actor="session:editor")
    view = await get_edl(services, "s1")
    assert edl_bytes(view.edl) == edl_bytes(got.edl)
    assert (view.edl.version, view.edl.parent_version, view.edl.source) == (2, 1, "hybrid")
    assert [cut.camera for cut in view.edl.program] == ["A", "B", "W", "W", "B", "A"]
    assert got.changed == (saved.program[3].id,)
    [new, _] = await list_versions(services, "s1")
    assert (new.author, new.source) == ("session:editor", "hybrid")
    async with services.database.connection() as conn:
        [row] = await list_transitions(conn, entity="edl", entity_id="s1:2", limit=5)
        assert await verify_chain(conn) == []
    assert (row["actor"], row["reason"]) == ("session:editor", "came back from fcpxml: 1 cuts new or changed, 0 gone")


async def test_what_changes_nothing_saves_nothing_and_a_refusal_neither(services, saved):
    for name in ("fcpxml", "otio", "cmx3600"):
        got = await import_edl(services, "s1", name, export(saved, name)[0].encode(), base_version=1, actor=ACTOR)
        assert got.same
    with pytest.raises(BadReturn):
        await import_edl(services, "s1", "otio", b"{}", base_version=1, actor=ACTOR)
    with pytest.raises(EdlVersionConflict) as conflict:
        await import_edl(services, "s1", "fcpxml", switched(saved), base_version=2, actor=ACTOR)
    assert conflict.value.details == {"base_version": 2, "current_version": 1}
    assert len(await list_versions(services, "s1")) == 1


async def test_an_approved_one_is_a_draft_again_and_a_locked_one_stays(services, saved):
    for action in ("submit", "approve"):
        await move_edl(services, "s1", action, version=1, actor=ACTOR)
    got = await import_edl(services, "s1", "fcpxml", switched(saved), base_version=1, actor=ACTOR)
    assert got.edl.status == "draft"
    async with services.database.transaction() as tx:
        await edls.move(tx, "s1", 2, "locked", actor=ACTOR, note="", at=services.clock.now())
    back = export(saved, "fcpxml")[0].encode()
    with pytest.raises(EdlIsLocked):
        await import_edl(services, "s1", "fcpxml", back, base_version=2, actor=ACTOR)
