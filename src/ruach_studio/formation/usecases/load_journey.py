"""Turn a member's projection and the tail of their journal into the journey as it stands, today or as of a date.

Reading never needs the queue: what the projector has not seen yet is folded here. A projection of other rules, one that a
voided event reaches into, or a date before it: the whole journal is replayed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.repair import UNREADABLE, replay_whole
from ruach_studio.formation.state import REDUCER_VERSION, FormationState, evidence_of, from_snapshot
from ruach_studio.formation.store import enrollments, journal, projections
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.store.journal_rows import replay_stored
from ruach_studio.infra.logging import get_logger

log = get_logger(__name__)
DEFAULT_PATH = "ruach"


@dataclass(frozen=True, slots=True)
class Journey:
    """One member on one path: the enrollment, its pinned graph, the state, and what the rules read of it."""

    enrollment: Enrollment
    graph: Graph
    state: FormationState
    evidence: Evidence


async def load_journey(
    services: FormationServices, conn: AsyncConnection, user_id: str, *, path_id: str = DEFAULT_PATH,
    as_of: datetime | None = None,
) -> Journey | None:  # fmt: skip
    """Return the user's journey on a path, or None if they are not on it. Raises GraphVersionNotFound."""
    enrollment = await enrollments.of_user(conn, user_id, path_id)
    return None if enrollment is None else await _journey(services, conn, enrollment, as_of)


async def load_enrollment(
    services: FormationServices, conn: AsyncConnection, enrollment_id: str, *, as_of: datetime | None = None
) -> Journey:
    """Return the journey of an enrollment. Raises EnrollmentNotFound, GraphVersionNotFound."""
    return await _journey(services, conn, await enrollments.get(conn, enrollment_id), as_of)


async def state_of(conn: AsyncConnection, enrollment_id: str, as_of: datetime | None = None) -> FormationState:
    """Return the state of an enrollment from its projection and the events behind it.

    A projection that cannot be read is only a copy: the journal is replayed instead. Raises JournalUnreadable, which names
    the events, if the journal itself cannot be read.
    """
    stored = await projections.get(conn, enrollment_id)
    start = None
    if stored is not None and stored.reducer_version == REDUCER_VERSION:
        try:
            start = from_snapshot(stored.snapshot)
        except UNREADABLE as error:
            log.warning(
                "formation.projection.unreadable", enrollment_id=enrollment_id, error=f"{type(error).__name__}: {error}"
            )
    try:
        return await replay_stored(conn, enrollment_id, as_of=as_of, start=start)
    except UNREADABLE as error:
        log.error("formation.journal.unreadable", enrollment_id=enrollment_id, error=f"{type(error).__name__}: {error}")
        events = await journal.read(conn, enrollment_id)
        return replay_whole([pair for pair in events if as_of is None or pair[1].occurred_at <= as_of])


async def pinned_graph(services: FormationServices, conn: AsyncConnection, enrollment: Enrollment, version: int) -> Graph:
    """Return the version that an enrollment is on. Raises GraphVersionNotFound, which no member can mend: it is logged."""
    try:
        return await services.graphs.get(conn, enrollment.path_id, version)
    except GraphVersionNotFound:
        log.error(
            "formation.version.lost", enrollment_id=enrollment.enrollment_id, path_id=enrollment.path_id,
            graph_version=version, remedy="Restore it, or ruach ops formation migrate to a version that stands.",
        )  # fmt: skip
        raise


async def _journey(
    services: FormationServices, conn: AsyncConnection, enrollment: Enrollment, as_of: datetime | None
) -> Journey:
    state = await state_of(conn, enrollment.enrollment_id, as_of)
    # a migration that happened after `as_of` has not happened yet
    graph = await pinned_graph(services, conn, enrollment, state.graph_version or enrollment.graph_version)
    evidence = evidence_of(state, graph)
    if as_of is not None and evidence.origin is not None:
        evidence = replace(evidence, origin=replace(evidence.origin, until=as_of))
    return Journey(enrollment, graph, state, evidence)
