"""Measure the next step at the API: 100,000 enrollments, a path of 10,000 nodes, one worker; beside networkx in one run.

    python bench/formation_next_step.py [--quick] [--enrollments 100000] [--nodes 10000] [--requests 2000]

`ruach serve` runs as a process of its own on its embedded PostgreSQL (fsync on), with its job workers and event relay.
Random members, each with a session that was last used an hour ago and between 10 and 2,500 nodes done, ask for their next
step, one after another over kept connections: one client, then four. Every answer is three decisions, written to the audit
before it is given. The peer ranks nothing and stores nothing: networkx sorts the graph (lexicographic topological sort, as
the path's order asks for) and filters it to what the member may do now. Bound: 20 ms at the 99th percentile, one client.
"""

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import sqlalchemy as sa
from formation_members import NOW, STAGES, done_at, fill, forget_facts, make_graph, sign_in
from peers import PeerMissing, peer

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, phase_rank
from ruach_studio.infra.db import Database, migrate
from ruach_studio.infra.embedded import EmbeddedPostgres

BOUND_MS = 20.0
WARM = 100
Asked = tuple[int, float]  # nodes done, seconds


class Client:
    """One kept connection that asks as one member after another."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, cookie: str) -> float:
        """Return the seconds that the answer took; it must be three steps of the member's own journey."""
        started = time.perf_counter()
        self.connection.request("GET", "/formation-engine/next-step", headers={"Cookie": f"ruach_session={cookie}"})
        body = self.connection.getresponse().read()
        took = time.perf_counter() - started
        told = json.loads(body)
        assert told["source"] == "journey", told
        assert len(told["steps"]) == 3, told
        return took


def ask_all(port: int, members: Sequence[tuple[str, int]], clients: int) -> list[Asked]:
    """Ask for each member once, shared out among `clients` that work at the same time."""
    found: list[Asked] = []

    def work(mine: Sequence[tuple[str, int]]) -> None:
        client = Client(port)
        found.extend([(done, client.ask(cookie)) for cookie, done in mine])

    threads = [threading.Thread(target=work, args=(members[n::clients],)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(members), "a client failed"
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of the values do not exceed."""
    return sorted(values)[max(0, -(-int(len(values) * share * 1000) // 1000) - 1)]


def tell(name: str, asked: Sequence[Asked]) -> tuple[float, float]:
    """Print the distribution in milliseconds; return (median, 99th percentile)."""
    ms = [1000 * took for _, took in asked]
    p50, p95, p99 = (percentile(ms, share) for share in (0.5, 0.95, 0.99))
    print(f"{name:40s} n={len(ms):5d}  p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f}  max {max(ms):6.1f} ms")
    return p50, p99


def peer_times(graph: Graph, stages: Mapping[int, Evidence]) -> list[float]:
    """Return the milliseconds that networkx needs per stage to sort the path and keep the first three open nodes."""
    nx = peer("networkx")
    tree = nx.DiGraph()
    tree.add_nodes_from(node.node_id for node in graph.nodes)
    tree.add_edges_from((before, node.node_id) for node in graph.nodes for before in node.prerequisites)
    rank: dict[str, tuple[int, int]] = {node.node_id: (phase_rank(node.phase), node.ordinal) for node in graph.nodes}
    found: list[float] = []
    for stage in range(0, STAGES, 6):
        done = set(stages[stage].completed)
        started = time.perf_counter()
        order = nx.lexicographical_topological_sort(tree, key=rank.__getitem__)
        usable = [name for name in order if name not in done and done.issuperset(tree.predecessors(name))][:3]
        found.append(1000 * (time.perf_counter() - started))
        assert usable
    return found


def served(folder: Path, url: str, work: Callable[[int, psutil.Process], None]) -> None:
    """Run `work(port, process)` beside one `ruach serve` process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "RUACH_DATA_DIR": str(folder), "RUACH_DATABASE_URL": url, "RUACH_LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "ruach_studio.app.cli.main", "serve", "--port", str(port)]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/healthz")
                break
            except OSError:
                time.sleep(0.1)
        work(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)


async def prepare(
    url: str, graph: Graph, members: int, requests: int
) -> tuple[Mapping[int, Evidence], list[tuple[str, int]]]:
    """Fill the database; return the stages' evidence and the signed-in members."""
    await migrate(url)
    async with Database(url) as database:
        started = time.perf_counter()
        stages = await fill(database, graph, members, NOW)
        async with database.statements() as conn:  # else the server still writes out the gigabytes of a minute ago
            for settle in ("VACUUM (ANALYZE)", "CHECKPOINT"):
                await conn.execute(sa.text(settle))
        print(f"{members} enrollments and {len(graph.nodes)} nodes were made in {time.perf_counter() - started:.0f} s")
        return stages, await sign_in(database, 3 * requests + 2 * WARM, NOW)


async def forget(url: str) -> None:
    """Take the kept facts of every signed-in member."""
    async with Database(url) as database:
        await forget_facts(database)


def main() -> None:
    """Print the distributions, the bound and the ratio to the peer; exit 1 beyond the bound at full size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enrollments", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--quick", action="store_true", help="2,000 enrollments, 1,000 nodes, 200 requests")
    args = parser.parse_args()
    if args.quick:
        args.enrollments, args.nodes, args.requests = 2_000, 1_000, 200
    graph = make_graph(args.nodes)
    p99 = 0.0
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        folder = Path(name)
        with EmbeddedPostgres(folder / "postgres") as url:
            stages, members = asyncio.run(prepare(url, graph, args.enrollments, args.requests))
            print(f"{done_at(0, args.nodes)} to {done_at(STAGES - 1, args.nodes)} nodes done; every member asks once")

            def work(port: int, worker: psutil.Process) -> None:
                nonlocal p99
                n = args.requests
                ask_all(port, members[:WARM], 1)
                before = worker.cpu_times()
                one = ask_all(port, members[WARM : WARM + n], 1)
                spent = worker.cpu_times()
                cpu_ms = 1000 * (spent.user + spent.system - before.user - before.system) / n
                ask_all(port, members[WARM + n : 2 * WARM + n], 4)
                four = ask_all(port, members[2 * WARM + n : 2 * WARM + 2 * n], 4)
                p50, p99 = tell("next step, one client", one)
                edge = done_at(STAGES - 6, args.nodes)
                tell(f"  of these, with {edge} or more done", [each for each in one if each[0] >= edge])
                print(f"  processor time of the worker, its idle loops included: {cpu_ms:.1f} ms a request")
                tell("next step, four clients", four)
                asyncio.run(forget(url))
                tell("facts not kept yet, one client", ask_all(port, members[2 * WARM + 2 * n :][: n // 4], 1))
                try:
                    peers = peer_times(graph, stages)
                    middle = statistics.median(peers)
                    print(f"{'networkx sort + filter, no HTTP, no store':40s} n={len(peers):5d}  p50 {middle:6.1f} ms")
                    print(f"networkx / next step at the API: {middle / p50:.1f}")
                except PeerMissing as missing:
                    print(f"networkx could not be installed: {missing}")

            served(folder, url, work)
    full = args.enrollments >= 100_000 and args.nodes >= 10_000
    print(f"bound: p99 {p99:.1f} of {BOUND_MS:.0f} ms with one client" + ("" if full else " (not the full size)"))
    if full and p99 > BOUND_MS:
        sys.exit(1)


if __name__ == "__main__":
    main()
