"""Turn a member into what the rules read of them, from the kept text if it is as new as the journal.

The state of a long journey holds ten times what score, gate and next step read. So the evidence is kept as a text of its own
and written by whoever found it out of date: the projector after an event, else the first reader. Reading never needs the
queue.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.covenant import Covenant
from ruach_studio.formation.evidence import Evidence, Origin
from ruach_studio.formation.evidence_text import EVIDENCE_VERSION, from_text, to_text
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.state import REDUCER_VERSION
from ruach_studio.formation.store import evidences, graphs
from ruach_studio.formation.store.enrollments import Enrollment
from ruach_studio.formation.usecases.enroll_in_formation_path import NothingPublished
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_enrollment, pinned_graph
from ruach_studio.formation.usecases.write_fact import offset_minutes

_REDUCER = f"{REDUCER_VERSION}/{EVIDENCE_VERSION}"


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a member stands: the enrollment, its pinned graph, the evidence."""

    enrollment: Enrollment
    graph: Graph
    evidence: Evidence

    @property
    def covenant(self) -> Covenant:
        """Return the covenant that the member entered."""
        return cast(Covenant, self.enrollment.covenant_type)

    def local(self, at: datetime) -> datetime:
        """Return `at` in the member's zone, as an offset: decided again, a day must be the day that it was."""
        return at.astimezone(timezone(timedelta(minutes=offset_minutes(self.enrollment.time_zone, at))))


async def load_kept(
    services: FormationServices, conn: AsyncConnection, user_id: str, *, path_id: str = DEFAULT_PATH
) -> tuple[Enrollment | None, Standpoint | None]:
    """Return the user's enrollment on a path, and where they stand if that is kept for the journal as it is."""
    kept = await evidences.of_user(conn, user_id, path_id, reducer=_REDUCER)
    if kept is None or kept.facts is None or kept.graph_version is None:
        return None if kept is None else kept.enrollment, None
    enrollment = kept.enrollment
    origin = Origin(enrollment.enrollment_id, enrollment.journal_version, REDUCER_VERSION)
    graph = await pinned_graph(services, conn, enrollment, kept.graph_version)
    return enrollment, Standpoint(enrollment, graph, from_text(kept.facts, origin))


async def load_evidence(
    services: FormationServices, tx: AsyncConnection, user_id: str, *, path_id: str = DEFAULT_PATH
) -> Standpoint | None:
    """Return where the user stands on a path today, or None if they are not on it. Raises GraphVersionNotFound.

    `tx` must be able to write: a text that was out of date is written anew.
    """
    enrollment, standing = await load_kept(services, tx, user_id, path_id=path_id)
    if enrollment is None or standing is not None:
        return standing
    journey = await load_enrollment(services, tx, enrollment.enrollment_id)
    evidence = await keep_evidence(tx, journey.graph, journey.evidence, at=services.clock.now())
    return Standpoint(journey.enrollment, journey.graph, evidence)


async def keep_evidence(tx: AsyncConnection, graph: Graph, evidence: Evidence, *, at: datetime) -> Evidence:
    """Write evidence of today down for the next reader, and return it knowing its hash: many gates then cost one."""
    origin = evidence.origin
    if origin is None or origin.until is not None:
        return evidence
    facts = to_text(evidence)
    await evidences.put(
        tx, origin.enrollment_id, journal_version=origin.journal_version, graph_version=graph.version, reducer=_REDUCER,
        facts=facts, at=at,
    )  # fmt: skip
    return from_text(facts, origin)


async def current_graph(services: FormationServices, conn: AsyncConnection, path_id: str) -> Graph:
    """Return the newest version of a path, for whoever is on none. Raises PathNotFound, NothingPublished."""
    path = await graphs.get_path(conn, path_id)
    if path.current_version is None:
        raise NothingPublished(subject=path_id, remedy="An operator publishes one first.")
    return await services.graphs.get(conn, path_id, path.current_version)
