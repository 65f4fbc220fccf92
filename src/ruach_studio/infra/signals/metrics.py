"""Turn the state of queues and events, and each request and job, into Prometheus metrics.

What the database knows is read by one statement at a scrape and kept for 1 s, so that ten scrapers cost as much as one.
While the database is away the scrape still answers: `ruach_database_up` 0, the process's own numbers, and no stale ones.
docs/reference/signals.md lists every metric.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.queues.policy import QueuePolicy
from ruach_studio.infra.signals.store import Fact, read_facts
from ruach_studio.infra.taps import Answered, JobEnded, listen_to_jobs

KEPT_S = 1.0
READ_S = 2.0
STATES = ("waiting", "delayed", "active")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_JOB_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of another part: `name` without the prefix ruach_, its help, and its value by label values."""

    name: str
    help: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


Numbers = dict[tuple[str, ...], float]
Reader = Callable[[], Awaitable[Iterable[Reading]]]


@dataclass(slots=True)
class _Seen:
    facts: Sequence[Fact] = ()
    readings: Sequence[Reading] = ()
    up: bool = False
    at_s: float = field(default=float("-inf"))


class Metrics(Collector):
    """The metrics of one process. `readers` are asked at a scrape, beside the platform's own statement."""

    def __init__(self, database: Database, policies: Sequence[QueuePolicy], readers: Sequence[Reader] = ()) -> None:
        """Make the registry; nothing is read before the first scrape."""
        self._database, self._policies, self._readers = database, tuple(policies), tuple(readers)
        self._seen, self._reading = _Seen(), asyncio.Lock()
        self._registry = CollectorRegistry()
        self._answers = Histogram(
            "ruach_http_answer_seconds", "Time until the answer to a request began, by route template and status.",
            ("method", "route", "status"), buckets=_ANSWER_S, registry=self._registry,
        )  # fmt: skip
        self._jobs = Histogram(
            "ruach_job_run_seconds", "Time that one run of a job took in this process, by how it ended.",
            ("queue", "job", "outcome"), buckets=_JOB_S, registry=self._registry,
        )  # fmt: skip
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._registry.register(self)
        listen_to_jobs(self)

    def answered(self, answer: Answered) -> None:
        """Count one request; a path that no route has is `(none)`, so that a scan cannot fill the registry."""
        method = answer.method if answer.method in _METHODS else "OTHER"
        self._answers.labels(method, answer.route or "(none)", str(answer.status)).observe(answer.began_s)

    def job_ended(self, ended: JobEnded) -> None:
        """Count one run of a job."""
        self._jobs.labels(ended.queue, ended.name, ended.outcome).observe(ended.took_s)

    async def scrape(self) -> bytes:
        """Return everything in Prometheus' text format; never raises because a part is away."""
        async with self._reading:  # whoever comes meanwhile waits and takes the same reading
            if monotonic() - self._seen.at_s >= KEPT_S:
                self._seen = await self._read()
        return bytes(generate_latest(self._registry))

    async def _read(self) -> _Seen:
        try:
            async with asyncio.timeout(READ_S), self._database.connection() as conn:
                facts = await read_facts(conn)
        except Exception as error:  # noqa: BLE001  (the scrape is what says that the database is away)
            log.warning("metrics.unread", error=type(error).__name__, message=str(error))
            return _Seen(at_s=monotonic())
        readings: list[Reading] = []
        for read in self._readers:
            try:
                async with asyncio.timeout(READ_S):
                    readings.extend(await read())
            except Exception as error:  # noqa: BLE001  (one part's numbers are missing then, not everybody's)
                log.warning("metrics.part.unread", error=type(error).__name__, message=str(error))
        return _Seen(facts, readings, up=True, at_s=monotonic())

    def collect(self) -> Iterable[Metric]:
        """Yield what was read last; called by the registry."""
        seen = self._seen
        yield GaugeMetricFamily("ruach_database_up", "1 if the database answered this scrape.", value=float(seen.up))
        if not seen.up:
            return
        yield from self._queues(seen.facts)
        yield from _dead_letters(seen.facts, self._policies)
        yield from _consumers(seen.facts)
        for reading in seen.readings:
            yield _gauge(reading.name, reading.help, reading.labels, reading.values)

    def _queues(self, facts: Sequence[Fact]) -> Iterable[Metric]:
        names = [policy.name for policy in self._policies]
        jobs = {(fact.name, fact.label): fact for fact in facts if fact.fact == "jobs"}
        number: Numbers = {(name, state): _number(jobs.get((name, state))) for name in names for state in STATES}
        yield _gauge("queue_jobs", "Jobs that have not ended, by state.", ("queue", "state"), number)
        depth: Numbers = {(name,): number[name, "waiting"] + number[name, "delayed"] for name in names}
        yield _gauge("queue_depth", "Jobs that still have to start: what backpressure looks at.", ("queue",), depth)
        ages: Numbers = {(name,): jobs[name, "waiting"].age_s if (name, "waiting") in jobs else 0.0 for name in names}
        yield _gauge("queue_oldest_seconds", "How long the oldest due job has waited.", ("queue",), ages)
        tries: Numbers = {
            (name,): float(max((jobs[name, each].attempt for each in STATES if (name, each) in jobs), default=0))
            for name in names
        }
        yield _gauge("queue_attempt_max", "The highest attempt among the jobs that have not ended.", ("queue",), tries)


def _dead_letters(facts: Sequence[Fact], policies: Sequence[QueuePolicy]) -> Iterable[Metric]:
    dead: Numbers = {(policy.name, "job"): 0.0 for policy in policies}
    ages: Numbers = dict(dead)
    for fact in facts:
        if fact.fact == "dead":
            dead[fact.name, fact.label], ages[fact.name, fact.label] = float(fact.number), fact.age_s
    labels = ("queue", "kind")
    yield _gauge("dead_letters", "Dead letters that nobody has resolved; `queue` is an event's consumer.", labels, dead)
    yield _gauge("dead_letter_oldest_seconds", "Age of the oldest of them.", labels, ages)


def _consumers(facts: Sequence[Fact]) -> Iterable[Metric]:
    lags = [fact for fact in facts if fact.fact == "lag"]
    events: Numbers = {(fact.name,): float(fact.number) for fact in lags}
    yield _gauge("outbox_lag_events", "Events that the consumer has not taken in, capped.", ("consumer",), events)
    ages: Numbers = {(fact.name,): fact.age_s for fact in lags}
    yield _gauge("outbox_lag_seconds", "Age of the oldest of them.", ("consumer",), ages)
    tries: Numbers = {(fact.name,): float(fact.attempt) for fact in lags}
    yield _gauge("delivery_attempt_max", "The most failed attempts among its deliveries.", ("consumer",), tries)


def _number(fact: Fact | None) -> float:
    return 0.0 if fact is None else float(fact.number)


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"ruach_{name}", text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family
