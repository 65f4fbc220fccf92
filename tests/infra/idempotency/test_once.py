"""One key, one effect, one answer, whoever asks and how often."""

import asyncio

import psycopg
import pytest

from ruach_studio.infra.idempotency import once


@pytest.fixture
def effects(database):
    with psycopg.connect(database.dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE effect (n int)")
        yield lambda: conn.execute("SELECT count(*) FROM effect").fetchone()[0]


@pytest.fixture
def ask(database):
    async def asking(key="k", *, fail=False):
        async with database.transaction() as tx:

            async def make():
                await tx.exec_driver_sql("INSERT INTO effect VALUES (1)")
                await asyncio.sleep(0.05)
                if fail:
                    raise RuntimeError
                return {"jobs": ["a", "b"], "text": "a\x00b", "share": 0.5}

            return await once(tx, key, make)

    return asking


async def test_10_concurrent_calls_have_one_effect_and_one_answer(ask, effects):
    answers = await asyncio.gather(*(ask() for _ in range(10)))
    assert effects() == 1
    assert sum(made for _answer, made in answers) == 1
    assert all(answer == {"jobs": ["a", "b"], "text": "a\x00b", "share": 0.5} for answer, _made in answers)


async def test_another_key_is_another_effect(ask, effects):
    await ask("a")
    await ask("b")
    assert effects() == 2


async def test_a_failed_call_leaves_the_key_free(ask, effects):
    with pytest.raises(RuntimeError):
        await ask(fail=True)
    assert effects() == 0
    assert (await ask())[1]
    assert effects() == 1


async def test_who_waits_for_a_failing_call_does_the_work(ask, effects):
    first, second = await asyncio.gather(ask(fail=True), ask(), return_exceptions=True)
    assert isinstance(first, RuntimeError)
    assert second[1]
    assert effects() == 1
