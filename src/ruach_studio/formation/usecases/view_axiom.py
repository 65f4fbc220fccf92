"""Turn a member's wish to read an axiom into its definition; the first reading is noted in their journal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.axioms import Axiom, Reading, may_read
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import axioms
from ruach_studio.formation.store.journal import take_turn
from ruach_studio.formation.usecases.list_axioms import AxiomNotFound
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, Journey, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.formation.usecases.write_fact import write_fact
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import bind, require_correlation_id
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
    async with services.database.transaction() as tx:
        await take_turn(tx, user_id)
        journey = await load_journey(services, tx, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        with bind(enrollment_id=journey.enrollment.enrollment_id):
            return await view_axiom_in(services, tx, journey, axiom_id, at=now)


async def view_axiom_in(
    services: FormationServices, tx: AsyncConnection, journey: Journey, axiom_id: str, *, at: datetime
) -> ViewedAxiom:
    """Do the same inside the caller's transaction, who holds the user's turn. An explorer reads and leaves no record."""
    axiom = (await axioms.canon(tx)).get(axiom_id)
    if axiom is None:
        raise AxiomNotFound(subject=axiom_id, remedy="GET /formation-engine/axioms lists them.")
    reading = may_read(axiom, journey.state)
    if reading.verdict.decision == "gated":
        reasons = list(reading.verdict.reasons)
        raise AxiomGated("; ".join(reasons), subject=axiom.title, reasons=reasons, axiomId=axiom_id)
    recorded = False
    if journey.state.covenant == "formation_journey" and axiom_id not in journey.state.axioms_viewed:
        data = {"axiomId": axiom_id, "term": axiom.title}
        done = await write_fact(services, tx, journey.enrollment, "canon_definition_viewed", axiom_id, data, at=at)
        recorded = done.version is not None
    if recorded:
        result = DecisionResult(reading.verdict, at, require_correlation_id())
        await record_decision(tx, result, subject=journey.enrollment.enrollment_id, inputs=reading.inputs)
    return ViewedAxiom(axiom, reading, recorded)
