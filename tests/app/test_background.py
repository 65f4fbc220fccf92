"""What runs behind the service ends as a whole: a part that breaks lets the others finish before anybody hears of it."""

import asyncio

import pytest

from ruach_studio.app.background import background
from ruach_studio.infra.outbox import Relay
from ruach_studio.infra.queues import Worker


async def test_a_part_that_breaks_ends_the_service_once_the_others_have_finished(services, monkeypatch, caplog):
    finished, told = [], asyncio.Event()

    async def broken(_self, _stop):
        raise RuntimeError("a fault of ours")

    async def slow(_self, stop):
        await stop.wait()
        for _ in range(20):  # a job that is given back
            await asyncio.sleep(0)
        finished.append("worker")

    monkeypatch.setattr(Relay, "run", broken)
    monkeypatch.setattr(Worker, "run", slow)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        async with background(services, on_failure=told.set):
            await asyncio.wait_for(told.wait(), 10)
    assert finished == ["worker"]
    assert "service.part.failed" in caplog.text
