"""What must hold when all is quiet again, asked of the database and the bucket from outside. Each fault is a sentence."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ruach_studio.infra.embedded import EmbeddedPostgres
from ruach_studio.testing.bucket import Bucket
from ruach_studio.testing.s3_server import PRIVATE_BUCKET

from .held import held_by_postgres, held_by_redis
from .load import Film
from .stage import Stage

OPEN = """SELECT (SELECT count(*) FROM platform.execution WHERE state IN ('queued', 'running'))
    + (SELECT count(*) FROM platform.delivery)"""
BEHIND = """SELECT count(*) FROM platform.consumer c JOIN platform.outbox o ON (o.xid, o.id) > (c.xid, c.outbox_id)"""


class Ledger:
    """The books of one stage; `with` keeps the database's server in use."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.server = stage, EmbeddedPostgres(stage.data / "postgres")

    def __enter__(self) -> "Ledger":
        self.conn = psycopg.connect(self.server.ensure(), autocommit=True, row_factory=dict_row)
        return self

    def __exit__(self, *_: object) -> None:
        self.conn.close()
        self.server.release()

    def rows(self, statement: str, *given: Any) -> list[dict[str, Any]]:
        return self.conn.execute(statement, given).fetchall()

    def one(self, statement: str, *given: Any) -> Any:
        return next(iter(self.rows(statement, *given)[0].values()))

    def open_work(self) -> int:
        """Return how many jobs and deliveries have not ended; events that no consumer has looked at count too."""
        return self.one(OPEN) + self.one(BEHIND)

    def held(self) -> list[dict[str, Any]]:
        """Return the jobs that BullMQ has not seen end."""
        return held_by_postgres(self.conn) if self.stage.redis is None else held_by_redis(self.conn, self.stage.redis.url)

    def faults(self, films: Iterable[Film], kept: dict[str, set[tuple[str, str]]], told: list[str]) -> list[str]:
        """Return every broken promise."""
        found: list[str] = []
        for check in (self.jobs(films), self.films(films), self.bucket(), self.journal(kept), self.stripe(told),
                      self.events(), self.ids(), self.failures()):  # fmt: skip
            found += check
        return found

    def jobs(self, films: Iterable[Film]) -> Iterator[str]:
        """No accepted request is lost: its job is there and its chain of retries has ended."""
        ids = {job: f"{film.session_id} {what}" for film in films for job, what in film.jobs.items()}
        there = {row["id"] for row in self.rows("SELECT id FROM platform.execution WHERE id = ANY(%s)", list(ids))}
        yield from (f"lost job {job} ({ids[job]})" for job in ids if job not in there)
        for row in self.rows("SELECT id, queue, state FROM platform.execution WHERE state IN ('queued', 'running')"):
            yield f"job {row['id']} of {row['queue']} is still {row['state']}"
        for row in self.rows(
            "SELECT e.id, e.queue FROM platform.execution e WHERE e.state = 'failed' AND NOT EXISTS"
            " (SELECT 1 FROM platform.execution n WHERE n.retry_of = e.id)"
        ):
            yield f"job {row['id']} of {row['queue']} failed and nothing followed"
        for row in self.rows(
            "SELECT e.id FROM platform.execution e WHERE e.state = 'dead-letter' AND NOT EXISTS"
            " (SELECT 1 FROM platform.dead_letter d WHERE d.kind = 'job' AND d.source_id = e.id)"
        ):
            yield f"job {row['id']} died without a dead letter"
        for row in self.held():
            yield (
                f"BullMQ still holds {row['id']} of {row['queue']} as {row['state']}; execution {row['execution']}, its lock"
                f" runs out in {row['lock_s']} s, stalled {row['stalled_count']} times"
            )

    def films(self, films: Iterable[Film]) -> Iterator[str]:
        """Each film has one artifact a format, announced once, and was locked and published."""
        for film in films:
            if not film.done:
                yield f"film {film.session_id} was not finished"
        for row in self.rows(
            "SELECT session_id, format, edl_version, count(*) FROM render.artifact GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ):
            yield f"{row['count']} artifacts of {row['session_id']} {row['format']} v{row['edl_version']}"
        for row in self.rows(
            "SELECT payload ->> 'renderJobId' AS job, event_type, count(*) FROM platform.outbox"
            " WHERE event_type LIKE 'render.%%completed%%' GROUP BY 1, 2 HAVING count(*) > 1"
        ):
            yield f"render job {row['job']} was announced {row['count']} times"
        for row in self.rows(
            "SELECT j.render_job_id FROM render.render_job j LEFT JOIN render.artifact a USING (render_job_id)"
            " WHERE (j.state = 'completed') <> (a.render_job_id IS NOT NULL)"
        ):
            yield f"render job {row['render_job_id']} and its artifact disagree"
        for row in self.rows(
            "SELECT entity_id, count(*) FROM platform.transition_audit WHERE entity = 'session' AND to_state = 'published'"
            " AND from_state <> 'published' GROUP BY 1 HAVING count(*) > 1"
        ):
            yield f"session {row['entity_id']} was published {row['count']} times"
        for row in self.rows(
            "SELECT a.render_job_id FROM render.artifact a WHERE NOT EXISTS"
            " (SELECT 1 FROM formation.artifact f WHERE f.render_job_id = a.render_job_id)"
        ):
            yield f"artifact {row['render_job_id']} never reached formation's catalogue"
        left = [str(path) for path in (self.stage.data / "render-work").glob("*/*/*") if path.is_file()]
        yield from (f"left in the working folder: {path}" for path in left[:5])
        yield from (f"FFmpeg {each.pid} still runs" for each in self.stage.ffmpegs())

    def bucket(self) -> Iterator[str]:
        """The bucket holds what the books say, byte for byte, and nothing else."""
        bucket = Bucket(self.stage.s3, self.stage.folder, prefix="chaos/")
        there = objects(bucket)
        rows = self.rows("SELECT key, sha256, files FROM render.artifact")
        wanted = {row["key"]: row["sha256"] for row in rows}
        wanted |= {each["key"]: each["sha256"] for row in rows for each in row["files"] or ()}
        wanted |= {row["key"]: row["sha256"] for row in self.rows("SELECT key, sha256 FROM render.thumbnail_candidate")}
        yield from (f"the bucket lacks {key}" for key in wanted if key not in there)
        yield from (f"other bytes than noted: {key}" for key in wanted if key in there and there[key] != wanted[key])
        yield from (f"orphan in the bucket: {key}" for key in there if key not in wanted)

    def journal(self, kept: dict[str, set[tuple[str, str]]]) -> Iterator[str]:
        """What was acknowledged stands, once; versions have no gap; nothing stands twice within a second."""
        for enrollment_id, acknowledged in kept.items():
            rows = self.rows(
                "SELECT version, event_type, content_id, occurred_at FROM formation.journal WHERE enrollment_id = %s"
                " ORDER BY version", enrollment_id,
            )  # fmt: skip
            if [row["version"] for row in rows] != list(range(1, len(rows) + 1)):
                yield f"enrollment {enrollment_id}: versions have gaps"
            written = Counter((row["event_type"], row["content_id"]) for row in rows)
            yield from (f"enrollment {enrollment_id} lost {fact}" for fact in acknowledged if not written[fact])
            once = ("section_completed", "covenant_entered", "reflection_submitted")
            yield from (
                f"{enrollment_id}: {fact} stands {n} times" for fact, n in written.items() if n > 1 and fact[0] in once
            )
            times: dict[tuple[str, str], list[Any]] = {}
            for row in rows:
                times.setdefault((row["event_type"], row["content_id"]), []).append(row["occurred_at"])
            for fact, at in times.items():
                if any(b - a < timedelta(seconds=1) for a, b in pairwise(sorted(at))):
                    yield f"{enrollment_id}: {fact} twice within a second"

    def stripe(self, told: list[str]) -> Iterator[str]:
        there = {row["event_id"] for row in self.rows("SELECT event_id FROM membership.stripe_event")}
        yield from (f"Stripe's {event_id} was acknowledged and is lost" for event_id in set(told) - there)

    def events(self) -> Iterator[str]:
        """No event waits or is parked, and every event of a kind that render consumes was consumed once."""
        for row in self.rows(
            "SELECT queue, source_id FROM platform.dead_letter WHERE kind = 'event' AND resolved_at IS NULL"
        ):
            yield f"event {row['source_id']} is parked for {row['queue']}"

    def ids(self) -> Iterator[str]:
        """Every job, event and audit row carries the id of its request, every job that of its workflow."""
        for table in ("execution", "outbox", "decision_audit", "transition_audit", "dead_letter"):
            number = self.one(f"SELECT count(*) FROM platform.{table} WHERE coalesce(correlation_id, '') = ''")  # noqa: S608
            if number:
                yield f"{number} rows of {table} have no correlation id"
        for row in self.rows(
            "SELECT queue, name, count(*) FROM platform.execution WHERE automation_id IS NULL AND queue <> 'formation-state'"
            " GROUP BY 1, 2"
        ):
            yield f"{row['count']} jobs {row['queue']}/{row['name']} have no automation id"

    def failures(self) -> Iterator[str]:
        """Every failure says why."""
        for row in self.rows(
            "SELECT id FROM platform.execution WHERE state IN ('failed', 'dead-letter') AND (error ->> 'code') IS NULL"
        ):
            yield f"job {row['id']} failed without a code"

    def counts(self) -> dict[str, Any]:
        """Return what the report tells of the books."""
        codes = self.rows(
            "SELECT queue, name, state, error ->> 'code' AS code, count(*) FROM platform.execution"
            " WHERE state IN ('failed', 'dead-letter') GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        letters = self.rows(
            "SELECT queue, error ->> 'code' AS code, resolved_at IS NOT NULL AS resolved, count(*) FROM platform.dead_letter"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        again = "SELECT coalesce(sum(starts - 1), 0) FROM platform.execution WHERE starts > 1"
        return {
            "jobs": self.one("SELECT count(*) FROM platform.execution"),
            "startedAgainUnderTheSameId": self.one(again),
            "retries": self.one("SELECT count(*) FROM platform.execution WHERE retry_of IS NOT NULL"),
            "failures": {f"{r['queue']}/{r['name']} {r['state']} {r['code']}": r["count"] for r in codes},
            "deadLetters": {
                f"{r['queue']} {r['code']} {'resolved' if r['resolved'] else 'open'}": r["count"] for r in letters
            },
            "events": self.one("SELECT count(*) FROM platform.outbox"),
            "journalEvents": self.one("SELECT count(*) FROM formation.journal"),
            "artifacts": self.one("SELECT count(*) FROM render.artifact"),
            "decisions": self.one("SELECT count(*) FROM platform.decision_audit"),
        }  # fmt: skip


def objects(bucket: Bucket) -> dict[str, str]:
    """Return the checksum of every object that lies in the bucket, however many there are."""
    found, more = {}, {}
    while True:
        page = bucket.client.list_objects_v2(Bucket=PRIVATE_BUCKET, Prefix=bucket.prefix, **more)
        names = [entry["Key"] for entry in page.get("Contents", [])]
        for name in names:
            found[name.removeprefix(bucket.prefix)] = bucket.sha256(name)
        if not page.get("IsTruncated"):
            return found
        more = {"ContinuationToken": page["NextContinuationToken"]}


def log_faults(stage: Stage) -> tuple[Counter[str], list[str]]:
    """Return how often each kind of line was logged as error, and the sentences about lines without their ids."""
    errors, without = Counter[str](), Counter[str]()
    for line in stage.log.read_text(errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            errors["(no JSON) " + line[:120]] += 1
            continue
        if told.get("level") in ("error", "critical"):
            errors[str(told.get("event"))[:120]] += 1
        if not told.get("correlationId") and str(told.get("event", "")).startswith(("job.", "render.", "http.", "event.")):
            without[str(told.get("event"))] += 1
    return errors, [f"{number} log lines {event} without correlationId" for event, number in without.items()]
