"""Keep the same journals with the `eventsourcing` library, as a program of its own beside formation_journal.py.

Reads one JSON command per line and answers with one. An enrollment is an aggregate, an event of ours one of its events; the
aggregate folds with our reducer, so that a comparison is about storing and reading. Its postgres module is used as the
library's documentation sets it up; the aggregate stays in memory between appends (the cheapest way to append).
"""

import json
import sys
import threading
import time
from typing import Any
from uuid import UUID

from peers import peer

from ruach_studio.formation.state_fold import fold
from ruach_studio.formation.state_snapshot import digest_of, no_facts, settle

peer("psycopg_pool")
peer("eventsourcing")
from eventsourcing.application import Application  # noqa: E402
from eventsourcing.domain import Aggregate, event  # noqa: E402

Events = list[list[Any]]  # type, content id, microseconds, payload


class Journey(Aggregate):  # type: ignore[misc]
    """One enrollment and the facts of its journal so far."""

    @event("Opened")  # type: ignore[untyped-decorator]
    def __init__(self, enrollment_id: str, user_id: str) -> None:
        self.facts = no_facts() | {"enrollment_id": enrollment_id, "user_id": user_id}

    @staticmethod
    def create_id(enrollment_id: str, user_id: str) -> UUID:
        """Return the enrollment's own id."""
        return UUID(enrollment_id)

    @event("Recorded")  # type: ignore[untyped-decorator]
    def record(self, kind: str, content: str, at: int, data: dict[str, Any]) -> None:
        """Fold one event."""
        fold(self.facts, ((kind, content, at, data),))


def append(app: Application, enrollment_id: str, user_id: str, events: Events, batch: int) -> None:
    """Record and save, `batch` events at a time."""
    journey = Journey(enrollment_id=enrollment_id, user_id=user_id)
    for number, (kind, content, at, data) in enumerate(events, 1):
        journey.record(kind=kind, content=content, at=at, data=data)
        if number % batch == 0:
            app.save(journey)
    app.save(journey)


def work(app: Application, asked: dict[str, Any]) -> Any:
    """Do what a command asks; return seconds, and digests for a replay."""
    begun = time.perf_counter()
    if "replay" in asked:
        digests = []
        for enrollment_id, count in asked["replay"]:
            facts = app.repository.get(UUID(enrollment_id)).facts
            digests.append(digest_of(settle({**facts, "journal_version": count})))
        return [time.perf_counter() - begun, digests]
    threads = [threading.Thread(target=append, args=(app, *each, asked["batch"])) for each in asked["append"]]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return time.perf_counter() - begun


def main() -> None:
    """Answer line by line."""
    host, database = sys.argv[1:]
    app: Application = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": database, "POSTGRES_HOST": host,
            "POSTGRES_PORT": "5432", "POSTGRES_USER": "ruach", "POSTGRES_PASSWORD": "not-asked-for",
            "POSTGRES_POOL_SIZE": "20", "POSTGRES_MAX_OVERFLOW": "5",
        }
    )  # fmt: skip
    for line in sys.stdin:
        sys.stdout.write(json.dumps(work(app, json.loads(line))) + "\n")
        sys.stdout.flush()
    app.close()


if __name__ == "__main__":
    main()
