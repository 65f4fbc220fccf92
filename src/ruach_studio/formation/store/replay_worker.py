"""Turn ranges of enrollments, named on standard input, into the digests of their replayed journals on standard output.

    python -m ruach_studio.formation.store.replay_worker

One process of a bulk replay (usecases/replay_journals.py starts several): reading, folding and hashing share one core's time
with the server, so that a second process is worth a second core. First line in: {"dsn", "asOfUs"}. Then a line [low, high]
per range; each is answered by one line, a list of [enrollment id, events, digest, verdict]. The address comes on standard
input since others may read a process's arguments. Verdicts say how the projection compares: VERDICTS.
"""

import gc
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.formation.state_fold import Row, fold
from ruach_studio.formation.state_replay import replay
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, digest, digest_of, no_facts, settle
from ruach_studio.formation.store.journal_ranges import PLAN, Stored, stored_in
from ruach_studio.kernel.errors import RuachError

# same: up to date and equal; behind: equal, but the journal went on; none: not projected; other rules: by another reducer
VERDICTS = ("same", "behind", "differs", "none", "other rules", "gap")
_EVENTS = """
SELECT version, event_id::text, user_id, enrollment_id::text, event_type, content_id, occurred_at, data
FROM formation.journal WHERE enrollment_id = %b::uuid ORDER BY version
"""
Answer = tuple[str, int, str, str]


def answer(conn: psycopg.Connection[Any], stored: Stored, as_of_us: int | None = None) -> Answer:
    """Return an enrollment's id, how many events count, the digest of its state and how its projection compares.

    With `as_of_us` (microseconds since 1970) events that occurred later are left out and nothing is compared ("none").
    """
    stretch, version = stored.stretch, len(stored.stretch.rows)
    if stored.gap:
        return stretch.enrollment_id, version, "", "gap"
    events = _events(conn, stretch.enrollment_id) if any(row[0] == "voided" for row in stretch.rows) else None

    def at(until: int | None) -> tuple[int, str]:
        if events is not None:
            as_of = None if as_of_us is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=as_of_us)
            state = replay(events[:until], as_of=as_of) if events[:until] else FormationState()
            return state.journal_version, digest(state)
        if as_of_us is None:
            return _digest(stored, list(stretch.rows[:until]) if until is not None else stretch.rows, until or version)
        kept = [(number, row) for number, row in enumerate(stretch.rows, 1) if row[2] <= as_of_us]
        return _digest(stored, [row for _, row in kept], kept[-1][0] if kept else 0)

    counted, made = at(None)
    if as_of_us is not None or stored.projected_version is None:
        return stretch.enrollment_id, counted, made, "none"
    if stored.projected_by != REDUCER_VERSION:
        return stretch.enrollment_id, counted, made, "other rules"
    behind = stored.projected_version != version
    then = at(stored.projected_version)[1] if behind else made
    verdict = "differs" if then != stored.projected_digest else "behind" if behind else "same"
    return stretch.enrollment_id, counted, made, verdict


def _digest(stored: Stored, rows: Any, version: int) -> tuple[int, str]:
    facts = no_facts()
    if rows:
        stretch: list[Row] = rows
        facts["enrollment_id"], facts["user_id"] = stored.stretch.enrollment_id, stored.stretch.user_id
        facts["journal_version"] = version
        fold(facts, stretch)
    return version, digest_of(settle(facts))


def _events(conn: psycopg.Connection[Any], enrollment_id: str) -> list[tuple[int, JournalEvent]]:
    rows = conn.execute(_EVENTS, (enrollment_id,)).fetchall()
    return [(version, JournalEvent(*event)) for version, *event in rows]


def main() -> int:
    """Answer line by line until standard input ends; 1 after a sentence on standard error if that cannot be done."""
    asked = json.loads(sys.stdin.readline())
    gc.disable()  # nothing here makes cycles, and the collector would visit every row again and again
    try:
        with psycopg.connect(asked["dsn"], autocommit=True) as conn:
            conn.execute(PLAN)
            for line in sys.stdin:
                low, high = json.loads(line)
                answers = [answer(conn, stored, asked["asOfUs"]) for stored in stored_in(conn, (low, high))]
                sys.stdout.write(json.dumps(answers) + "\n")
                sys.stdout.flush()
    except (psycopg.Error, RuachError) as error:
        sys.stderr.write(str(error).splitlines()[0] + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
