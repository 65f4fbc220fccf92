"""Run a relay in processes that kill themselves (SIGKILL) before the nth line of the outbox's code that they come to.

Arguments: the database's address. For n = 1, 2, 3, … a fork drains until it is killed; the first that lives to the end ends
the series. Prints how many were killed. The imports are done before the fork, and no connection is open then.
"""

import asyncio
import os
import signal
import sys

from ruach_studio.infra.db import Database
from ruach_studio.infra.outbox import Consumer, Relay
from ruach_studio.infra.outbox import relay as relay_code
from ruach_studio.infra.outbox import store as store_code

FILES = {relay_code.__file__, store_code.__file__}


async def handle(tx, envelope):
    await tx.exec_driver_sql("INSERT INTO effect VALUES (%s)", (envelope.payload["number"],))
    if envelope.payload["number"] < 0:
        raise ValueError("poison")


async def drain(url):
    async with Database(url, pool_size=2) as database:
        await Relay(database, [Consumer("effect", ("bell.rang",), handle)], ladder_s=(0.0,)).drain()


def kill_before(line):
    left = line

    def trace(frame, event, _argument):
        nonlocal left
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


killed = 0
while True:
    child = os.fork()
    if child == 0:
        kill_before(killed + 1)
        asyncio.run(drain(sys.argv[1]))
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        break
    killed += 1
print(killed, flush=True)
