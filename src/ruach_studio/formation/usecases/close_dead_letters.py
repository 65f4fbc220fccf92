"""Turn the dead letters of a repaired enrollment into resolved ones: what the repair did needs no job, the rest runs again.

A dead projection is settled by the repair itself, which has just made the projection anew. A text that no model has read,
because every try died, is raw data without its fact: `reset-score` has it read again, by a new job in the same transaction.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments, reflections
from ruach_studio.formation.usecases.examine_enrollment import Asked
from ruach_studio.formation.usecases.write_fact import ASSESS, PROJECT, QUEUE
from ruach_studio.infra.queues import Execution, open_about


async def close_dead_letters(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, asked: Asked, *, strategy: str
) -> dict[str, Any]:
    """Settle or run again what died about this enrollment; return {"deadLetters": {"settled", "readAgain"}}, {} if nothing.

    A dry run only names the jobs.
    """
    settled = await open_about(tx, QUEUE, PROJECT, {"enrollmentId": enrollment_id})
    unread = await _unread(tx, enrollment_id) if strategy == "reset-score" else []
    if not asked.dry_run:
        for job_id in settled:
            done = f"formation.repair {strategy}: {asked.reason}"
            await services.queue.settle(tx, QUEUE, job_id, actor=asked.actor, resolution=done)
        for job_id in unread:
            await services.queue.requeue(
                tx, job_id, actor=asked.actor, reason=f"formation.repair {strategy}: {asked.reason}"
            )
    return {"deadLetters": {"settled": settled, "readAgain": unread}} if settled or unread else {}


async def whose_reflection(tx: AsyncConnection, execution: Execution) -> Mapping[str, Any]:
    """Measure a dead `assess` job: the enrollment that its text belongs to, {} if the text is gone."""
    stored = await reflections.get(tx, str(execution.payload.get("reflectionId")))
    return {} if stored is None else {"enrollmentId": stored.enrollment_id}


async def _unread(tx: AsyncConnection, enrollment_id: str) -> list[str]:
    enrollment = await enrollments.get(tx, enrollment_id)
    found: list[str] = []
    for each in await reflections.of_enrollment(tx, enrollment.user_id, enrollment_id):
        found += await open_about(tx, QUEUE, ASSESS, {"reflectionId": each.reflection_id})
    return found
