"""Turn every journal there is into its digest anew, on as many processes as asked, and compare with the projections.

The outcome does not depend on the number of processes: slices are cut by enrollment, and the digest of all is over the
enrollments in the order of their ids. Nothing is written.
"""

import asyncio
import hashlib
import json
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from ruach_studio.formation.state_snapshot import to_us
from ruach_studio.formation.store.journal_ranges import Range, slices
from ruach_studio.infra.children import reap
from ruach_studio.infra.db import Database
from ruach_studio.kernel.errors import RuachError

SLICE = 20_000  # events; a worker holds one slice at a time
_WORKER = "ruach_studio.formation.store.replay_worker"
_LINE_BYTES = 2**26
_LISTED = 100
WRONG = ("differs", "gap", "unreadable")


class ReplayFailed(RuachError):
    """A process of the replay ended early."""

    code = "replay_failed"


@dataclass(frozen=True, slots=True)
class Differing:
    """An enrollment whose projection is not what its journal says, or whose journal cannot be replayed; see VERDICTS."""

    enrollment_id: str
    journal_version: int
    digest: str
    verdict: str


@dataclass(frozen=True, slots=True)
class BulkReplay:
    """What was replayed: `digest` over all, `verdicts` how many projections are what, `differing` the first that differ."""

    enrollments: int
    events: int
    digest: str
    verdicts: dict[str, int] = field(default_factory=dict)
    differing: tuple[Differing, ...] = ()


async def replay_journals(
    database: Database, *, processes: int = 2, as_of: datetime | None = None, slice_events: int = SLICE
) -> BulkReplay:
    """Replay all enrollments' journals, as of a date if given (and compare nothing then). Raises ReplayFailed."""
    async with database.connection() as conn:
        ranges = await slices(conn, slice_events)
    asked = json.dumps({"dsn": database.dsn, "asOfUs": None if as_of is None else to_us(as_of)})
    todo, answers = iter(enumerate(ranges)), [""] * len(ranges)
    working = [asyncio.create_task(_work(asked, todo, answers)) for _ in range(min(processes, len(ranges)))]
    try:
        await asyncio.gather(*working)
    finally:
        for each in working:
            each.cancel()
        await asyncio.gather(*working, return_exceptions=True)  # no process outlives this
    return _summed(answers)


async def _work(asked: str, todo: Iterator[tuple[int, Range]], answers: list[str]) -> None:
    """Let one process answer slices until none is left; `todo` is shared with the other processes."""
    async for index, line in _answered(asked, todo):
        answers[index] = line


async def _answered(asked: str, todo: Iterator[tuple[int, Range]]) -> AsyncIterator[tuple[int, str]]:
    pipe = asyncio.subprocess.PIPE
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _WORKER, stdin=pipe, stdout=pipe, stderr=pipe, limit=_LINE_BYTES
    )
    assert worker.stdin is not None  # noqa: S101  (pipes were asked for)
    assert worker.stdout is not None  # noqa: S101
    assert worker.stderr is not None  # noqa: S101
    try:
        worker.stdin.write(f"{asked}\n".encode())
        ahead = deque[tuple[int, Range]]()
        while True:
            for index, each in islice(todo, 2 - len(ahead)):  # one to work on, one waiting
                worker.stdin.write(f"{json.dumps(each)}\n".encode())
                ahead.append((index, each))
            if not ahead:
                break
            index, each = ahead.popleft()
            line = (await worker.stdout.readline()).decode()
            if not line.endswith("\n"):
                said = (await worker.stderr.read()).decode().strip().splitlines() or ["it said nothing"]
                raise ReplayFailed(said[-1], subject=f"enrollments {each[0]} to {each[1]}", remedy="See docs/runbook.")
            yield index, line
        worker.stdin.close()
        await worker.wait()
    finally:
        await reap(worker)


def _summed(answers: list[str]) -> BulkReplay:
    whole, verdicts, events, differing = hashlib.sha256(), Counter[str](), 0, list[Differing]()
    for line in answers:
        for enrollment_id, version, digest, verdict in json.loads(line):
            whole.update(f"{enrollment_id} {version} {digest}\n".encode())
            verdicts[verdict] += 1
            events += version
            if verdict in WRONG and len(differing) < _LISTED:
                differing.append(Differing(enrollment_id, version, digest, verdict))
    return BulkReplay(verdicts.total(), events, whole.hexdigest(), dict(sorted(verdicts.items())), tuple(differing))
