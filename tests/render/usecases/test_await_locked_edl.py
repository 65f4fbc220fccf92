"""What was locked a moment ago is rendered, not what was locked before it; only what is on its way is waited for."""

import asyncio

import pytest

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.infra.outbox import Relay, publish
from ruach_studio.render.entrypoints.events import consumers
from ruach_studio.render.store.edls import NoLockedEdl
from ruach_studio.render.usecases import await_locked_edl as waiting
from ruach_studio.render.usecases.await_locked_edl import EdlOnItsWay
from ruach_studio.render.usecases.read_jobs import list_jobs
from ruach_studio.render.usecases.request_renders import request_renders
from ruach_studio.render.usecases.set_subject import set_subject


@pytest.fixture
def announce(services):
    """Announce a locked EDL as assembly does; nobody brings it to render yet."""

    async def announcing(wire):
        async with services.database.transaction() as tx:
            await publish(tx, EdlLocked(wire["sessionId"], wire["version"], "session:someone", wire))

    return announcing


@pytest.fixture
def looked(monkeypatch):
    """Set once a request has found its EDL on the way."""
    found, real = asyncio.Event(), waiting.is_on_its_way

    async def looking(*asked):
        there = await real(*asked)
        if there:
            found.set()
        return there

    monkeypatch.setattr(waiting, "is_on_its_way", looking)
    return found


@pytest.mark.parametrize("before", [None, 3])
@pytest.mark.parametrize("named", [None, 4])
async def test_an_edl_that_was_locked_a_moment_ago_is_waited_for(services, lock, announce, looked, wire, before, named):
    if before:
        await lock(wire)
    await announce({**wire, "version": 4})
    asked = asyncio.create_task(request_renders(services, "talk-1", ["thumbnail"], actor="a", edl_version=named))
    await asyncio.wait_for(looked.wait(), 20)
    assert await Relay(services.database, consumers(services)).drain() == 1
    assert [each.job.edl_version for each in await asked] == [4]


async def test_a_camera_s_place_can_be_told_right_after_the_lock(services, announce, looked, wire):
    await announce(wire)
    asked = asyncio.create_task(set_subject(services, "talk-1", "A", 0.4, actor="a"))
    await asyncio.wait_for(looked.wait(), 20)
    await Relay(services.database, consumers(services)).drain()
    assert (await asked).x == 0.4


async def test_what_does_not_come_is_refused_and_the_version_before_is_not_rendered(
    services, lock, announce, wire, monkeypatch
):
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.0)
    await lock(wire)
    await announce({**wire, "version": 4})
    for version in (None, 4):
        with pytest.raises(EdlOnItsWay, match=r"talk-1.*not reached render yet.*Try again") as caught:
            await request_renders(services, "talk-1", actor="a", edl_version=version)
        assert (caught.value.code, caught.value.status, caught.value.retryable) == ("edl_on_its_way", 409, True)
    assert await list_jobs(services, "talk-1") == []
    (old,) = await request_renders(services, "talk-1", ["thumbnail"], actor="a", edl_version=3)  # named: it is meant
    assert old.job.edl_version == 3


async def test_nobody_waits_for_another_session_or_for_what_was_never_locked(services, announce, looked, wire):
    await announce({**wire, "sessionId": "talk-2"})
    with pytest.raises(NoLockedEdl) as caught:
        await request_renders(services, "talk-1", actor="a")
    assert caught.value.code == "no_locked_edl"
    await announce({**wire, "version": 4})
    with pytest.raises(NoLockedEdl, match="no locked EDL of version 5"):
        await request_renders(services, "talk-1", actor="a", edl_version=5)
    assert not looked.is_set()


async def test_nobody_waits_for_an_edl_that_lies_among_the_dead_letters(services, announce, looked, wire):
    await announce({**wire, "version": 4, "status": "approved"})
    await Relay(services.database, consumers(services), ladder_s=()).drain()
    with pytest.raises(NoLockedEdl) as caught:
        await request_renders(services, "talk-1", actor="a")
    assert caught.value.code == "no_locked_edl"
    assert not looked.is_set()
