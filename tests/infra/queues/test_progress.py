"""Whoever follows a job sees numbers that rise, the latest state, and the end."""

import asyncio
from contextlib import aclosing

import pytest

from ruach_studio.infra.queues import follow
from ruach_studio.infra.queues.bullmq_postgres import JobNotFound

KEY = ("render-jobs", "step")


async def test_a_follower_sees_progress_and_the_end(database, add, serve, request_ids):
    steps = asyncio.Queue()

    async def handler(context, _payload):
        while (share := await steps.get()) < 1:
            await context.progress({"share": share})
        return {"url": "x"}

    job_id = await add()
    seen = []
    async with serve({KEY: handler}), asyncio.timeout(20):
        steps.put_nowait(0.1)
        async for seq, shown in follow(database, job_id):
            seen.append((seq, shown["state"], shown["progress"].get("share")))
            if shown["progress"].get("share") == 0.1 and len(seen) < 10:
                steps.put_nowait(0.5)
            if shown["progress"].get("share") == 0.5:
                steps.put_nowait(1)
    numbers = [each[0] for each in seen]
    assert numbers == sorted(set(numbers))
    assert [each[2] for each in seen if each[1] == "running" and each[2]][-1] == 0.5
    assert seen[-1][1] == "completed"


async def test_two_followers_share_the_news_and_a_late_one_gets_the_end_only(database, add, serve, request_ids):
    async def handler(context, _payload):
        await context.progress({"share": 0.5})
        return {}

    async def last_of(job_id):
        return [each async for each in follow(database, job_id)][-1]

    async with asyncio.timeout(20):
        job_id = await add()
        both = asyncio.gather(last_of(job_id), last_of(job_id))
        async with serve({KEY: handler}):
            first, second = await both
        assert first == second
        assert first[1]["state"] == "completed"
        assert [each async for each in follow(database, job_id)] == [first]
        assert [each async for each in follow(database, job_id, after_seq=first[0])] == []


async def test_a_failed_job_names_its_retry(database, add, serve, request_ids):
    async def handler(context, _payload):
        if context.attempt == 1:
            raise RuntimeError("once")
        return {}

    async with serve({KEY: handler}), asyncio.timeout(20):
        job_id = await add()
        _seq, end = [each async for each in follow(database, job_id)][-1]
        assert end["state"] == "failed"
        assert end["error"]["message"] == "once"
        _seq, retried = [each async for each in follow(database, end["retriedAs"])][-1]
    assert retried["state"] == "completed"


async def test_leaving_early_leaves_nothing_behind(database, add, request_ids):
    job_id = await add()
    async with aclosing(follow(database, job_id)) as states:
        async for _seq, shown in states:
            assert shown["state"] == "queued"
            break
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_a_job_that_is_not_there_cannot_be_followed(database):
    with pytest.raises(JobNotFound):
        await anext(follow(database, "f3b1cbb0-5a2c-4b0e-8e0e-0d9d9a5f0f11"))
