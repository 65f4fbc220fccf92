"""Turn what the journal says into the stored projection and the enrollment's row, with the event that tells of it."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import replay_whole
from ruach_studio.formation.state import REDUCER_VERSION, FormationState, digest, to_snapshot
from ruach_studio.formation.store import enrollments, journal, projections
from ruach_studio.formation.store.projections import Projection
from ruach_studio.formation.usecases.examine_enrollment import Asked, Examined, row_of
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import record_transition


async def mend_row(tx: AsyncConnection, found: Examined, truth: FormationState) -> None:
    """Make the enrollment's row what the journal says; first, since a counter behind the journal refuses every event."""
    row = row_of(found, truth)
    if row:
        await enrollments.update(tx, found.enrollment.enrollment_id, **row)


async def swap_projection(
    services: FormationServices, tx: AsyncConnection, found: Examined, truth: FormationState, asked: Asked, *, action: str
) -> None:
    """Write the `repaired` event, then the projection as the journal has it. The caller locked and mended the row."""
    enrollment, before = found.enrollment, found.copy.state
    digests = {"digestAfter": digest(truth)} | ({} if before is None else {"digestBefore": digest(before)})
    data = {"action": action, "requestedBy": asked.requested_by, "reason": asked.reason, **digests}
    await write_fact(services, tx, enrollment, "repaired", action, data, at=asked.at)
    written = replay_whole(await journal.read(tx, enrollment.enrollment_id))
    await store_projection(tx, written, asked.at)
    await record_transition(
        tx, entity="formation-projection", entity_id=enrollment.enrollment_id, from_state=found.stored_digest,
        to_state=digest(written), actor=asked.actor, reason=f"{action}: {asked.reason}",
    )  # fmt: skip


async def store_projection(tx: AsyncConnection, state: FormationState, at: datetime) -> None:
    """Write the projection of a state, whatever stood there."""
    copy = Projection(
        state.enrollment_id, state.journal_version, REDUCER_VERSION, dict(to_snapshot(state)), digest(state), at
    )
    await projections.put(tx, copy)
