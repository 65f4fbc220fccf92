"""What a worker asks BullMQ for: no claim that another has answered, and on Redis the run begins with the claim."""

import asyncio
from types import SimpleNamespace

import pytest
from bullmq.scripts import Scripts

from ruach_studio.infra.queues.bullmq_claims import one_at_a_time, start_found_first
from ruach_studio.infra.queues.dispatcher import Dispatcher
from ruach_studio.infra.queues.store import dispatch, runs
from ruach_studio.kernel.errors import Unavailable

QUEUE = "formation-state"


async def test_a_claim_that_finds_nothing_answers_those_asked_for_before_it_and_no_later_one():
    jobs, sent = [{"id": "a"}], []
    under_way, held = asyncio.Event(), asyncio.Event()

    async def claim(token, _options):
        sent.append(token)
        found = jobs.pop() if jobs else None  # the server answers by what it has now, however long the answer travels
        if token == "1":
            under_way.set()
            await held.wait()
        return [found, "a" if found else None, 0, 0]

    backend = SimpleNamespace(moveToActive=claim)
    one_at_a_time(backend)
    early = [asyncio.create_task(backend.moveToActive(str(n), {})) for n in range(10)]
    await under_way.wait()
    jobs.append({"id": "b"})
    late = asyncio.create_task(backend.moveToActive("late", {}))
    held.set()
    found = [answer[0] for answer in await asyncio.gather(*early)]
    assert found == [{"id": "a"}] + [None] * 9
    assert (await late)[0] == {"id": "b"}, "it was asked for after the claim that found nothing had gone"
    assert sent == ["0", "1", "late"]


async def test_a_claim_that_fails_answers_nobody_else():
    sent = []

    async def claim(token, _options):
        sent.append(token)
        if token == "0":
            raise Unavailable
        return [None, None, 0, 0]

    backend = SimpleNamespace(moveToActive=claim)
    one_at_a_time(backend)
    answers = await asyncio.gather(*(backend.moveToActive(str(n), {}) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in answers] == [Unavailable, list, list]
    assert sent == ["0", "1"]


async def test_what_was_found_starts_before_more_is_asked_for():
    order = []

    async def asks(_token):
        order.append("asked")

    async def handler():
        order.append("started")

    async def found():  # as the runner does: the handler is a task of its own, so that it can be cancelled alone
        await asyncio.create_task(handler())

    worker = SimpleNamespace(getNextJob=asks)
    start_found_first(worker)
    job = asyncio.create_task(found())  # as bullmq does: the job's task, and then a question for each free place
    await asyncio.gather(job, *(asyncio.create_task(worker.getNextJob(str(n))) for n in range(3)))
    assert order == ["started", "asked", "asked", "asked"]


@pytest.mark.parametrize("backend", ["postgres", "valkey"], indirect=True)
async def test_one_job_costs_a_worker_with_room_for_ten_few_claims(add, serve, until, request_ids, monkeypatch, backend):
    """bullmq 3.4.4 as it is sends 19 for each: nine after the job that it found, nine more when they found nothing."""
    sent = 0
    where, name = (runs, "claim") if backend == "postgres" else (Scripts, "moveToActive")
    claim = getattr(where, name)

    def counting(*args, **options):
        nonlocal sent
        sent += 1
        return claim(*args, **options)

    async def handler(_context, _payload):
        return None

    monkeypatch.setattr(where, name, counting)
    async with serve({(QUEUE, "step"): handler}):
        for _ in range(10):
            await until(await add(to=QUEUE), "completed")
        assert 10 <= sent <= 90


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
@pytest.mark.parametrize("away", [False, True])
async def test_on_redis_a_run_begins_with_the_claim_or_else_with_the_processor(
    queue, add, serve, until, row_of, request_ids, monkeypatch, away
):
    """An outage of PostgreSQL between the claim and the beginning is the processor's to meet, as before."""
    begun, take, begin, begin_all = [], queue.begun, runs.begin, runs.begin_all
    calls = 0

    async def one(*given):
        nonlocal calls
        calls += 1
        return await begin(*given)

    async def many(*given):
        nonlocal calls
        calls += 1
        if away:
            raise Unavailable
        return await begin_all(*given)

    def taking(job_id, token):
        execution = take(job_id, token)
        begun.append(execution and (execution.job_id, execution.state, execution.starts))
        return execution

    async def handler(_context, _payload):
        return None

    monkeypatch.setattr(runs, "begin", one)
    monkeypatch.setattr(runs, "begin_all", many)
    monkeypatch.setattr(queue, "begun", taking)
    async with serve({(QUEUE, "step"): handler}):
        job_id = await add(to=QUEUE)
        row = await until(job_id, "completed")
    assert begun == [None if away else (job_id, "running", 1)]
    assert (calls, row.starts) == (2 if away else 1, 1)


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_on_redis_a_claim_begins_no_run_of_what_bullmq_gave_up(database, queue, add, row_of, request_ids):
    job_id = await add(to=QUEUE)
    await Dispatcher(database, queue.link).drain()
    await queue.link.client.hset(f"{queue.link.prefix}:{QUEUE}:{job_id}", "defa", "job stalled more than allowable limit")
    worker = queue.bull_worker(QUEUE, None, {"autorun": False, "lockDuration": 30_000})
    found = await worker.backend.moveToActive("7.abc:1", worker.opts)
    await worker.backend.close()
    row = await row_of(job_id)
    assert (found[1], row.state, row.starts, queue.begun(job_id, "7.abc:1")) == (job_id, "queued", 0, None)


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_a_job_withdrawn_just_after_it_was_sent_leaves_redis(database, queue, add, request_ids):
    """Its row of dispatch is deleted up to 50 ms after Redis has taken the job; a dead letter that stayed stood for ever."""
    job_id, key = await add(to=QUEUE), f"{queue.link.prefix}:{QUEUE}"
    dispatcher = Dispatcher(database, queue.link)
    async with database.statements() as conn:
        await dispatcher._send_batch(await dispatch.next_waiting(conn, 10))
    assert await queue.link.client.exists(f"{key}:{job_id}") == 1
    async with database.transaction() as tx:
        await queue.cancel(tx, job_id)
    await dispatcher.drain()
    assert await queue.link.client.exists(f"{key}:{job_id}") == 0
    assert (await queue.counts(QUEUE)).depth == 0
