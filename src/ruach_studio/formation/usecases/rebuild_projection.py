"""Turn an enrollment's whole journal into its projection, whatever stood there before: `formation.repair` with `replay`.

A dry run compares and writes nothing. Else the enrollment's row (graph version, covenant) and its projection become what the
journal says, and a `repaired` event keeps the digests; all in the caller's transaction.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import replay_whole
from ruach_studio.formation.usecases.examine_enrollment import Asked, comparison, examine_enrollment
from ruach_studio.formation.usecases.swap_projection import mend_row, swap_projection


async def rebuild_projection(
    services: FormationServices, tx: AsyncConnection, enrollment_id: str, asked: Asked
) -> dict[str, Any]:
    """Return what was or would be repaired. Raises EnrollmentNotFound, JournalUnreadable (it names the events)."""
    found = await examine_enrollment(tx, enrollment_id, asked)
    truth = replay_whole(found.events)
    answer = comparison(found, truth)
    if not asked.dry_run:
        await mend_row(tx, found, truth)
        await swap_projection(services, tx, found, truth, asked, action="replay")
    return answer
