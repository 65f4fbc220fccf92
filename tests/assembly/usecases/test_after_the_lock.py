"""A locked EDL stays for ever, and an operator goes on from it in a new draft."""

import pytest

from ruach_studio.assembly.edl import EdlIsLocked
from ruach_studio.assembly.review import ReAngle
from ruach_studio.assembly.store import edls, sessions
from ruach_studio.assembly.usecases.edit_edl import EdlVersionConflict, edit_edl
from ruach_studio.assembly.usecases.get_edl import get_edl
from ruach_studio.assembly.usecases.lock_edl import lock_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.assembly.usecases.restore_edl import restore_edl
from ruach_studio.infra.audit import list_transitions

ACTOR = "session:tester"


async def lock_newest(services, session_id, version):
    for action in ("submit", "approve"):
        await move_edl(services, session_id, action, version=version, actor=ACTOR)
    return await lock_edl(services, session_id, version=version, actor=ACTOR)


async def re_angle(services, session_id, version, camera="W"):
    cut = (await get_edl(services, session_id, version)).edl.program[1]
    return await edit_edl(services, session_id, [ReAngle(cut.id, camera)], base_version=version, actor=ACTOR)


async def state_of(services, session_id):
    async with services.database.connection() as conn:
        return (await sessions.get(conn, session_id)).state


async def test_a_new_draft_has_the_locked_cuts_and_can_be_edited_and_locked(services, drafted):
    await re_angle(services, drafted, 1)
    locked = await lock_newest(services, drafted, 2)
    with pytest.raises(EdlIsLocked, match="Start a new draft from it"):
        await re_angle(services, drafted, 2)
    draft = await restore_edl(services, drafted, 2, base_version=2, actor=ACTOR)
    assert (draft.version, draft.parent_version, draft.status, draft.source) == (3, 2, "draft", "hybrid")
    assert (draft.program, draft.omitted, draft.transcript) == (locked.program, locked.omitted, None)
    assert (await get_edl(services, drafted)).edl == draft
    assert (await get_edl(services, drafted, 2)).edl == locked
    assert await state_of(services, drafted) == "editing"
    async with services.database.connection() as conn:
        told = await list_transitions(conn, entity="edl", entity_id=f"{drafted}:3")
    assert [(each["from"], each["to"], each["actor"]) for each in told] == [(None, "draft", ACTOR)]
    await re_angle(services, drafted, 3, "A")
    assert (await lock_newest(services, drafted, 4)).status == "locked"
    assert await state_of(services, drafted) == "rendering"


async def test_an_older_version_comes_back_after_a_lock_too(services, drafted):
    await re_angle(services, drafted, 1)
    await lock_newest(services, drafted, 2)
    first = (await get_edl(services, drafted, 1)).edl
    back = await restore_edl(services, drafted, 1, base_version=2, actor=ACTOR)
    assert (back.program, back.version, back.status, back.source) == (first.program, 3, "draft", "auto")


async def test_who_was_too_late_changes_nothing(services, drafted):
    await lock_newest(services, drafted, 1)
    await restore_edl(services, drafted, 1, base_version=1, actor=ACTOR)
    with pytest.raises(EdlVersionConflict):
        await restore_edl(services, drafted, 1, base_version=1, actor=ACTOR)
    async with services.database.connection() as conn:
        assert (await edls.head(conn, drafted)).version == 2
