"""Turn a path, a user or an email into the enrollments that match: an operator's list, and a member's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import enrollments
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.infra.auth import accounts


@dataclass(frozen=True, slots=True)
class Found:
    """An enrollment and its user's email; None if there is no such account."""

    enrollment: Enrollment
    email: str | None


async def find_enrollments(
    services: FormationServices, *, enrollment_id: str | None = None, path_id: str | None = None,
    user_id: str | None = None, email: str | None = None, after: str = "", limit: int = 100,
) -> list[Found]:  # fmt: skip
    """Return a page of enrollments by id, behind `after`. Raises EnrollmentNotFound for an unknown `enrollment_id`."""
    async with services.database.connection() as conn:
        if email is not None:
            account = await accounts.find_account(conn, email)
            if account is None or user_id not in (None, account.account_id):
                return []
            user_id = account.account_id
        rows: Sequence[Enrollment] = (
            [await enrollments.get(conn, enrollment_id)]
            if enrollment_id is not None
            else await enrollments.page(conn, path_id=path_id, user_id=user_id, after=after, limit=limit)
        )
        emails = await accounts.emails_of(conn, [row.user_id for row in rows])
    return [Found(row, emails.get(row.user_id)) for row in rows]
