"""A worker that is stopped at any moment after its start leaves no connection to the server behind."""

import asyncio
import gc
import warnings

import pytest

from ruach_studio.infra.queues import BullmqPostgres, Worker


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
