"""A worker that is stopped at any moment ends, and leaves no connection to the server behind."""

import asyncio
import gc
import warnings
from contextlib import suppress

import bullmq as bull
import pytest
import structlog

from ruach_studio.infra.queues import BullmqPostgres, Worker, worker


async def nothing(_context, _payload):
    return {}


@pytest.mark.slow
async def test_forty_stops_leave_no_connection(database):
    queue = BullmqPostgres(database)
    handlers = {(name, "x"): nothing for name in ("assembly-jobs", "render-jobs", "media-transcoding", "formation-state")}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for turn in range(40):
            stop = asyncio.Event()
            running = asyncio.create_task(Worker(database, queue, handlers).run(stop))
            await asyncio.wait({running}, timeout=0.03 + 0.012 * turn)  # through connecting, looking and waiting
            stop.set()
            await running
        del running
        gc.collect()
    assert [str(each.message) for each in seen if issubclass(each.category, ResourceWarning)] == []


@pytest.mark.usefixtures("request_ids")
async def test_a_stop_that_waits_says_for_which_queue(database, queue, add, monkeypatch):
    stop, told, said = asyncio.Event(), asyncio.Event(), asyncio.Event()
    lines = []

    async def deaf(_context, _payload):
        stop.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        told.set()
        await said.wait()

    def hear(_logger, _method, line):
        lines.append(line)
        if line["event"] == "worker.stop.waits":
            said.set()
        raise structlog.DropEvent

    monkeypatch.setattr(worker, "log", structlog.wrap_logger(None, processors=[hear]))
    monkeypatch.setattr(worker, "LATE_S", 0.2)
    await add()
    handlers = {("render-jobs", "step"): deaf, ("assembly-jobs", "step"): nothing}
    await asyncio.wait_for(Worker(database, queue, handlers, grace_s=0.1).run(stop), 30)
    assert told.is_set()
    assert [line["queues"] for line in lines if line["event"] == "worker.stop.waits"] == [["render-jobs"]]
    assert lines[-1]["event"] == "worker.stopped"


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("request_ids")
@pytest.mark.parametrize("backend", ["postgres", "valkey"], indirect=True)
async def test_one_that_is_told_to_stop_before_it_begins_to_wait_does_not_wait(database, queue, add, monkeypatch):
    """A job that is due in an hour is what it would wait for."""
    stop, ended, ask = asyncio.Event(), asyncio.Event(), bull.Worker.getNextJob
    waited = []

    async def end(_context, _payload):
        ended.set()

    async def asking(worker, token):
        if ended.is_set():
            stop.set()
            while not worker.closing:  # noqa: ASYNC110  (BullMQ has no event for it)
                await asyncio.sleep(0)
            wait = worker.backend.waitForJob
            monkeypatch.setattr(worker.backend, "waitForJob", lambda most_s: waited.append(most_s) or wait(most_s))
        return await ask(worker, token)

    monkeypatch.setattr(bull.Worker, "getNextJob", asking)
    await add(delay_s=3600)
    await add()
    await Worker(database, queue, {("render-jobs", "step"): end}).run(stop)
    assert ended.is_set()
    assert waited == []
