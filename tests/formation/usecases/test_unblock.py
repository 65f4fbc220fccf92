"""Gated nodes open for good by two people's word, ghosts included; what is open or unknown is not written down as opened."""

import pytest
import sqlalchemy as sa

from ruach_studio.formation.gating import can_access_node
from ruach_studio.formation.usecases.load_journey import load_enrollment
from ruach_studio.formation.usecases.unblock_nodes import JustUnblocked, NothingGated, shut_nodes, unblock_nodes
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import list_transitions
from ruach_studio.kernel.errors import BadInput

from .recovery import ANNA, BEN, asked, damage, everything


@pytest.fixture
def unblock(services, clock):
    async def do(enrollment, *nodes, dry_run=False, confirmed_by=BEN):
        wish = asked(clock, dry_run=dry_run)
        place = services.database.connection() if dry_run else services.database.transaction()
        async with place as conn:
            return await unblock_nodes(
                services, conn, enrollment.enrollment_id, wish, node_ids=nodes, confirmed_by=confirmed_by
            )

    return do


@pytest.fixture
def shut(services, clock):
    async def do(enrollment):
        async with services.database.connection() as conn:
            return await shut_nodes(services, conn, enrollment.enrollment_id, asked(clock))

    return do


@pytest.fixture
def access(services, clock):
    async def do(enrollment, node):
        async with services.database.connection() as conn:
            now = await load_enrollment(services, conn, enrollment.enrollment_id)
        return can_access_node(now.graph, now.evidence, node, as_of=clock.now()).verdict.decision

    return do


async def announced(database):
    async with database.connection() as conn:
        statement = "SELECT payload FROM platform.outbox WHERE event_type = 'formation.unlocked' ORDER BY id"
        return [payload["contentId"] for payload in (await conn.execute(sa.text(statement))).scalars()]


async def test_a_gated_node_opens_for_good_with_both_names(member, unblock, access, types, database, waiting, project):
    assert await access(member, "s2") == "gated"
    answer = await unblock(member, "s2", "s1")
    assert (answer["nodeIds"], answer["openAlready"]) == (["s2"], ["s1"])
    assert any("score 0.00 in awakening, threshold 0.40" in each for each in answer["opens"]["s2"])
    assert await access(member, "s2") == "granted"
    assert (await types(member))[-1] == ("unblocked", "s2")
    async with database.connection() as conn:
        data = await conn.scalar(sa.text("SELECT data FROM formation.journal WHERE event_type = 'unblocked'"))
        (row,) = await list_transitions(conn, entity="formation-node")
    assert data == {"nodeIds": ["s2"], "requestedBy": ANNA, "confirmedBy": BEN, "reason": "it looks wrong"}
    assert (row["entityId"], row["from"], row["to"]) == (f"{member.enrollment_id}/s2", "gated", "unlocked")
    assert BEN in row["reason"]
    assert await announced(database) == ["s2"]
    assert (await waiting())[-1] == ("project", {"enrollmentId": member.enrollment_id})
    await project(member)
    assert await announced(database) == ["s2", "s1"], "the projector does not announce s2 again"


@pytest.mark.parametrize("second", [None, ANNA])
async def test_nobody_unblocks_alone(member, unblock, access, second):
    with pytest.raises(BadInput, match="second operator"):
        await unblock(member, "s2", confirmed_by=second)
    assert await access(member, "s2") == "gated"


async def test_what_is_open_or_unknown_is_refused(member, unblock, types):
    before = await types(member)
    with pytest.raises(NothingGated):
        await unblock(member, "s1")
    with pytest.raises(BadInput) as caught:
        await unblock(member, "s2", "zz")
    assert (caught.value.subject, "version 1" in str(caught.value)) == ("zz", True)
    with pytest.raises(BadInput, match="no node is named"):
        await unblock(member)
    assert await types(member) == before


async def test_a_dry_run_writes_nothing(member, unblock, database):
    before = await everything(database)
    assert (await unblock(member, "s2", dry_run=True, confirmed_by=None))["nodeIds"] == ["s2"]
    assert await everything(database) == before


async def test_without_names_it_is_what_the_journal_notes_as_gated(member, shut, project, read_section, unblock):
    with pytest.raises(NothingGated):
        await shut(member)
    await read_section()
    await project(member)
    with pytest.raises(NothingGated):
        await shut(member)  # c1 is open, s2 is out of reach and was never found shut


async def test_what_was_noted_as_gated_is_found(services, member, publish, small_graph, shut, project, database):
    await damage(database, "UPDATE formation.dependency SET prerequisites = '{}' WHERE node_id = 's2'")
    services.graphs.__init__()  # a fresh process
    await project(member)
    assert await shut(member) == ("s2",)


async def test_a_ghost_is_walked_around(services, member, shut, unblock, access, database):
    await damage(database, "DELETE FROM formation.dependency WHERE node_id = 's1'")  # what versioning forbids
    services.graphs.__init__()
    assert await access(member, "r1") == "gated"
    assert await shut(member) == ("r1", "c1")
    await unblock(member, "r1", "c1")
    assert [await access(member, name) for name in ("r1", "c1")] == ["granted", "granted"]


async def test_one_that_the_window_would_swallow_is_refused_not_lost(services, member, unblock, access, clock, database):
    await unblock(member, "s2")
    async with database.transaction() as tx:
        event_id = await tx.scalar(
            sa.text("SELECT CAST(event_id AS text) FROM formation.journal WHERE event_type = 'unblocked'")
        )
        data = {"eventId": event_id, "requestedBy": ANNA, "reason": "a mistake"}
        await write_fact(services, tx, member, "voided", event_id, data, at=clock.now())
    assert await access(member, "s2") == "gated"
    with pytest.raises(JustUnblocked):
        await unblock(member, "s2")
    assert await access(member, "s2") == "gated"
    clock.later(seconds=1)
    await unblock(member, "s2")
    assert await access(member, "s2") == "granted"
