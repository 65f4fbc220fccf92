"""Turn an id into the decisions that were taken under it: `GET /decisions`."""

from typing import Annotated, Any

from fastapi import Depends, Query

from ruach_studio.infra.audit import list_decisions
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.db import Database
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.errors import Malformed
from ruach_studio.kernel.ids import checked_uuid4

LIMIT_MAX = 1000


def router(database: Database) -> Routes:
    """Return the route; operators only, since reasons name people and files."""
    decisions = Routes(tags=["decisions"], dependencies=[Depends(require("operator", scope="decisions:read"))])

    @decisions.get("/decisions", summary="The decisions of a request, a workflow or a subject")
    async def find(
        correlationId: str | None = None,  # noqa: N803
        automationId: str | None = None,  # noqa: N803
        subject: str | None = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 100,
    ) -> dict[str, Any]:
        if not (correlationId or automationId or subject):
            raise Malformed("no id is given", subject="query", remedy="Give correlationId, automationId or subject.")
        for name, value in (("correlationId", correlationId), ("automationId", automationId)):
            if value is not None:
                checked_uuid4(value, field=name)
        async with database.connection() as conn:
            found = await list_decisions(
                conn, correlation_id=correlationId, automation_id=automationId, subject=subject, limit=limit
            )
        return {"decisions": found}

    return decisions
