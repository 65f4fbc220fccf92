"""Turn the canon and a member into the list of axioms: which are open, which were read and cited, and why one is shut."""

from dataclasses import dataclass
from datetime import datetime

from ruach_studio.formation.axioms import Axiom, Reading, may_read
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import axioms
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, load_journey
from ruach_studio.formation.usecases.open_node import NotEnrolled
from ruach_studio.kernel.errors import NotFound


class AxiomNotFound(NotFound):
    """There is no such axiom."""

    code = "axiom_not_found"


@dataclass(frozen=True, slots=True)
class ListedAxiom:
    """An axiom as one member stands to it. Its definition is for `view_axiom`, which notes the reading."""

    axiom: Axiom
    reading: Reading
    viewed_at: datetime | None
    citations: int


async def list_axioms(services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH) -> list[ListedAxiom]:
    """Return all axioms by number, as the member of the path stands to them. Raises NotEnrolled."""
    async with services.database.connection() as conn:
        journey = await load_journey(services, conn, user_id, path_id=path_id)
        if journey is None:
            raise NotEnrolled(subject=path_id, remedy="Enter the covenant: POST /formation-engine/enroll.")
        state = journey.state
        return [
            ListedAxiom(each, may_read(each, state), state.axioms_viewed.get(name), state.axioms_cited.get(name, 0))
            for name, each in (await axioms.canon(conn)).items()
        ]


async def read_canon(services: FormationServices) -> list[Axiom]:
    """Return all axioms with their definitions, for operators."""
    async with services.database.connection() as conn:
        return list((await axioms.canon(conn)).values())
