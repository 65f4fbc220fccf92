"""A fixed journal gives a pinned phase, readiness, score and set of unlocked nodes, twice over, in memory and from Postgres.

If this fails, members would be shown something else than yesterday: raise the reducer's or the rules' version, say so in the
changelog, and only then pin anew. journal.json holds all 17 event types and all five control types: a void, a migration, an
unblock, a repair, a late arrival, a failed attempt, an operator's correction.
"""

import json
from datetime import datetime
from pathlib import Path

import pytest

from ruach_studio.formation.graph import Graph, Node, ScoreGate
from ruach_studio.formation.journal import CONTROL_TYPES, EVENT_TYPES, JournalEvent, checked
from ruach_studio.formation.readiness import readiness
from ruach_studio.formation.scoring import compute_formation_score
from ruach_studio.formation.state import FormationState, digest, evidence_of, replay
from ruach_studio.formation.store import journal
from ruach_studio.formation.usecases.load_journey import load_enrollment
from ruach_studio.formation.usecases.replay_journals import replay_journals

HERE = Path(__file__).parent / "golden"
GIVEN = json.loads((HERE / "journal.json").read_text())
EXPECTED = json.loads((HERE / "expected.json").read_text())
AS_OF = datetime.fromisoformat(GIVEN["asOf"])


def node(row):
    gate = ScoreGate(row["gate"]["minimumBp"], row["gate"]["scope"]) if "gate" in row else None
    name, tags, before = row["nodeId"], frozenset(row.get("tags", ())), tuple(row.get("prerequisites", ()))
    return Node(name, row["ordinal"], row["phase"], row["kind"], name.upper(), f"content/{name}", tags=tags,
                prerequisites=before, gate=gate)  # fmt: skip


GRAPH = Graph(GIVEN["graphVersion"], tuple(node(row) for row in GIVEN["graph"]))
EVENTS = [
    checked(JournalEvent(row["eventId"], GIVEN["userId"], GIVEN["enrollmentId"], row["eventType"], row["contentId"],
                         datetime.fromisoformat(row["occurredAt"]), row["data"]), allow_control=True)
    for row in GIVEN["events"]
]  # fmt: skip


def outcome(state: FormationState, graph: Graph = GRAPH):
    """What a member is shown at the end of the fixed journal."""
    evidence = evidence_of(state, graph)
    scores = {phase: compute_formation_score(graph, evidence, phase, as_of=AS_OF) for phase in EXPECTED["score"]}
    return {
        "phase": state.phase,
        "readinessLevel": readiness(state, AS_OF).level.decision,
        "score": {phase: score.bp / 10000 for phase, score in scores.items()},
        "unlockedNodes": sorted(evidence.unlocked),
        "digest": digest(state),
    }


def test_the_journal_holds_every_type():
    assert {each.event_type for each in EVENTS} == {*EVENT_TYPES, *CONTROL_TYPES}


@pytest.mark.parametrize("times", [1, 2])
def test_in_memory(times):
    assert outcome(replay(enumerate(EVENTS, 1))) == EXPECTED


async def test_from_postgres_twice_and_by_the_bulk_replay(services, publish, enroll_row, ids):
    row = await enroll_row(await publish(GRAPH), user_id=GIVEN["userId"], enrollment_id=GIVEN["enrollmentId"])
    async with services.database.transaction() as tx:
        assert [done.version for done in await journal.append_many(tx, EVENTS)] == list(range(1, len(EVENTS) + 1))
    for _ in range(2):
        async with services.database.connection() as conn:
            journey = await load_enrollment(services, conn, row.enrollment_id)
        assert journey.graph == GRAPH
        assert outcome(journey.state, journey.graph) == EXPECTED
    assert (await replay_journals(services.database)).events == len(EVENTS)
