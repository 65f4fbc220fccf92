"""Turn a fact about a member into a journal event and the job that updates their projection, in one transaction."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import journal
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.journal import Appended
from ruach_studio.formation.store.recorder import Job
from ruach_studio.infra.context import new_id

QUEUE = "formation-state"
PROJECT, ASSESS = "project", "assess"
Fact = tuple[str, str, Mapping[str, object]]  # event type, content id, payload


def projection_of(enrollment_id: str) -> Job:
    """Return the job that brings an enrollment's projection up to date."""
    return Job(QUEUE, PROJECT, {"enrollmentId": enrollment_id})


async def write_fact(
    services: FormationServices, tx: AsyncConnection, enrollment: Enrollment, event_type: str, content_id: str,
    data: Mapping[str, object], *, at: datetime, event_id: str | None = None, project: bool = True,
) -> Appended:  # fmt: skip
    """Append one event and enqueue the projection; a repeat within one second is not written and enqueues nothing.

    With `project` False no job is made: whoever writes several facts in one transaction calls `enqueue_projection` once.
    Raises BadInput (payload), EnrollmentNotFound, CorrelationMissing.
    """
    event = JournalEvent(
        event_id or new_id(), enrollment.user_id, enrollment.enrollment_id, event_type, content_id, at, data
    )
    appended = await journal.append(tx, event)
    if appended.version is not None and project:
        await enqueue_projection(services, tx, enrollment.enrollment_id)
    return appended


async def enqueue_projection(services: FormationServices, tx: AsyncConnection, enrollment_id: str) -> None:
    """Ask for the enrollment's projection to be brought up to date once this transaction has committed."""
    job = projection_of(enrollment_id)
    await services.queue.add(tx, job.queue, job.name, job.payload)


def local_day(time_zone: str, at: datetime) -> date:
    """Return the day that an event at that moment is counted to."""
    return (at + timedelta(minutes=offset_minutes(time_zone, at))).date()


def offset_minutes(time_zone: str, at: datetime) -> int:
    """Return how far the zone is from UTC at that moment, in minutes: the local day of an event is fixed with it."""
    offset = at.astimezone(ZoneInfo(time_zone)).utcoffset()
    return 0 if offset is None else offset // timedelta(minutes=1)
