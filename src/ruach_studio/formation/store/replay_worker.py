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
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_fold import Row, fold
from ruach_studio.formation.state_replay import replay
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, digest, digest_of, no_facts, settle
from ruach_studio.formation.store.journal_ranges import PLAN, Projected, Stored, stored_in
from ruach_studio.kernel.errors import RuachError

# same: up to date and equal; behind: equal, but the journal went on; none: not projected; other rules: by another reducer;
# gap: events are missing; unreadable: an event is not as the journal's door takes it. For the last two see formation.repair.
VERDICTS = ("same", "behind", "differs", "none", "other rules", "gap", "unreadable")
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RuachError)
_EVENTS = """
SELECT version, event_id::text, user_id, enrollment_id::text, event_type, content_id, occurred_at, data
FROM formation.journal WHERE enrollment_id = %b::uuid ORDER BY version
"""
Answer = tuple[str, int, str, str]


def answer(conn: psycopg.Connection[Any], stored: Stored, as_of_us: int | None = None) -> Answer:
    """Return an enrollment's id, how many events count, the digest of its state and how its projection compares.

    With `as_of_us` (microseconds since 1970) events that occurred later are left out and nothing is compared ("none").
    """
    enrollment_id, rows = stored.stretch.enrollment_id, stored.stretch.rows
    if stored.gap:
        return enrollment_id, len(rows), "", "gap"

    def at(until: int) -> tuple[int, str]:
        if any(row[0] == "voided" for row in rows):
            return _by_events(conn, enrollment_id, until, as_of_us)
        if as_of_us is None:
            return _digest(stored, rows[:until] if until < len(rows) else rows, until)
        kept = [(number, row) for number, row in enumerate(rows, 1) if row[2] <= as_of_us]
        return _digest(stored, [row for _, row in kept], kept[-1][0] if kept else 0)

    try:
        counted, made = at(len(rows))
        if as_of_us is not None:
            return enrollment_id, counted, made, "none"
        return enrollment_id, counted, made, compared(stored.projected, len(rows), made, lambda version: at(version)[1])
    except _UNREADABLE:
        return enrollment_id, len(rows), "", "unreadable"


def compared(projected: Projected | None, version: int, made: str, digest_at: Callable[[int], str]) -> str:
    """Return what a projection is worth beside a journal of `version` events and digest `made`: one of VERDICTS."""
    if projected is None:
        return "none"
    if projected.reducer_version != REDUCER_VERSION:
        return "other rules"
    behind = projected.journal_version < version
    then = digest_at(projected.journal_version) if behind else made
    return "differs" if then != projected.digest else "behind" if behind else "same"


def _by_events(conn: psycopg.Connection[Any], enrollment_id: str, until: int, as_of_us: int | None) -> tuple[int, str]:
    rows = conn.execute(_EVENTS, (enrollment_id,)).fetchall()[:until]
    as_of = None if as_of_us is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=as_of_us)
    state = replay(((version, JournalEvent(*event)) for version, *event in rows), as_of=as_of)
    return state.journal_version, digest(state)


def _digest(stored: Stored, rows: Sequence[Row], version: int) -> tuple[int, str]:
    facts = no_facts()
    if rows:
        facts["enrollment_id"], facts["user_id"] = stored.stretch.enrollment_id, stored.stretch.user_id
        facts["journal_version"] = version
        fold(facts, rows)
    return version, digest_of(settle(facts))


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
