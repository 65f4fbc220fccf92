"""Turn the end of a request or a job into a call of whoever counts: nothing is imported, nothing paid, if nobody does.

`tell_job` is for the queues, which know no listener; `Answered` is what infra.http tells. metrics.py listens to both.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from weakref import WeakSet


@dataclass(frozen=True, slots=True)
class Answered:
    """One request and its answer. `route` is the template ("/sessions/{session_id}"), None where no route matched.

    `began_s` is the time until the answer began, `took_s` until it was over: an event stream may take minutes.
    """

    method: str
    route: str | None
    status: int
    at: datetime
    began_s: float
    took_s: float
    correlation_id: str
    actor: str | None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JobEnded:
    """One run of a job that ended here: `outcome` is completed, failed or cancelled."""

    queue: str
    name: str
    outcome: str
    took_s: float


class JobListener(Protocol):
    """Who wants to hear of jobs; forgotten when nobody else holds it."""

    def job_ended(self, ended: JobEnded) -> None:
        """Count one run. Must not raise and not block."""
        ...


_LISTENERS: "WeakSet[JobListener]" = WeakSet()


def listen_to_jobs(listener: JobListener) -> None:
    """Tell `listener`, as long as it lives, of every job that ends in this process."""
    _LISTENERS.add(listener)


def tell_job(ended: JobEnded) -> None:
    """Say that a run of a job ended in this process."""
    for listener in list(_LISTENERS):
        listener.job_ended(ended)
