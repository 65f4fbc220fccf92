"""Turn what render tells of a run into what a derivative's row says afterwards: in any order, any number of times.

A row names the latest run that it knows of. A telling names its run and the ladder's runs before it. If the row's run is
among those, the telling is as new as the row or newer; if not, it is of an older run, or of a wish that was given up.
"""

from collections.abc import Mapping
from typing import Any, Literal

from ruach_studio.events.derivative import DerivativeBegun, DerivativeFailed, DerivativeMade

DerivativeState = Literal["queued", "running", "ready", "failed", "cancelled"]
UNFINISHED = ("queued", "running")
TELLINGS = frozenset({DerivativeBegun.event_type, DerivativeMade.event_type, DerivativeFailed.event_type})


def heard(
    state: DerivativeState, job_id: str | None, event_type: str, payload: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the columns that change in a row that says `state` of the run `job_id`; None if it is no news.

    >>> heard("queued", "1", "derivative.begun", {"jobId": "2", "earlierJobIds": ["1"]})
    {'state': 'running', 'job_id': '2'}
    >>> heard("running", "2", "derivative.failed", {"jobId": "1", "earlierJobIds": [], "retriedAs": "2", "error": {}})
    """
    run = str(payload["jobId"])
    if state not in UNFINISHED or job_id not in (*payload["earlierJobIds"], run):
        return None
    if event_type == DerivativeBegun.event_type:
        return {"state": "running", "job_id": run}
    if event_type == DerivativeMade.event_type:
        return {"state": "ready", "job_id": run, "facts": payload["facts"]}
    if payload["retriedAs"] is not None:
        return {"state": "queued", "job_id": str(payload["retriedAs"])}
    return {"state": "failed", "job_id": run, "error": payload["error"]}
