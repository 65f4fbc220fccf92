"""Turn an enrollment into the decisions that were taken about it, the newest first."""

from typing import Any

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments
from ruach_studio.formation.store.journal import EnrollmentNotFound
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.infra.audit import list_decisions


async def read_decisions(
    services: FormationServices, *, enrollment_id: str | None = None, user_id: str | None = None,
    path_id: str = DEFAULT_PATH, before: int | None = None, limit: int = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return audit rows as `list_decisions` gives them, behind number `before`.

    With `user_id` only that user's own: another's `enrollment_id` is not found, as if there were none; without one it is the
    enrollment on `path_id`, or what was decided before the user entered the covenant. Raises EnrollmentNotFound.
    """
    async with services.database.connection() as conn:
        if enrollment_id is not None:
            enrollment = await enrollments.get(conn, enrollment_id)
            if user_id is not None and enrollment.user_id != user_id:
                raise EnrollmentNotFound(subject=enrollment_id)
            subject = enrollment_id
        elif user_id is not None:
            own = await enrollments.of_user(conn, user_id, path_id)
            subject = f"user:{user_id}" if own is None else own.enrollment_id
        else:
            raise EnrollmentNotFound("none is named", subject="enrollmentId", remedy="Name one.")
        return await list_decisions(conn, subject=subject, before_seq=before, limit=limit)
