"""Make a path of thousands of nodes and a hundred thousand members on it, from their first steps to a quarter of the way.

What a member has done is one of `STAGES` stages (10 to a quarter of the nodes, evenly spread); the rows of all members are
made inside the server, so that a hundred thousand take a minute or two. Journals are left out: a read of a member whose
facts are kept does not look at one, and those whose facts are taken away again get a projection.
"""

import random
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Kind, Node, Phase, ScoreGate
from ruach_studio.formation.state import REDUCER_VERSION, FormationState, digest, evidence_of, to_snapshot
from ruach_studio.formation.state_facts import Assessed, Reflection
from ruach_studio.formation.store import enrollments, graphs, projections
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.projections import Projection
from ruach_studio.formation.usecases.load_evidence import keep_evidence
from ruach_studio.infra.auth.secret import token_sha256
from ruach_studio.infra.context import new_id
from ruach_studio.infra.db import Database

STAGES = 60
KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")
HOURS_A_NODE = 6
_COPY = """
INSERT INTO platform.account (id, email, display_name, roles, created_at)
    SELECT gen_random_uuid(), 'member' || n || '@bench.test', '', ARRAY['member'], now()
    FROM generate_series(1, {members}) n;
INSERT INTO formation.enrollment (enrollment_id, user_id, path_id, graph_version, journal_version, covenant_type, time_zone,
        enrolled_at)
    SELECT gen_random_uuid(), a.id::text, t.path_id, t.graph_version, t.journal_version, t.covenant_type, t.time_zone, now()
    FROM (SELECT id, row_number() OVER (ORDER BY id) % {stages} AS stage FROM platform.account
          WHERE email LIKE 'member%@bench.test') a
    JOIN formation.enrollment t ON t.user_id = 'stage-' || a.stage;
INSERT INTO formation.evidence
    SELECT e.enrollment_id, k.journal_version, k.graph_version, k.reducer, k.facts, now()
    FROM formation.enrollment e
    JOIN formation.evidence k ON k.journal_version = e.journal_version AND k.enrollment_id <> e.enrollment_id
    WHERE e.user_id NOT LIKE 'stage-%';
ANALYZE;
"""


def make_graph(count: int) -> Graph:
    """Return a path of `count` nodes in five phases, each behind 2.4 of the 300 before it, every 50th behind a score."""
    dice = random.Random(20261125)
    nodes: list[Node] = []
    for i in range(count):
        phase = i * 5 // count
        near = range(max(0, i - 300), i)
        before = sorted(dice.sample(near, min(len(near), 2 + (dice.random() < 0.4))))
        gate = ScoreGate(2000, PHASES[phase - 1]) if phase and i % 50 == 0 else None
        nodes.append(Node(f"node-{i}", i + 1, PHASES[phase], KINDS[i % 3], f"Node {i}", f"content/{i}",
                          tags=frozenset({f"topic{i % 37}", f"book{i % 11}"}),
                          prerequisites=tuple(f"node-{n}" for n in before), gate=gate))  # fmt: skip
    return Graph(1, tuple(nodes))


def done_at(stage: int, nodes: int) -> int:
    """Return how many nodes a member of this stage has done: 10 at the first, a quarter of the path at the last."""
    return 10 + (nodes // 4 - 10) * stage // (STAGES - 1)


def state_at(graph: Graph, stage: int, now: datetime) -> FormationState:
    """Return the state of a member who did the first nodes, one every six hours, the last a day ago."""
    done = done_at(stage, len(graph.nodes))
    began = now - timedelta(days=1, hours=HOURS_A_NODE * done)
    times = {node.node_id: began + timedelta(hours=HOURS_A_NODE * i) for i, node in enumerate(graph.nodes[:done])}
    of = {kind: [node for node in graph.nodes[:done] if node.kind == kind] for kind in KINDS}
    days: dict[Phase, set[object]] = {}
    started: dict[str, datetime] = {}
    for node in graph.nodes[:done]:
        days.setdefault(node.phase, set()).add(times[node.node_id].date())
        started.setdefault(node.phase, times[node.node_id])
    written = {new_id(): node for node in of["reflection"]}
    return FormationState(
        enrollment_id=new_id(), user_id=f"stage-{stage}", path_id=graph.path_id, graph_version=1, journal_version=done * 4,
        enrolled_at=began, covenant="formation_journey", covenant_at=began, phase=graph.nodes[done - 1].phase,
        phase_entered_at=began, last_activity=now - timedelta(days=1), phase_started=started, started=times, touched=times,
        section_views=dict.fromkeys(times, 1), dwell_s=dict.fromkeys(times, 200),
        sections_completed={node.node_id: times[node.node_id] for node in of["section"]},
        checkpoints_reached={node.node_id: times[node.node_id] for node in of["checkpoint"]},
        checkpoints_passed={node.node_id: times[node.node_id] for node in of["checkpoint"]},
        reflections={key: reflection_on(node, times[node.node_id]) for key, node in written.items()},
        assessed=dict.fromkeys(written, Assessed(700)), unlocked=times,
        active_days={phase: frozenset(each) for phase, each in days.items()},  # type: ignore[arg-type]
        latest_event_at=now - timedelta(days=1),
    )  # fmt: skip


def reflection_on(node: Node, at: datetime) -> Reflection:
    """Return a reflection of 90 words on a prompt."""
    return Reflection(node.node_id, node.node_id, 90, at, at.date(), node.phase)


async def fill(database: Database, graph: Graph, members: int, now: datetime) -> dict[int, Evidence]:
    """Publish the path and put `members` members on it; return the evidence of each stage."""
    found: dict[int, Evidence] = {}
    async with database.transaction() as tx:
        await graphs.insert_path(tx, graphs.Path(graph.path_id, "Bench", "", None, now, "bench"))
        await graphs.insert_version(tx, graph, actor="bench", at=now, reason="bench", content_hash="", mapping={})
        for stage in range(STAGES):
            state = state_at(graph, stage, now)
            row = Enrollment(state.enrollment_id, state.user_id, graph.path_id, 1, state.journal_version,
                             "formation_journey", "UTC", now)  # fmt: skip
            await enrollments.insert(tx, row)
            found[stage] = await keep_evidence(tx, graph, evidence_of(state, graph), at=now)
            snapshot = dict(to_snapshot(state))
            await projections.put(
                tx, Projection(row.enrollment_id, row.journal_version, REDUCER_VERSION, snapshot, digest(state), now)
            )
        for statement in _COPY.format(members=members, stages=STAGES).split(";\n"):
            if statement.strip():
                await tx.execute(sa.text(statement))
    return found


async def sign_in(database: Database, count: int, now: datetime) -> list[tuple[str, int]]:
    """Give `count` random members a session each, last used an hour ago; return (cookie, nodes done), shuffled."""
    dice = random.Random(7)
    async with database.transaction() as tx:
        rows = await tx.execute(
            sa.text(
                "SELECT a.id, e.journal_version / 4 AS done FROM platform.account a"
                " JOIN formation.enrollment e ON e.user_id = a.id::text ORDER BY md5(a.id::text) LIMIT :count"
            ),
            {"count": count},
        )
        found = [(f"bench-{n}-{dice.random()}", row.id, int(row.done)) for n, row in enumerate(rows)]
        insert = (
            "INSERT INTO platform.login_session (token_sha256, account_id, created_at, last_seen_at, expires_at)"
            " VALUES (:token, :account, :began, :seen, :ends)"
        )
        seen, ends = now - timedelta(hours=1), now + timedelta(days=7)
        given = [{"token": token_sha256(cookie), "account": account, "began": seen, "seen": seen, "ends": ends}
                 for cookie, account, _ in found]  # fmt: skip
        await tx.execute(sa.text(insert), given)
    dice.shuffle(found)
    return [(cookie, done) for cookie, _, done in found]


async def forget_facts(database: Database) -> None:
    """Take the kept facts from all who are signed in and give them a projection: what a reader may meet after an event."""
    signed_in = (
        "SELECT e.enrollment_id FROM formation.enrollment e JOIN platform.login_session s ON s.account_id::text = e.user_id"
    )
    async with database.transaction() as tx:
        await tx.execute(sa.text(f"DELETE FROM formation.evidence WHERE enrollment_id IN ({signed_in})"))  # noqa: S608
        await tx.execute(
            sa.text(
                "INSERT INTO formation.projection SELECT e.enrollment_id, p.journal_version, p.reducer_version,"  # noqa: S608
                " jsonb_set(p.snapshot, '{facts,enrollment_id}', to_jsonb(e.enrollment_id::text)), p.digest, p.updated_at"
                " FROM formation.enrollment e JOIN formation.enrollment t"
                " ON t.user_id LIKE 'stage-%' AND t.journal_version = e.journal_version"
                " JOIN formation.projection p ON p.enrollment_id = t.enrollment_id"
                f" WHERE e.enrollment_id IN ({signed_in})"
            )
        )


NOW = datetime.now(UTC)
