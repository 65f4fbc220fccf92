"""A service that runs gets its server back without anybody asking."""

import asyncio
import os
import signal
import time

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from ruach_studio.infra.db import Database
from ruach_studio.infra.embedded.errors import EmbeddedServerDown
from ruach_studio.infra.embedded.keeper import keep_running
from ruach_studio.kernel.errors import Unavailable


async def test_a_killed_server_is_back_and_only_unavailable_is_seen_in_between(folder) -> None:
    server = folder.server()
    stop = asyncio.Event()
    async with Database(server.ensure()) as database:
        async with database.transaction() as tx:
            await tx.execute(text("create table kept (n int)"))
        keeper = asyncio.create_task(keep_running(server, stop, every_s=0.05))
        first = folder.pid()
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + 30
        while True:
            assert time.monotonic() < end
            try:
                async with database.transaction() as tx:
                    await tx.execute(text("insert into kept values (1)"))
                break
            except Unavailable:
                await asyncio.sleep(0.02)
        stop.set()
        await keeper
    assert folder.pid() not in (None, first)
    assert folder.read(server.ensure()) == [1]


async def test_a_server_that_cannot_come_back_is_logged_and_tried_again(folder, caplog) -> None:
    server = folder.server()
    server.ensure()
    os.kill(folder.pid(), signal.SIGKILL)
    folder.wait_until(lambda: folder.pid() is None)
    control = folder.layout.cluster / "global" / "pg_control"
    kept = control.read_bytes()
    control.unlink()
    stop = asyncio.Event()
    keeper = asyncio.create_task(keep_running(server, stop, every_s=0.05))
    end = time.monotonic() + 30
    while "database.server.down" not in caplog.text:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    assert not keeper.done()
    control.write_bytes(kept)
    while folder.pid() is None:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    stop.set()
    await keeper
    assert server.release() is True


@pytest.fixture
def no_template(folder):
    """A dead server whose next start comes as far as its first query and fails there, as if it died again at once."""
    server = folder.server()
    with psycopg.connect(make_conninfo(server.ensure(), dbname="postgres"), autocommit=True) as conn:
        conn.execute("drop database ruach with (force)")
        conn.execute("update pg_database set datistemplate = false where datname = 'template1'")
        conn.execute("drop database template1")
    os.kill(folder.pid(), signal.SIGKILL)
    folder.wait_until(lambda: folder.pid() is None)
    return server


def test_a_server_that_fails_at_its_first_query_is_down_in_plain_words(no_template, folder) -> None:
    with pytest.raises(EmbeddedServerDown, match='template database "template1" does not exist'):
        no_template.ensure()
    assert folder.pid() is None  # with nobody to use it


async def test_a_server_that_fails_at_its_first_query_does_not_end_the_keeper(no_template, caplog) -> None:
    await logged_and_goes_on(no_template, caplog, "template1")


async def test_what_nobody_thought_of_does_not_end_the_keeper(caplog) -> None:
    class Strange:
        def ensure(self):
            raise LookupError("nobody thought of this")

    await logged_and_goes_on(Strange(), caplog, "nobody thought of this")


async def logged_and_goes_on(server, caplog, reason: str) -> None:
    """Keep the server until it was tried and logged twice; nothing is raised."""
    stop = asyncio.Event()
    keeper = asyncio.create_task(keep_running(server, stop, every_s=0.01))
    end = time.monotonic() + 30
    while caplog.text.count("database.server.down") < 2 and not keeper.done():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    stop.set()
    await keeper
    assert reason in caplog.text
