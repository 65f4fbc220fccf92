"""Turn `ruach thumbnail JOB [CHOICE]` into the pictures that a thumbnail offers, shown or chosen."""

from typing import Annotated

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.formats import run_local
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services
from ruach_studio.kernel.ids import checked_uuid4
from ruach_studio.render.usecases.choose_thumbnail import Offer, choose_thumbnail, read_offer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(thumbnail)


def thumbnail(
    job: Annotated[str, typer.Argument(help="The thumbnail's render job.")],
    choice: Annotated[int | None, typer.Argument(help="The picture to take, from 1; without it they are shown.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Show the pictures that a finished thumbnail offers, or take another; nothing is rendered anew."""
    checked_uuid4(job, field="JOB")

    async def work(services: Services, actor: str) -> Offer:
        if choice is None:
            return await read_offer(services, job)
        return await choose_thumbnail(services, job, choice, actor=actor, reason=reason)

    offer = run_local(work)
    if json:
        show.print_json(
            {"taken": offer.taken, "pictures": [
                {"choice": row.place, "url": row.url, "frame": row.frame, "camera": row.camera, "score": row.score,
                 "reasons": list(row.reasons)} for row in offer.pictures
            ]}
        )  # fmt: skip
        return
    for row in offer.pictures:
        show.line(f"{'*' if row.place == offer.taken else ' '} {row.place}  {row.reasons[0]}")
        show.line(f"     {row.url}")
