"""Assemble a session and die of it (SIGKILL): before the commit, or after it and before the answer.

Arguments: the database's address, data folder, footage folder, session, "before" or "after".
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.assembly.usecases import assemble as code
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import Settings, load_settings

url, data_dir, footage, session_id, moment = sys.argv[1:]
announce = code.publish


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    clock: SystemClock


def die():
    os.kill(os.getpid(), signal.SIGKILL)


async def announce_and_die(tx, event):
    await announce(tx, event)
    die()


async def work():
    if moment == "before":
        code.publish = announce_and_die
    settings = load_settings(data_dir=Path(data_dir), media_roots=[Path(footage)])
    async with Database(url, pool_size=2) as database:
        with bind(correlation_id=new_id()):
            await code.assemble(
                Services(settings, database, BullmqPostgres(database), SystemClock()), session_id, actor="session:dying"
            )
        die()


asyncio.run(work())
