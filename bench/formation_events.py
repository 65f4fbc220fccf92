"""Make journals for the benches of formation: all 17 event types and two control types, as members living side by side.

`life(number)` gives the events of one enrollment; `fill` writes many such lives into an embedded Postgres in the order in
which they happened, so that one enrollment's rows lie scattered over the whole table, as they do after a year of use.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ruach_studio.formation.graph import PHASES
from ruach_studio.formation.journal import JournalEvent

START = datetime(2026, 1, 1, tzinfo=UTC)
GRAPH_SQL = """
INSERT INTO formation.path VALUES ('ruach', 'A path', '', 1, '2026-01-01Z', 'bench') ON CONFLICT DO NOTHING;
INSERT INTO formation.graph_version VALUES ('ruach', 1, '2026-01-01Z', 'bench', 'a bench', '0', '{}') ON CONFLICT DO NOTHING;
"""


LIVES = 50
MULTIPLY = """
INSERT INTO formation.journal (event_id, enrollment_id, version, user_id, event_type, content_id, occurred_at,
    correlation_id, data, brief)
SELECT id, enrollment_id, v, user_id, t, content, at, id, data, formation.brief(t, content, at, data)
FROM life JOIN member ON m %% 50 = k, LATERAL (
    SELECT (lpad(to_hex(m), 16, '0') || lpad(to_hex(v), 16, '0'))::uuid AS id,
        %b::timestamptz + v * interval '1 hour' + m * interval '997 microseconds' AS at,
        replace(c, 'reflection-' || k || '-', 'reflection-' || m || '-') AS content,
        replace(d, 'reflection-' || k || '-', 'reflection-' || m || '-')::jsonb AS data
) made WHERE v %% 2 = %b::int ORDER BY v, m
"""


def enrollment_id(member: int) -> str:
    """Return the id of a member's enrollment; ids spread like random ones."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"enrollment {member}"))


def payload(member: int, number: int) -> tuple[str, str, dict[str, Any]]:
    """Return type, content id and payload of a member's event `number` (from 1). Every 20 events all 17 types occur."""
    lap, step = divmod(number + 17, 20)  # the first lap has only its end: enrolled, covenant, phase
    phase, node, reflection = PHASES[min(lap // 2, 4)], f"{PHASES[min(lap // 2, 4)]}-{lap}", f"reflection-{member}-{lap}"
    dwell, hashed = (member * 7 + number * 13) % 280, f"{member * 1_000_003 + number:064x}"
    section: dict[str, Any] = {"sectionId": node, "phase": phase}
    depth = (member + number * 37) % 1000 / 1000
    if number == 1:
        return (
            "enrolled",
            "ruach",
            {"pathId": "ruach", "graphVersion": 1, "utcOffsetMinutes": 60, "timeZone": "Europe/Paris"},
        )
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("section_viewed", node, section | {"dwellTimeSeconds": dwell}),
        ("section_viewed", f"{node}-b", section | {"sectionId": f"{node}-b", "dwellTimeSeconds": dwell // 2}),
        ("canon_definition_viewed", f"axiom-{number % 40}", {"axiomId": f"axiom-{number % 40}", "term": "covenant"}),
        ("section_completed", node, section | {"totalDwellTimeSeconds": 180 + dwell, "utcOffsetMinutes": 60}),
        ("checkpoint_reached", f"{node}-c", section | {"checkpointId": f"{node}-c"}),
        ("content_gated", f"{node}-n", {"contentType": "section", "contentId": f"{node}-n", "reason": "score 0.41 of 0.60",
                                        "requirementsNeeded": ["pass 1 more checkpoint", "reflect on the call"]}),
        ("reflection_submitted", f"{node}-r", {
            "reflectionId": reflection, "checkpointId": f"{node}-c", "type": "text", "wordCount": 50 + dwell,
            "timeSinceCheckpointReached": 300 + dwell, "textSha256": hashed, "phase": phase, "utcOffsetMinutes": 60}),
        ("reflection_analyzed", reflection, {
            "reflectionId": reflection, "depthScore": depth, "isRegurgitation": False, "showsWrestling": depth > 0.5,
            "doctrinalSoundness": "sound", "recommendedAction": "unlock_next", "source": "rules", "textSha256": hashed,
            "rubricVersion": "refl-rules-v1", "subScores": {"experience": 120, "feeling": dwell % 110, "learning": 80}}),
        ("checkpoint_completed", f"{node}-c", section | {
            "checkpointId": f"{node}-c", "reflectionId": reflection, "timeSinceReached": 400 + dwell, "passed": dwell > 40,
            "score": depth, "utcOffsetMinutes": 60}),
        ("content_unlocked", f"{node}-n", {"contentType": "section", "contentId": f"{node}-n", "reason": "0.66 of 0.60"}),
        ("canon_axiom_cited", f"axiom-{number % 40}", {"axiomId": f"axiom-{number % 40}", "citationContext": "reflection"}),
        ("recommendation_issued", node, {"recommendationType": "revisit", "reason": "5 days since similar content"}),
        ("pause_triggered", node, {"reason": "insufficient_dwell_time", "context": f"{dwell} s", "severity": "suggestion"}),
        ("readiness_level_changed", "pace", {"dimension": "pace", "previousLevel": "emerging", "newLevel": "forming",
                                             "reason": "7 days with a completion"}),
        ("formation_gap_detected", "prayer", {"gapType": "practical", "area": "prayer", "severity": "minor",
                                              "recommendation": "read on prayer"}),
        ("section_viewed", node, section | {"dwellTimeSeconds": 280 - dwell}),
        ("section_viewed", f"{node}-d", section | {"sectionId": f"{node}-d", "dwellTimeSeconds": dwell}),
        ("phase_completed", phase, {"phase": phase, "daysInPhase": 8 + lap, "checkpointsCompleted": 3,
                                    "reflectionsSubmitted": 3}),
        ("covenant_entered", "ruach", {"covenantType": "formation_journey", "acknowledgedTerms": True}),
        ("phase_started", phase, {"phase": phase}),
    )  # fmt: skip
    return rows[step]


def in_threads(work: Sequence[Callable[[], None]]) -> float:
    """Run everything at once; return the seconds."""
    threads = [threading.Thread(target=each) for each in work]
    begun = time.perf_counter()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return time.perf_counter() - begun


def life(member: int, count: int) -> Iterator[JournalEvent]:
    """Yield the first `count` events of a member, an hour and some microseconds apart, in order."""
    enrollment = enrollment_id(member)
    for number in range(1, count + 1):
        kind, content, data = payload(member, number)
        at = START + timedelta(hours=number, microseconds=member * 997)
        event_id = str(uuid.UUID(int=member << 64 | number))
        yield JournalEvent(event_id, f"user-{member}", enrollment, kind, content, at, data)


def enroll(dsn: str, lives: list[list[JournalEvent]]) -> None:
    """Insert the enrollments of these lives, without an event yet."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(GRAPH_SQL)
        rows = [(each[0].enrollment_id, each[0].user_id, START) for each in lives]
        conn.cursor().executemany(
            "INSERT INTO formation.enrollment (enrollment_id, user_id, path_id, graph_version, covenant_type, enrolled_at)"
            " VALUES (%s, %s, 'ruach', 1, 'formation_journey', %s)", rows)  # fmt: skip


def fill(dsn: str, members: int, count: int) -> None:
    """Write `members` enrollments of `count` events each, oldest event first, and vacuum as autovacuum does in time.

    Member m lives like member m % 50, with ids, reflections and times of its own: the server multiplies, on two connections.
    """
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(GRAPH_SQL)
        conn.execute("CREATE TABLE member (m int, enrollment_id uuid, user_id text)")
        with conn.cursor() as cursor, cursor.copy("COPY member FROM STDIN") as copy:
            for member in range(members):
                copy.write_row((member, enrollment_id(member), f"user-{member}"))
        conn.execute("CREATE TABLE life (k int, v int, t text, c text, d text)")
        with conn.cursor() as cursor, cursor.copy("COPY life FROM STDIN") as copy:
            for like in range(LIVES):
                for number in range(1, count + 1):
                    kind, content, data = payload(like, number)
                    copy.write_row((like, number, kind, content, json.dumps(data)))
        conn.execute(
            "INSERT INTO formation.enrollment (enrollment_id, user_id, path_id, graph_version, journal_version,"
            " covenant_type, enrolled_at) SELECT enrollment_id, user_id, 'ruach', 1, %b::int, 'formation_journey',"
            " %b::timestamptz FROM member", (count, START)
        )  # fmt: skip
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(_multiply, [dsn, dsn], [0, 1]))
        conn.execute("DROP TABLE member, life")
        conn.execute("VACUUM ANALYZE formation.journal, formation.enrollment")


def _multiply(dsn: str, half: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(MULTIPLY, (START, half))
