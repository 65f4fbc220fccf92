"""Ask for a session's renders and die of it (SIGKILL): before the commit, or after it and before the answer.

Arguments: the database's address, data folder, session, "before" or "after".
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.render.usecases import request_renders as code

url, data_dir, session_id, moment = sys.argv[1:]
announce = code.jobs.announce


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    store: LocalDiskStore
    clock: SystemClock
    pressure: PressureBoard


def die():
    os.kill(os.getpid(), signal.SIGKILL)


async def announce_and_die(tx, job):
    await announce(tx, job)
    die()


async def work():
    if moment == "before":
        code.jobs.announce = announce_and_die
    settings = load_settings(data_dir=Path(data_dir))
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    async with Database(url, pool_size=2) as database:
        with bind(correlation_id=new_id()):
            services = Services(settings, database, BullmqPostgres(database), store, SystemClock(), PressureBoard(database))
            await code.request_renders(services, session_id, actor="session:dying")
        die()


asyncio.run(work())
