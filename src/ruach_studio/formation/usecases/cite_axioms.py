"""Turn a scored reflection into the citations that stand in it; the journal says which reflection, never its words."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.axioms import cited_in
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import axioms
from ruach_studio.formation.usecases.load_journey import Journey
from ruach_studio.formation.usecases.write_fact import write_fact


async def cite_axioms(
    services: FormationServices, tx: AsyncConnection, journey: Journey, reflection_id: str, text: str, *, at: datetime
) -> tuple[str, ...]:
    """Write `canon_axiom_cited` for each axiom that `text` cites and return their ids. No projection is enqueued."""
    viewed = journey.state.axioms_viewed
    if not viewed:
        return ()
    cited = cited_in(text, (await axioms.canon(tx)).values(), viewed)
    for axiom_id in cited:
        data = {"axiomId": axiom_id, "citationContext": f"reflection {reflection_id}"}
        await write_fact(
            services, tx, journey.enrollment, "canon_axiom_cited", axiom_id, data, at=at, project=False
        )  # fmt: skip
    return cited
