"""Turn an operator's choice among a thumbnail's candidates into the picture that is shown; nothing is decided anew."""

from dataclasses import dataclass

from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import BadInput, Conflict
from ruach_studio.render.store import candidates, jobs
from ruach_studio.render.store.candidates import CandidateRow, ChoiceRow
from ruach_studio.render.usecases.services import RenderServices


class NothingOffered(Conflict):
    """This job offers no pictures to choose from."""

    code = "nothing_offered"


class NoSuchCandidate(BadInput):
    """There is no such picture among those offered."""

    code = "no_such_candidate"


@dataclass(frozen=True, slots=True)
class Offer:
    """The pictures, best first; the place that is taken; and who took it (None: the rule)."""

    pictures: list[CandidateRow]
    taken: int
    choice: ChoiceRow | None


async def read_offer(services: RenderServices, render_job_id: str) -> Offer:
    """Return a finished thumbnail's pictures. Raises RenderJobNotFound, NothingOffered."""
    async with services.database.connection() as conn:
        job = await jobs.get(conn, render_job_id)
        pictures = await candidates.of_job(conn, render_job_id)
        choice = (await candidates.choices(conn, [render_job_id])).get(render_job_id)
    if not pictures:
        why = "it is no still" if job.state == "completed" else f"it is {job.state}"
        raise NothingOffered(why, subject=f"render job {render_job_id}", remedy="Name a completed thumbnail.")
    return Offer(pictures, 1 if choice is None else choice.place, choice)


async def choose_thumbnail(
    services: RenderServices, render_job_id: str, place: int, *, actor: str, reason: str = ""
) -> Offer:
    """Take the picture at `place` (1: the rule's own); the same again changes nothing.

    Raises RenderJobNotFound, NothingOffered, NoSuchCandidate.
    """
    offer = await read_offer(services, render_job_id)
    if not 1 <= place <= len(offer.pictures):
        raise NoSuchCandidate(
            f"there is no picture {place}", subject=f"render job {render_job_id}",
            remedy=f"Choose 1 to {len(offer.pictures)}.",
        )  # fmt: skip
    async with services.database.transaction() as tx:
        await jobs.get(tx, render_job_id, lock=True)  # one choice after the other
        held = (await candidates.choices(tx, [render_job_id])).get(render_job_id)
        before = 1 if held is None else held.place
        if place != before:
            number = 1 if held is None else held.number + 1
            await candidates.choose(tx, ChoiceRow(render_job_id, number, place, actor, reason, services.clock.now()))
            await record_transition(
                tx, entity="thumbnail", entity_id=render_job_id, from_state=f"picture {before}",
                to_state=f"picture {place}", actor=actor, reason=reason,
            )  # fmt: skip
    return await read_offer(services, render_job_id)
