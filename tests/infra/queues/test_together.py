"""What a worker on Redis asks at once: claims by what they find, scripts in one pipeline, ends in one statement."""

import asyncio
from types import SimpleNamespace

import pytest

from ruach_studio.infra.queues.bullmq_together import Ends, claim_and_begin_together, run_together
from ruach_studio.infra.queues.store import executions, runs
from ruach_studio.kernel.errors import Unavailable

QUEUE = "formation-state"
NOTHING = [None, None, 0, 0]


def _claims(monkeypatch, claim):
    """Return a backend whose claims are `claim`'s, and the sizes of the groups whose runs were begun together."""
    groups = []

    async def begin_all(_conn, job_ids, worker):
        groups.append((len(job_ids), worker))
        return {job_id: SimpleNamespace(job_id=job_id) for job_id in job_ids}

    class Database:
        def driver(self):
            return self

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

    monkeypatch.setattr(runs, "begin_all", begin_all)
    backend, begun = SimpleNamespace(moveToActive=claim), {}
    claim_and_begin_together(backend, claim, Database(), begun)
    return backend, begun, groups


async def test_claims_double_while_all_find_a_job_and_one_in_vain_answers_the_rest(monkeypatch):
    jobs, sent = [str(n) for n in range(6)], []

    async def claim(token, _options):
        sent.append(token)
        return [{"id": jobs[0]}, jobs.pop(0), 0, 0] if jobs else NOTHING

    backend, begun, groups = _claims(monkeypatch, claim)
    found = await asyncio.gather(*(backend.moveToActive("7.w:1", {}) for _ in range(20)))
    assert [each[1] for each in found] == ["0", "1", "2", "3", "4", "5"] + [None] * 14
    assert (groups, len(sent)) == ([(1, 7), (2, 7), (3, 7)], 7)
    assert sorted(begun) == [(str(n), "7.w:1") for n in range(6)]
    jobs[:] = ["6", "7"]
    await asyncio.gather(*(backend.moveToActive("7.w:2", {}) for _ in range(3)))
    assert groups[3:] == [(1, 7), (1, 7)], "after a claim in vain one goes first again"


async def test_a_claim_asked_for_while_one_in_vain_is_under_way_is_sent(monkeypatch):
    under_way, held, jobs = asyncio.Event(), asyncio.Event(), []

    async def claim(_token, _options):
        found = [{"id": jobs[0]}, jobs.pop(0), 0, 0] if jobs else NOTHING
        under_way.set()
        await held.wait()
        return found

    backend, _begun, _groups = _claims(monkeypatch, claim)
    early = [asyncio.create_task(backend.moveToActive("7.w:1", {})) for _ in range(10)]
    await under_way.wait()
    jobs.append("a")
    late = asyncio.create_task(backend.moveToActive("7.w:2", {}))
    await asyncio.sleep(0)
    held.set()
    assert [each[1] for each in await asyncio.gather(*early)] == [None] * 10
    assert (await late)[1] == "a"


async def test_a_claim_that_fails_answers_nobody_else(monkeypatch):
    sent = []

    async def claim(token, _options):
        sent.append(token)
        if len(sent) == 1:
            raise Unavailable
        return NOTHING

    backend, _begun, _groups = _claims(monkeypatch, claim)
    asked = (backend.moveToActive(f"7.w:{n}", {}) for n in range(3))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in answers] == [Unavailable, list, list]
    assert sent == ["7.w:0", "7.w:1"]


@pytest.mark.parametrize("backend", ["valkey"], indirect=True)
async def test_scripts_of_one_moment_share_a_pipeline_also_when_redis_has_forgotten_them(queue):
    client = queue.link.client
    script = client.register_script("if ARGV[1] == 'bad' then return redis.error_reply('no') end return ARGV[1]")
    commands = {"echo": script}
    run_together(commands, "echo")

    async def all_of(*words):
        return await asyncio.gather(*(commands["echo"](keys=["k"], args=[each]) for each in words), return_exceptions=True)

    async def written():
        return (await client.info("stats"))["total_reads_processed"]

    await client.script_flush()
    assert await all_of("a", "b", "c") == ["a", "b", "c"]
    before = await written()
    found = await all_of("a", "bad", "c", "d", "e", "f")
    assert await written() - before <= 3, "six calls, one read of them (and one of each question here)"
    assert [str(each) for each in found] == ["a", "no", "c", "d", "e", "f"]


async def test_ends_of_one_moment_are_one_statement_and_each_decides_for_itself(
    database, add, row_of, request_ids, monkeypatch
):
    sent, end_all = [], runs.end_all

    async def counting(conn, ended):
        sent.append(len(ended))
        return await end_all(conn, ended)

    monkeypatch.setattr(runs, "end_all", counting)
    job_ids = [await add(payload={"n": n}, to=QUEUE) for n in range(5)]
    async with database.driver() as conn:
        begun = await runs.begin_all(conn, job_ids, 7)
    assert [begun[job_id].starts for job_id in job_ids] == [1] * 5
    async with database.transaction() as tx:
        await executions.finish(tx, job_ids[1], "cancelled")
        await runs.begin(tx, job_ids[2], 8)  # a second run of it
    ends = Ends(database)
    async with database.transaction() as tx:
        await executions.get(tx, job_ids[3], lock=True)  # somebody holds it: it is not waited for
        told = await asyncio.gather(*(ends.end(begun[job_id], {"of": job_id}) for job_id in job_ids))
    assert (told, sent) == ([True, False, False, False, True], [5])
    rows = [await row_of(job_id) for job_id in job_ids]
    assert [row.state for row in rows] == ["completed", "cancelled", "running", "running", "completed"]
    assert [row.result for row in rows] == [{"of": job_ids[0]}, None, None, None, {"of": job_ids[4]}]


async def test_runs_begun_together_leave_out_what_is_held_by_somebody_or_over(database, add, row_of, request_ids):
    job_ids = [await add(to=QUEUE) for _ in range(3)]
    async with database.transaction() as tx:
        await executions.finish(tx, job_ids[1], "cancelled")
    async with database.transaction() as tx, database.driver() as conn:
        await executions.get(tx, job_ids[2], lock=True)
        begun = await runs.begin_all(conn, job_ids, 7)
    assert list(begun) == job_ids[:1]
    assert [(await row_of(job_id)).starts for job_id in job_ids] == [1, 0, 0]
