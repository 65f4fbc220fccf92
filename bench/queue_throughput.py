"""Measure enqueue to pickup on both backends beside bare BullMQ on the same servers, interleaved, in one run.

    python bench/queue_throughput.py [--quick] [--redis PROGRAM]

PostgreSQL is the embedded one (fsync on); Redis is the Valkey wheel, or PROGRAM, with an append-only file (everysec). The
job does nothing; at most 10 run at once. Latency: an idle worker, one job at a time, from before `add` to the handler's
first line, p50. Rate: ten writers enqueue 300 jobs while the worker takes them, jobs a second until the last was picked up.
On Redis BullMQ alone commits nothing with the caller's rows; `bare + row` commits one row first and enqueues then, as an
application must (and loses a job if it dies in between; ours does not). Limit: ours against bare on PostgreSQL, against
bare + row on Redis, 1.5 in both. Exit 1 if it is missed.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import bullmq as bull
import uvloop
from sqlalchemy import text

from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database, upgrade
from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.infra.queues import BullmqPostgres, BullmqRedis, Worker
from ruach_studio.infra.redis_link import RedisLink
from ruach_studio.testing.redis_server import redis_server, valkey_program

LIMIT, CONCURRENCY, WRITERS, SETTLE_S = 1.5, 10, 10, 0.5
IDLE_S = 0.1  # between two jobs, so that the worker has ended the one before
QUEUE, NAME = "formation-state", "nothing"
KEEP = {"age": 24 * 3600, "count": 1000}
Add = Callable[[dict[str, Any]], Awaitable[Any]]
Picked = dict[int, asyncio.Future[float]]


class Arm:
    """One way from enqueue to pickup. `running` starts its worker and gives what enqueues a job."""

    def __init__(self, name: str, database: Database, link: RedisLink) -> None:
        """Take the way's name, one of ARMS."""
        self.name, self.database, self.link = name, database, link
        self.picked: Picked = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Add]:
        """Run the worker inside the block."""
        async with self._ours() if self.name.endswith("ours") else self._bare() as add:
            await asyncio.sleep(SETTLE_S)
            yield add

    @asynccontextmanager
    async def _ours(self) -> AsyncIterator[Add]:
        on_redis = self.name.startswith("redis")
        queue = BullmqRedis(self.database, self.link) if on_redis else BullmqPostgres(self.database)

        async def handler(_context: Any, payload: Any) -> None:
            self._pick(payload["n"])

        async def add(payload: dict[str, Any]) -> None:
            with bind(correlation_id=new_id()):
                async with self.database.transaction() as tx:
                    await queue.add(tx, QUEUE, NAME, payload)

        stop = asyncio.Event()
        working = asyncio.create_task(Worker(self.database, queue, {(QUEUE, NAME): handler}).run(stop))
        try:
            yield add
        finally:
            stop.set()
            await working

    @asynccontextmanager
    async def _bare(self) -> AsyncIterator[Add]:
        name, with_row = self.name.replace(" ", "-").replace("+", "and"), self.name.endswith("row")
        where: dict[str, Any] = {"backend": "postgres", "connection": self.database.dsn}
        tuned: dict[str, Any] = {"drainDelay": 0.5}
        if self.name.startswith("redis"):
            where, tuned = {"connection": self.link.worker_client()}, {"drainDelay": 5}

        async def handler(job: bull.Job, _token: str) -> None:
            self._pick(job.data["n"])

        queue = bull.Queue(name, where)
        options = {**where, **tuned, "concurrency": CONCURRENCY, "autorun": False, "removeOnComplete": KEEP}
        worker = bull.Worker(name, handler, options)

        async def add(payload: dict[str, Any]) -> None:
            if with_row:
                async with self.database.transaction() as tx:
                    await tx.execute(text("INSERT INTO bench_row (id) VALUES (:id)"), {"id": new_id()})
            await queue.add(NAME, payload, {"jobId": new_id(), "removeOnComplete": KEEP})

        working = asyncio.create_task(worker.run())
        try:
            yield add
        finally:
            await worker.close()
            await asyncio.wait({working})
            await worker.backend.close()
            await queue.close()

    def _pick(self, n: int) -> None:
        """Note the moment of the handler's first line; whoever waits for it resumes some turns of the loop later."""
        if not self.picked[n].done():
            self.picked[n].set_result(time.perf_counter())

    def _await(self, n: int) -> None:
        self.picked[n] = asyncio.get_running_loop().create_future()

    async def latency_ms(self, number: int) -> list[float]:
        """Return for `number` jobs, one after the other, the time from before `add` to pickup."""
        found = []
        async with self.running() as add:
            for n in range(-3, number):  # the first ones warm up
                self._await(n)
                begun = time.perf_counter()
                await add({"n": n})
                found.append((await asyncio.wait_for(self.picked[n], 60) - begun) * 1000)
                await asyncio.sleep(IDLE_S)
        return found[3:]

    async def rate(self, number: int) -> tuple[float, float]:
        """Return how many jobs a second go from ten writers to the worker, and this process's CPU per job in ms."""
        self.picked.clear()
        for n in range(number):
            self._await(n)
        todo = iter(range(number))
        async with self.running() as add:

            async def write() -> None:
                for n in todo:
                    await add({"n": n})

            begun, cpu_s = time.perf_counter(), time.process_time()
            await asyncio.gather(*(write() for _ in range(WRITERS)))
            async with asyncio.timeout(300):
                await asyncio.gather(*self.picked.values())
            return number / (time.perf_counter() - begun), (time.process_time() - cpu_s) * 1000 / number


ARMS = ("postgres bare", "postgres ours", "redis bare", "redis bare + row", "redis ours")
RIVALS = (
    ("postgres ours", "postgres bare", True),
    ("redis ours", "redis bare + row", True),
    ("redis ours", "redis bare", False),
)


async def measure(url: str, redis_url: str, rounds: int, jobs: int, waits: int) -> int:
    """Print the figures; return 1 if a limit is missed."""
    link = RedisLink(redis_url)
    latencies, rates, costs = defaultdict(list), defaultdict(list), defaultdict(list)
    async with Database(url, pool_size=20) as database:
        async with database.transaction() as tx:
            await tx.execute(text("CREATE TABLE bench_row (id text PRIMARY KEY)"))
        for turn in range(rounds):
            for name in ARMS[turn % len(ARMS) :] + ARMS[: turn % len(ARMS)]:
                arm = Arm(name, database, link)
                latencies[name].append(statistics.median(await arm.latency_ms(waits)))
                rate, cost_ms = await arm.rate(jobs)
                rates[name].append(rate)
                costs[name].append(cost_ms)
    await link.close()
    print(f"medians of {rounds} interleaved rounds: latency p50 of {waits} jobs, rate of {jobs}")
    for name in ARMS:
        print(
            f"  {name:18} {statistics.median(latencies[name]):8.1f} ms {statistics.median(rates[name]):8.0f} jobs/s"
            f" {statistics.median(costs[name]):8.2f} ms CPU of Python per job"
        )
    missed = 0
    for ours, rival, counts in RIVALS:
        slower = statistics.median(a / b for a, b in zip(latencies[ours], latencies[rival], strict=True))
        fewer = statistics.median(b / a for a, b in zip(rates[ours], rates[rival], strict=True))
        fine = not counts or (slower <= LIMIT and fewer <= LIMIT)
        missed += not fine
        note = ("" if fine else f"  LIMIT {LIMIT} MISSED") if counts else "  (no limit: it commits nothing)"
        print(f"  {ours} / {rival}: latency {slower:.2f}, time per job {fewer:.2f}{note}")
    return int(missed > 0)


def main() -> int:
    """Start both servers and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--redis", default=valkey_program(), help="the server's program; Valkey's wheel by default")
    given = parser.parse_args()
    if given.redis is None:
        print("no Valkey wheel and no --redis")
        return 1
    rounds, jobs, waits = (1, 100, 20) if given.quick else (5, 300, 40)
    with tempfile.TemporaryDirectory() as folder, redis_server(given.redis, Path(folder)) as redis:
        server = EmbeddedPostgres(Path(folder) / "pg")
        try:
            url = server.ensure()
            upgrade(url)
            return uvloop.run(measure(url, redis.url, rounds, jobs, waits))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
