"""A relay that is killed (SIGKILL) between any two lines of its code loses no event and repeats no effect."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from ruach_studio.infra.outbox import Consumer, Relay
from ruach_studio.infra.queues import list_dead_letters

CHILD = Path(__file__).parent / "killed_child.py"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_relay_killed_before_each_line_in_turn_misses_nothing_and_repeats_nothing(database, ring, request_ids):
    with psycopg.connect(database.dsn) as conn:
        conn.execute("CREATE TABLE effect (number int)")
    await ring(1, 2, -1)
    child = await asyncio.create_subprocess_exec(
        sys.executable, CHILD, database.dsn, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await child.communicate()
    assert child.returncode == 0

    async def handle(_tx, envelope):
        if envelope.payload["number"] < 0:
            raise ValueError("poison")

    relay = Relay(database, [Consumer("effect", ("bell.rang",), handle)], ladder_s=(0.0,))
    assert await relay.drain() == 0, "nothing is left over"
    async with database.connection() as conn:
        found = list((await conn.exec_driver_sql("SELECT number FROM effect")).scalars())
        letters = await list_dead_letters(conn, queue="effect")
    assert Counter(found) == Counter([1, 2])
    assert [(letter["payload"]["number"], len(letter["attempts"])) for letter in letters] == [(-1, 2)]
    assert int(out) > 40
