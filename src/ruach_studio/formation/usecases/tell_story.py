"""Turn a journal into the lines of a story. What a member wrote stays in the journal."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import story
from ruach_studio.infra.signals.story import Line, Scope
from ruach_studio.kernel.ids import is_uuid4


async def find_scope(services: FormationServices, asked: str) -> Scope:
    """Return the enrollment, and every request that its journal knows, if `asked` names one."""
    async with services.database.connection() as conn:
        if not await story.exists(conn, asked):
            return Scope(asked)
        found = await story.requests_of(conn, [asked])
    return Scope(asked, frozenset(found), enrollments=frozenset({asked}))


async def tell_story(services: FormationServices, scope: Scope, limit: int) -> list[Line]:
    """Return the events of the enrollments in `scope`: all of them if one was asked for, else those of its requests."""
    enrollments = sorted(each for each in scope.enrollments if is_uuid4(each))
    if not enrollments:
        return []
    async with services.database.connection() as conn:
        rows = await story.events(conn, enrollments, scope.correlations, whole=scope.asked in scope.enrollments, limit=limit)
    return [
        Line(
            row.recorded_at, f"journal.{row.event_type}", f"{row.event_type} {row.content_id or ''}".rstrip(),
            {"correlationId": row.correlation_id, "formationEnrollmentId": row.enrollment_id},
            {"journalVersion": row.version, "contentId": row.content_id},
        )
        for row in rows
    ]  # fmt: skip
