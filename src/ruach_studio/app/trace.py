"""Turn one id into its story, told by the platform and the pillars served here: `ruach trace`, `GET /ops/trace/{id}`."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query

from ruach_studio.app.parts import each_part
from ruach_studio.app.wiring import Services
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.signals.story import Scope, Story, told
from ruach_studio.infra.signals.story_lines import platform_lines
from ruach_studio.infra.signals.story_rows import scope_of, widened
from ruach_studio.kernel.errors import NotFound

LINES, LINES_MAX = 1000, 10_000
ASKED = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


class NothingKnown(NotFound):
    """Nothing is known of this id."""

    code = "nothing_known"


async def find_scope(services: Services, asked: str) -> Scope:
    """Return every request, automation and job behind an id, as the pillars served here know them. Raises NothingKnown."""
    async with services.database.connection() as conn:
        scope = await scope_of(conn, asked)
    for _, teller in each_part(services, lambda part: part.teller):
        if teller.find_scope is not None:
            scope = scope | await teller.find_scope(asked)
    if scope.is_empty:
        remedy = "Give a correlationId, automationId, renderJobId, formationEnrollmentId or session id."
        raise NothingKnown(subject=asked, remedy=remedy)
    async with services.database.connection() as conn:
        return await widened(conn, scope)


async def tell(services: Services, asked: str, limit: int = LINES) -> Story:
    """Return the story of a correlationId, automationId, job id, enrollment id or session id. Raises NothingKnown."""
    scope = await find_scope(services, asked)
    async with services.database.connection() as conn:
        lines = await platform_lines(conn, scope, limit)
    for _, teller in each_part(services, lambda part: part.teller):
        lines += await teller.tell(scope, limit)
    return told(scope, lines, limit)


def router(services: Services) -> Routes:
    """Return the route; operators only, since reasons name people and files."""
    tracing = Routes(tags=["ops"], dependencies=[Depends(require("operator", scope="ops:read"))])

    @tracing.get("/ops/trace/{id}", summary="The whole story of a request, automation, job, enrollment or session")
    async def trace(
        id: Annotated[str, Path(pattern=ASKED)],  # noqa: A002  (its name in the address)
        limit: Annotated[int, Query(ge=1, le=LINES_MAX)] = LINES,
    ) -> dict[str, Any]:
        return (await tell(services, id, limit)).to_wire()

    return tracing
