"""Turn an execution or an event into the ids that every line written on its behalf carries.

The four ids are bound anew: what a worker process was started under is no part of the job. A member's enrollment and a
render's job are named by the payload where the queue does not name them.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from ruach_studio.events.envelope import Envelope
from ruach_studio.infra.context import Ids, bind
from ruach_studio.infra.queues.policy import QUEUES
from ruach_studio.infra.queues.port import Execution
from ruach_studio.infra.tracing import Span, span
from ruach_studio.kernel.ids import is_uuid4

_RENDERING = frozenset(policy.name for policy in QUEUES if policy.carries_render_job_id)


def bind_execution(execution: Execution) -> AbstractContextManager[Ids]:
    """Bind the ids of a job."""
    named = execution.job_id if execution.queue in _RENDERING else _named(execution.payload, "renderJobId")
    return bind(
        correlation_id=execution.correlation_id, automation_id=execution.automation_id, render_job_id=named,
        enrollment_id=_enrollment(execution.payload), anew=True,
    )  # fmt: skip


def bind_event(envelope: Envelope) -> AbstractContextManager[Ids]:
    """Bind the ids of an event."""
    return bind(
        correlation_id=envelope.correlation_id, automation_id=envelope.automation_id,
        render_job_id=_named(envelope.payload, "renderJobId"), enrollment_id=_enrollment(envelope.payload), anew=True,
    )  # fmt: skip


def job_span(execution: Execution, parent: object) -> AbstractContextManager[Span]:
    """Return the span of one run of a job; `parent` is the traceparent that its data carry."""
    return span(
        f"job {execution.queue}/{execution.name}", "consumer", {"job": execution.job_id, "attempt": execution.attempt},
        parent=parent if isinstance(parent, str) else None,
    )  # fmt: skip


def _enrollment(payload: Mapping[str, Any]) -> str | None:
    return _named(payload, "formationEnrollmentId") or _named(payload, "enrollmentId")


def _named(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) and is_uuid4(value) else None
