"""Turn a member's wish to read an axiom into its definition; the first reading is noted in their journal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.axioms import Axiom, Reading, may_read
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import axioms
from ruach_studio.formation.usecases.list_axioms import AxiomNotFound
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, Journey, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.record_decided import Decided, record_decided
from ruach_studio.infra.audit import DecisionEntry
from ruach_studio.infra.context import require_correlation_id
from ruach_studio.kernel.decision import DecisionResult
from ruach_studio.kernel.errors import Forbidden


class AxiomGated(Forbidden):
    """This axiom is not open yet."""

    code = "gated"


@dataclass(frozen=True, slots=True)
class ViewedAxiom:
    """An axiom that the member may read, why, and whether this reading is the first and was noted."""

    axiom: Axiom
    reading: Reading
    recorded: bool


async def view_axiom(
    services: FormationServices, user_id: str, axiom_id: str, *, path_id: str = DEFAULT_PATH
) -> ViewedAxiom:
    """Show an axiom to a member of the path. Raises NotEnrolled, AxiomNotFound, AxiomGated (its text stays shut)."""
    now = services.clock.now()

    async def decide(conn: AsyncConnection) -> Decided[tuple[Axiom, Reading]]:
        journey = await load_journey(services, conn, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        return await read_axiom(conn, journey, axiom_id, at=now)

    decided, recorded = await record_decided(services, user_id, decide, at=now)
    return ViewedAxiom(*decided.subject, recorded)


async def read_axiom(
    conn: AsyncConnection, journey: Journey, axiom_id: str, *, at: datetime
) -> Decided[tuple[Axiom, Reading]]:
    """Return the axiom that a member of the journey may read, and what is to be noted. An explorer leaves no record."""
    axiom = (await axioms.canon(conn)).get(axiom_id)
    if axiom is None:
        raise AxiomNotFound(subject=axiom_id, remedy="GET /formation-engine/axioms lists them.")
    reading = may_read(axiom, journey.state)
    if reading.verdict.decision == "gated":
        reasons = list(reading.verdict.reasons)
        raise AxiomGated("; ".join(reasons), subject=axiom.title, reasons=reasons, axiomId=axiom_id)
    if journey.state.covenant != "formation_journey" or axiom_id in journey.state.axioms_viewed:
        return Decided((axiom, reading), journey, ())
    result = DecisionResult(reading.verdict, at, require_correlation_id())
    entry = DecisionEntry(result, journey.enrollment.enrollment_id, reading.inputs)
    fact = ("canon_definition_viewed", axiom_id, {"axiomId": axiom_id, "term": axiom.title})
    return Decided((axiom, reading), journey, (fact,), (entry,))
