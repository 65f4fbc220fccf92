"""Run render's worker in processes that are killed: each line of JSON on standard input forks one.

With `killAfterS` it is killed (SIGKILL) that long after its birth; else it works until the file `stop` appears. Answers with
its exit status when it has ended. The imports are done before the fork. Pictures are small, so that a render takes a moment.
"""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import QUEUES, BullmqPostgres, Worker
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.render import presets
from ruach_studio.render.entrypoints.jobs import handlers, hooks
from ruach_studio.render.runners.ffmpeg import FfmpegRunner
from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.s3_server import S3Server

SIZES = {"full_16_9": (320, 180), "short_9_16": (180, 320), "clip_1_1": (180, 180), "thumbnail": (320, 180)}


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    queue: BullmqPostgres
    store: ObjectStore
    clock: SystemClock
    pressure: PressureBoard


def store_of(told: dict) -> ObjectStore:
    if told.get("s3"):
        return Bucket(S3Server(told["s3"]["port"], None), Path(told["folder"]), told["s3"]["prefix"]).store()
    return LocalDiskStore(Path(told["folder"]) / "store", "http://studio.test")


def render_alone(services: Services):
    return handlers(services, FfmpegRunner()), hooks(services)


async def work(told: dict, parts=render_alone) -> None:
    """Work until the file `stop` appears; `parts` gives the handlers and the hooks."""
    presets.PRESETS = {name: replace(presets.PRESETS[name], width=w, height=h) for name, (w, h) in SIZES.items()}
    policies = tuple(replace(policy, ladder_s=(0.2, 0.4, 0.4), stalled_check_s=0.5) for policy in QUEUES)
    stop, end = asyncio.Event(), Path(told["folder"]) / "stop"
    async with Database(told["database"]) as database:
        store = store_of(told)
        await store.sweep()
        roots = [Path(each) for each in told.get("mediaRoots", ())]
        settings = load_settings(data_dir=Path(told["folder"]) / "data", public_url="http://studio.test", media_roots=roots)
        board = PressureBoard(database)
        services = Services(settings, database, BullmqPostgres(database, policies=policies), store, SystemClock(), board)
        own_handlers, own_hooks = parts(services)
        worker = Worker(database, services.queue, own_handlers, hooks=own_hooks, grace_s=1.0)
        running = asyncio.create_task(worker.run(stop))
        while not end.exists() and not running.done():  # noqa: ASYNC110  (another process makes it)
            await asyncio.sleep(0.05)
        stop.set()
        await running


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    for line in sys.stdin:
        kill_after_s = json.loads(line).get("killAfterS")
        child = os.fork()
        if child == 0:
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 1)
            asyncio.run(work(told))
            os._exit(0)
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
