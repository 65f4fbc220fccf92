"""Turn HTTP requests into the use cases about a thumbnail's candidates: see them, take another. Operators only."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ruach_studio.infra.routes import Routes
from ruach_studio.render.entrypoints.http import JobId, Operator, Reader
from ruach_studio.render.usecases.choose_thumbnail import Offer, choose_thumbnail, read_offer
from ruach_studio.render.usecases.services import RenderServices


class _Out(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ChoiceRequest(BaseModel):
    """Which picture, 1 being the rule's own choice, and why."""

    model_config = ConfigDict(extra="forbid")

    choice: int = Field(ge=1)
    reason: str = Field(default="", max_length=500)


class PictureOut(_Out):
    """One offered picture; `reasons` name its camera, time and score."""

    choice: int
    taken: bool
    url: str
    key: str
    size_bytes: int
    sha256: str
    frame: int
    camera: str
    score: float
    reasons: list[str]


class OfferOut(_Out):
    """The pictures of a finished thumbnail, best first; `chosen_by` null: the rule's own choice holds."""

    render_job_id: str
    taken: int
    chosen_by: str | None
    reason: str | None
    chosen_at: datetime | None
    pictures: list[PictureOut]


def router(services: RenderServices) -> Routes:
    """Return the routes /render-jobs/{job_id}/thumbnail."""
    api = Routes(prefix="/render-jobs", tags=["render"])

    @api.get("/{job_id}/thumbnail")
    async def offered(_: Reader, job_id: JobId) -> OfferOut:
        """Show the pictures that a finished thumbnail offers, and which is taken."""
        return _out(job_id, await read_offer(services, job_id))

    @api.post("/{job_id}/thumbnail")
    async def take(operator: Operator, job_id: JobId, body: ChoiceRequest) -> OfferOut:
        """Take one of the offered pictures; nothing is rendered or decided anew."""
        offer = await choose_thumbnail(services, job_id, body.choice, actor=operator.actor, reason=body.reason)
        return _out(job_id, offer)

    return api


def _out(job_id: str, offer: Offer) -> OfferOut:
    choice = offer.choice
    fields = set(PictureOut.model_fields) - {"choice", "taken"}
    return OfferOut(
        render_job_id=job_id, taken=offer.taken, chosen_by=choice.chosen_by if choice else None,
        reason=choice.reason if choice else None, chosen_at=choice.chosen_at if choice else None,
        pictures=[
            PictureOut(choice=row.place, taken=row.place == offer.taken, **{name: getattr(row, name) for name in fields})
            for row in offer.pictures
        ],
    )  # fmt: skip
