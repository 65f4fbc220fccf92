"""Workers of several processes at a queue whose shared concurrency is used up: they neither pass it nor oversleep."""

import asyncio
import time

import pytest

from ruach_studio.infra.queues import bullmq_postgres, bullmq_redis

KEY = ("render-jobs", "step")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["postgres", "valkey"], indirect=True)
async def test_room_is_taken_although_nothing_tells_of_it(database, queue, serve, until, request_ids, monkeypatch):
    """40 jobs of 0.15 s, three at a time, take 2 s if each place is taken at once; who sleeps on sleeps 30 s (10 on Redis).

    With bullmq 3.4.4 as it is they took 56 s on Redis.
    """
    monkeypatch.setattr(bullmq_postgres, "_DRAIN_DELAY_S", 30.0)
    monkeypatch.setattr(bullmq_redis, "_DRAIN_DELAY_S", 10.0)  # BullMQ's own longest: 13 rounds, 130 s
    running = peak = 0
    ended = []

    async def handler(context, _payload):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.15)
        running -= 1
        ended.append(context.job_id)

    async with serve({KEY: handler}), serve({KEY: handler}), serve({KEY: handler}), serve({KEY: handler}):
        begun_s = time.monotonic()
        async with database.transaction() as tx:
            for _ in range(40):
                await queue.add(tx, *KEY, {})
        await until(lambda: len(ended) == 40, deadline_s=60)
        took_s = time.monotonic() - begun_s
    assert peak <= 3
    assert took_s < 20
