"""Turn an enrollment's whole journal into its projection, whatever stood there before: `formation.repair` with `replay`.

A dry run compares and writes nothing. Else the enrollment's row (graph version, covenant) and its projection become what the
journal says, and a `repaired` event keeps the digests; all in the caller's transaction.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import ghosts, replay_whole
from ruach_studio.formation.state import FormationState
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.usecases.examine_enrollment import Asked, comparison, examine_enrollment
from ruach_studio.formation.usecases.swap_projection import mend_row, swap_projection


async def rebuild_projection(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, asked: Asked
) -> dict[str, Any]:
    """Return what was or would be repaired. Raises EnrollmentNotFound, JournalUnreadable (it names the events)."""
    found = await examine_enrollment(tx, enrollment_id, asked)
    truth = replay_whole(found.events)
    answer = comparison(found, truth) | {"ghosts": await _ghosts(services, tx, found.enrollment, truth)}
    if not asked.dry_run:
        await mend_row(tx, found, truth)
        await swap_projection(services, tx, found, truth, asked, action="replay")
    return answer


async def _ghosts(
    services: FormationServices, conn: AsyncConnection, enrollment: Enrollment, truth: FormationState
) -> list[str]:
    """Return what no replay mends: nodes that the pinned version lacks, or that version itself."""
    version = truth.graph_version or enrollment.graph_version
    try:
        return list(ghosts(await services.graphs.get(conn, enrollment.path_id, version), truth))
    except GraphVersionNotFound:
        return [f"version {version} of the path itself is missing"]
