"""Measure what the impact of a new version costs over all enrollments, against asking the gate for each member and node.

    python bench/formation_impact.py [--members 100000] [--nodes 60]

An embedded Postgres is filled with enrollments whose projections hold lives of different length on a path of five phases
with score gates. The new version raises a gate, drops a prerequisite and adds a node. `preview_impact` reads and counts all;
`can_access_node`'s rules are asked for a sample of the members, under both graphs, and both must say the same.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from ruach_studio.app.wiring import Services, open_services
from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Standing
from ruach_studio.formation.graph import PHASES, Graph, Kind, Node, ScoreGate
from ruach_studio.formation.state import REDUCER_VERSION, evidence_of, from_snapshot
from ruach_studio.formation.state_snapshot import no_facts
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.preview_impact import Impact, preview_impact
from ruach_studio.formation.usecases.publish_path_file import PathFile, publish_path_file
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.settings import load_settings

KINDS: tuple[Kind, ...] = ("section", "section", "reflection", "checkpoint")
NOW = datetime.now(UTC)
SAMPLE = 500
COPY = "COPY formation.projection (enrollment_id, journal_version, reducer_version, snapshot, digest, updated_at) FROM STDIN"
COPY_ENROLLMENTS = (
    "COPY formation.enrollment (enrollment_id, user_id, path_id, graph_version, journal_version, covenant_type, time_zone,"
    " enrolled_at) FROM STDIN"
)


def path_of(count: int) -> tuple[Node, ...]:
    """Return `count` nodes in five phases: a chain of sections, with a prompt and a checkpoint behind every other one."""
    nodes: list[Node] = []
    chain: tuple[str, ...] = ()
    for i in range(count):
        rank, kind = i * 5 // count, KINDS[i % 4]
        first = i > 0 and PHASES[rank] != nodes[-1].phase
        gate = ScoreGate(4000, PHASES[rank - 1]) if first else None
        nodes.append(Node(f"node-{i}", 0, PHASES[rank], kind, f"Node {i}", "bench", prerequisites=chain, gate=gate))
        if kind == "section":
            chain = (f"node-{i}",)
    return tuple(nodes)


def facts_of(member: int, nodes: tuple[Node, ...]) -> dict[str, Any]:
    """Return the plain facts of a member who has walked some part of the path."""
    dice = random.Random(member)
    facts = no_facts()
    end = dice.randrange(len(nodes) + 1)
    at = int(NOW.timestamp() * 1e6) - (end + 20) * 86_400_000_000
    for node in nodes[:end]:
        at += dice.randrange(3600, 86_400) * 1_000_000
        facts["phase_started"].setdefault(node.phase, at)
        facts["started"][node.node_id] = facts["touched"][node.node_id] = facts["unlocked"][node.node_id] = at
        day = datetime.fromtimestamp(at / 1e6, UTC).date().isoformat()
        if node.kind == "section":
            facts["sections_completed"][node.node_id] = at
            facts["dwell_s"][node.node_id] = 200
        elif node.kind == "checkpoint" and dice.random() < 0.8:
            facts["checkpoints_passed"][node.node_id] = facts["checkpoints_reached"][node.node_id] = at
        elif node.kind == "reflection":
            name = str(uuid.UUID(int=dice.getrandbits(128)))
            facts["reflections"][name] = [node.node_id, node.node_id, 120, at, day, node.phase]
            facts["assessed"][name] = [dice.randrange(1001), None]
        facts["active_days"].setdefault(node.phase, set()).add(day)
    facts["active_days"] = {phase: sorted(days) for phase, days in facts["active_days"].items()}
    return facts | {"journal_version": 3, "graph_version": 1, "covenant": "formation_journey", "path_id": "ruach"}


def fill(dsn: str, members: int, nodes: tuple[Node, ...]) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        ids = sorted(str(uuid.uuid5(uuid.NAMESPACE_OID, str(member))) for member in range(members))
        with conn.cursor() as cursor, cursor.copy(COPY_ENROLLMENTS) as copy:
            for member, name in enumerate(ids):
                copy.write_row((name, str(member), "ruach", 1, 3, "formation_journey", "UTC", NOW))
        with conn.cursor() as cursor, cursor.copy(COPY) as copy:
            for member, name in enumerate(ids):
                snapshot = {"reducerVersion": REDUCER_VERSION, "facts": facts_of(member, nodes), "latestEventUs": None}
                copy.write_row((name, 3, REDUCER_VERSION, Jsonb(snapshot), "0", NOW))
        conn.execute("ANALYZE")


def by_the_gate(old: Graph, new: Graph, evidence: Evidence, as_of: datetime) -> tuple[set[str], set[str]]:
    """Return what one member would gain and lose, node by node."""
    bare = replace(evidence, unlocked=frozenset())
    then, now = Standing(old, bare, as_of), Standing(new, bare, as_of)
    was = {node.node_id for node in old.nodes if not then.deficits(node)}
    is_now = {node.node_id for node in new.nodes if not now.deficits(node)}
    return is_now - was, was - is_now


async def measure(services: Services, members: int, count: int) -> None:
    nodes = path_of(count)
    way = PathFile("ruach", "A path", "", Authored(nodes), (Piece("bench", "Words"),))
    first = (await publish_path_file(services, way, expected_version=None, reason="bench", actor="bench")).graph
    began = time.perf_counter()
    await asyncio.to_thread(fill, services.database.dsn, members, nodes)
    print(f"{members} enrollments on {count} nodes filled in {time.perf_counter() - began:.0f} s")
    gated = next(node for node in nodes if node.gate)
    changed = [replace(node, gate=ScoreGate(7000, "awakening")) if node is gated else node for node in nodes]
    changed[count // 2] = replace(changed[count // 2], prerequisites=())
    changed.append(Node("added", 0, "stewardship", "section", "Added", "bench", prerequisites=("node-0",)))
    taken: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        found = await preview_impact(services, "ruach", Authored(tuple(changed)))
        taken.append(time.perf_counter() - began)
    ours = min(taken)
    new = found.examined.graph
    began = time.perf_counter()
    gains = losses = 0
    as_of = services.clock.now()
    for member in range(SAMPLE):
        snapshot = {"reducerVersion": REDUCER_VERSION, "facts": json.loads(json.dumps(facts_of(member, nodes)))}
        state = from_snapshot(snapshot | {"latestEventUs": None})
        gain, lose = by_the_gate(first, new, evidence_of(state, first), as_of)
        gains, losses = gains + bool(gain), losses + bool(lose)
    each = (time.perf_counter() - began) / SAMPLE
    tell(found, ours, each * members, gains / SAMPLE, losses / SAMPLE)


def tell(found: Impact, ours: float, gate: float, gaining: float, losing: float) -> None:
    tally = found.tally
    print(f"impact of version {found.examined.graph.version} over {tally.members} members: {ours:.1f} s, "
          f"{tally.members / ours:,.0f} members/s, {len(tally.nodes)} nodes change for somebody")  # fmt: skip
    print(f"the gate, asked member by member ({SAMPLE} of them, no reading): {gate:.1f} s for all; "
          f"gate / impact = {gate / ours:.1f}")  # fmt: skip
    print(f"gaining {tally.gaining / tally.members:.3f} (gate, sample: {gaining:.3f}), "
          f"losing {tally.losing / tally.members:.3f} (gate, sample: {losing:.3f})")  # fmt: skip


async def run(members: int, nodes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, bind(correlation_id=new_id()):
        async with open_services(load_settings(data_dir=Path(folder))) as services:
            await measure(services, members, nodes)


def main() -> None:
    """Fill, count, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=60)
    args = parser.parse_args()
    asyncio.run(run(args.members, args.nodes))


if __name__ == "__main__":
    main()
