"""An operator's window on the house: the queues as they stand, and a stream of what may need a hand."""

import asyncio
import json

import pytest

from ruach_studio.events.assembly import EdlLocked
from ruach_studio.events.formation import FormationGated
from ruach_studio.events.ops import BackpressureShedding
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.outbox.routes import _events
from ruach_studio.infra.outbox.tail import position_of
from ruach_studio.infra.pressure.monitor import PressureMonitor
from ruach_studio.infra.queues.pressure import Thresholds
from ruach_studio.infra.queues.store import dead_letters

ROUTES = ("/ops/queues", "/ops/events")


async def announce(database, *events):
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            for event in events:
                await publish(tx, event)


async def read(database, count, after=None, recent=0):
    found, source = [], _events(database, position_of(after), recent)
    async with asyncio.timeout(20):
        async for event in source:
            found.append(event)
            if len(found) == count:
                break
    await source.aclose()
    return found


@pytest.mark.parametrize("path", ROUTES)
async def test_only_operators_look(caller, path):
    assert (await (await caller()).get(path)).status_code == 401
    assert (await (await caller("member")).get(path)).status_code == 403


async def test_the_queues_are_shown_as_they_stand(caller, services, database):
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            await services.queue.add(tx, "media-transcoding", "proxy", {})
    listed = {each["queue"]: each for each in (await (await caller("operator")).get("/ops/queues")).json()}
    assert list(listed) == ["assembly-jobs", "render-jobs", "media-transcoding", "formation-state"]
    assert {name: each["depth"] for name, each in listed.items() if each["depth"]} == {"media-transcoding": 1}
    quiet = listed["render-jobs"]
    assert quiet.pop("oldestWaitingS") == 0
    assert quiet == {
        "queue": "render-jobs", "pillar": "render", "depth": 0, "level": "normal", "levelSince": None, "pausedSince": None,
        "held": 0, "waiting": 0, "prioritized": 0, "delayed": 0, "paused": 0, "active": 0, "deadLetters": 0,
        "concurrency": 3,
    }  # fmt: skip


async def test_the_stream_carries_what_may_need_a_hand_and_goes_on_after_an_id(database):
    gate = FormationGated("u", "e", "c", ("because",))
    locked = EdlLocked("s", 1, "op", {"tracks": {"program": [1] * 100}})
    await announce(database, gate, locked, BackpressureShedding("render-jobs", 501, "normal"))
    first, second, ready = await read(database, 3, recent=10)
    assert (first.event, second.event, ready.event) == ("edl.locked", "queue.backpressure.shedding", "ready")
    assert first.data["payload"] == {"sessionId": "s", "edlVersion": 1, "lockedBy": "op"}  # the EDL itself stays out
    assert second.data["payload"] == {"queue": "render-jobs", "depth": 501, "previousLevel": "normal"}
    json.dumps(second.data)
    assert second.data["correlationId"]
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            letter = {
                "kind": "job", "queue": "render-jobs", "name": "render", "source_id": "j1", "payload": {}, "attempts": [],
                "automation_id": None, "correlation_id": new_id(), "error": {"code": "font_missing", "message": "no \x00"},
            }  # fmt: skip
            assert await dead_letters.bury(tx, **letter)
            assert not await dead_letters.bury(tx, **letter)  # told once, as it is kept once
    again, dead = await read(database, 2, after=first.id)
    assert (again.id, dead.event, dead.data["payload"]["sourceId"]) == (second.id, "dead-letter.created", "j1")


async def test_a_shed_request_is_told_when_to_come_again(caller, services, database):
    operator = await caller("operator")
    with bind(correlation_id=new_id()):
        async with database.transaction() as tx:
            for _ in range(3):
                await services.queue.add(tx, "render-jobs", "render", {})
    await PressureMonitor(database, services.queue, services.pressure, thresholds=Thresholds(0, 1, 2)).judge()
    body = {"sessionId": "s", "format": "full_16_9"}
    answer = await operator.post("/render-jobs/trigger", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "300")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["retryable"]) == ("shedding", True)
    assert (await operator.post("/render-jobs/trigger", json={**body, "critical": True})).status_code == 409  # no locked EDL
    assert (await operator.post("/render-jobs/render-all/s")).status_code == 503
    resume = {"params": {"queue": "render-jobs"}, "reason": "the disk is back"}
    assert (await operator.post("/ops/commands/queue.resume", json=resume)).json()["result"]["level"] == "shedding"
    assert (await operator.post("/ops/commands/queue.resume", json=resume)).json()["code"] == "not_paused"
