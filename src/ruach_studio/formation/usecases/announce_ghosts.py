"""Turn missing nodes that a member ran into into `formation.ghost-state`, once per enrollment, node and graph version.

A published version never loses a node, so a ghost means that somebody went around it: an operator has to look. A member who
looks at the same screen again is no news.
"""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.formation import FormationGhostState
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.infra.idempotency import once
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.outbox import publish

log = get_logger(__name__)


async def announce_ghosts(
    tx: AsyncConnection, enrollment: Enrollment, graph_version: int, missing: Iterable[str]
) -> list[str]:
    """Publish each ghost that was not published before, in the caller's transaction; return their node ids."""
    announced: list[str] = []
    for node_id in sorted(set(missing)):
        ghost = FormationGhostState(enrollment.user_id, enrollment.enrollment_id, node_id, graph_version)

        async def make(ghost: FormationGhostState = ghost) -> dict[str, str]:
            return {"eventId": await publish(tx, ghost)}

        _, fresh = await once(tx, f"{ghost.event_type}:{enrollment.enrollment_id}:{node_id}:{graph_version}", make)
        if fresh:
            announced.append(node_id)
            log.error(
                "formation.ghost", enrollment_id=enrollment.enrollment_id, node_id=node_id, graph_version=graph_version
            )
    return announced
