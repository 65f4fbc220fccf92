"""Run recovery commands in processes that are killed: a line of JSON on standard input forks one that does the command.

With `killAfterS` it is killed (SIGKILL) that long after its birth. Answers with its exit status (negative = the signal) and
the seconds that it lived. The imports are done before the fork, so that a child's life is the command and nothing else.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import ruach_studio.app.formation_tools
import ruach_studio.assembly.entrypoints.commands
import ruach_studio.formation.entrypoints.commands
import ruach_studio.render.entrypoints.commands  # noqa: F401  (a process loads these on first use: here before the fork)
from ruach_studio.app.ops import commanding
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.commands import confirm, perform
from ruach_studio.infra.context import SystemClock, bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore


async def work(told):
    """Do one command as `told`: {"url", "folder", "who": account id, "confirm": id} or {…, "name", "params"}."""
    async with Database(told["url"], pool_size=2) as database:
        settings = load_settings(data_dir=Path(told["folder"]))
        store = LocalDiskStore(settings.store_dir, settings.public_url)
        given = commanding(Services(settings, database, BullmqPostgres(database), store, SystemClock()))
        who = Principal(told["who"], "somebody", frozenset({"operator"}))
        with bind(correlation_id=new_id()):
            if "confirm" in told:
                await confirm(given, who, told["confirm"])
            else:
                await perform(given, who, told["name"], told["params"], reason="a drill")


for line in sys.stdin:
    told = json.loads(line)
    born = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(work(told))
        except BaseException as error:  # noqa: BLE001  (the parent reads it)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    if "killAfterS" in told:
        time.sleep(told["killAfterS"])
        os.kill(child, signal.SIGKILL)  # it is not reaped before the next line, so its id is still its own
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - born]), flush=True)
