"""An event whose handler kills its process (SIGKILL) goes to the dead letters, and does not keep the rest waiting."""

import asyncio
import signal
import sys

import psycopg
import pytest
from sqlalchemy import text

from ruach_studio.infra.queues import list_dead_letters

CHILD = """
import asyncio, os, signal, sys
from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import Consumer, Relay

async def handle(tx, envelope):
    if envelope.payload["number"] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    await tx.exec_driver_sql("INSERT INTO effect VALUES (%s)", (envelope.payload["number"],))

async def main():
    async with Database(sys.argv[1], pool_size=2) as database:
        await Relay(database, [Consumer("effect", ("bell.rang",), handle)], ladder_s=(0.1, 0.1)).run(asyncio.Event())

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_an_event_that_kills_every_process_is_parked_and_the_rest_goes_through(database, ring, request_ids):
    with psycopg.connect(database.dsn) as conn:
        conn.execute("CREATE TABLE effect (number int)")
    await ring(-1, 1, 2)

    async def settled():
        async with database.connection() as conn:
            letters = await list_dead_letters(conn, queue="effect")
            return letters, sorted((await conn.execute(text("SELECT number FROM effect"))).scalars())

    deaths, effects_at_death = 0, []
    async with asyncio.timeout(200):
        while deaths < 10:
            child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, database.dsn)
            while child.returncode is None and not (await settled())[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            if child.returncode is None:
                break
            assert child.returncode == -signal.SIGKILL
            deaths += 1
            effects_at_death.append((await settled())[1])
        while (await settled())[1] != [1, 2]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        child.kill()
        await child.wait()
    (letter,), effects = await settled()
    assert deaths == 3, "the first run and the ladder's two"
    assert effects_at_death[1] == [1, 2], "they went before its second attempt"
    assert (letter["payload"], letter["error"]["code"]) == ({"number": -1}, "process_died")
    assert [each["error"]["code"] for each in letter["attempts"]] == ["process_died"] * 3
    assert effects == [1, 2]
