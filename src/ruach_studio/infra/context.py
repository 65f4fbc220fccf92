"""Turn "who asked for this" into four ids that follow the work through every await, thread and log line.

The shell binds them once (HTTP middleware, worker, CLI); nobody passes them down by hand. This is also the one place
that draws a new id and reads the clock, since rules may do neither.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ruach_studio.kernel.errors import RuachError


class CorrelationMissing(RuachError):
    """No correlation id is bound here; wrap the entry point in context.bind(correlation_id=...)."""

    code = "correlation_missing"


@dataclass(frozen=True, slots=True)
class Ids:
    """The four canonical ids of the work at hand; None where it has none."""

    correlation_id: str | None = None
    automation_id: str | None = None
    render_job_id: str | None = None
    enrollment_id: str | None = None

    def to_wire(self) -> dict[str, str | None]:
        """Return the ids under their names on the wire and in the log."""
        return {
            "correlationId": self.correlation_id,
            "automationId": self.automation_id,
            "renderJobId": self.render_job_id,
            "formationEnrollmentId": self.enrollment_id,
        }


_IDS: ContextVar[Ids] = ContextVar("ruach_ids", default=Ids())  # noqa: B039  (frozen: cannot be changed in place)


def current() -> Ids:
    """Return the ids bound in this task or thread."""
    return _IDS.get()


@contextmanager
def bind(
    *,
    correlation_id: str | None = None,
    automation_id: str | None = None,
    render_job_id: str | None = None,
    enrollment_id: str | None = None,
    anew: bool = False,
) -> Iterator[Ids]:
    """Bind the given ids inside the block; an id left out keeps its outer value; the outer ids come back at the end.

    `anew`: what begins here is no part of what runs outside (a job in a worker), so an id left out is None.
    """
    given = {
        "correlation_id": correlation_id,
        "automation_id": automation_id,
        "render_job_id": render_job_id,
        "enrollment_id": enrollment_id,
    }
    outer = Ids() if anew else _IDS.get()
    ids = replace(outer, **{name: value for name, value in given.items() if value is not None})
    token = _IDS.set(ids)
    try:
        yield ids
    finally:
        _IDS.reset(token)


def require_correlation_id() -> str:
    """Return the bound correlation id, or raise CorrelationMissing: no job, event or audit row goes without one."""
    correlation_id = _IDS.get().correlation_id
    if correlation_id is None:
        raise CorrelationMissing
    return correlation_id


def new_id() -> str:
    """Draw a new UUIDv4, lower case and dashed."""
    return str(uuid.uuid4())


class SystemClock:
    """The machine's clock, as kernel.clock.Clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)
