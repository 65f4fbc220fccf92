"""Events and what stands beside them, for the recorder's tests; as a program, writers who are killed in the middle.

    python recording.py DSN     (on standard input: one JSON list of [user id, enrollment id, first second])

Each of them writes on and on, an event every two seconds of its own time; a line "<enrollment id> <version>" is printed for
each that was acknowledged.
"""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.store.recorder import Facts, Job, Recorder
from ruach_studio.infra.audit import DecisionEntry
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.kernel.decision import DecisionResult, Verdict
from ruach_studio.kernel.hashing import inputs_hash

START = datetime(2026, 3, 1, tzinfo=UTC)


class Member(NamedTuple):
    """Somebody with an enrollment."""

    user_id: str
    enrollment_id: str


def viewed(enrollment, second=0, content="s1", event_id=None):
    """A look at a section, so many seconds after START."""
    data = {"sectionId": content, "phase": "awakening", "dwellTimeSeconds": 3}
    at = START + timedelta(seconds=second)
    user, enrollment_id = enrollment.user_id, enrollment.enrollment_id
    return JournalEvent(event_id or str(uuid.uuid4()), user, enrollment_id, "section_viewed", content, at, data)


def whole(event, correlation_id):
    """An event with the job and the decision that a request writes beside it."""
    inputs = {"event": event.event_id}
    verdict = Verdict("granted", ("a test",), inputs_hash(inputs), "test-v1", 1.0)
    entry = DecisionEntry(DecisionResult(verdict, START, correlation_id), event.enrollment_id, inputs)
    job = Job("formation-state", "project", {"enrollmentId": event.enrollment_id})
    return Facts([event], jobs=[job], decisions=[entry])


async def write_for_ever(dsn, members):
    """Let every member write until the end."""
    async with Database(dsn) as database:
        recorder = Recorder(database, BullmqPostgres(database))

        async def write(member, second):
            while True:
                with bind(correlation_id=new_id()) as ids:
                    told = await recorder.record(whole(viewed(member, second), ids.correlation_id))
                print(member.enrollment_id, told[0].version, flush=True)
                second += 2

        await asyncio.gather(*(write(Member(*names), second) for *names, second in members))


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1], json.loads(sys.stdin.readline())))
