"""Turn `ruach frame SESSION [CAMERA X]` into where a camera's subject stands, shown or said."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.formats import run_local
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services
from ruach_studio.kernel.errors import BadInput
from ruach_studio.render.store.positions import PositionRow
from ruach_studio.render.usecases.read_subjects import list_positions
from ruach_studio.render.usecases.set_subject import set_subject

BY_RULE = "rule"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(frame)


def frame(
    session: Annotated[str, typer.Argument(help="The session; its EDL is locked.")],
    camera: Annotated[str | None, typer.Argument(help="The camera; without one all are shown.")] = None,
    x: Annotated[str | None, typer.Argument(help="0 (left) to 1 (right), or 'rule' to let it be found.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Say where a camera's subject stands, so that the short is cropped around it; or show what was said."""
    if (camera is None) != (x is None):
        raise BadInput("a camera and a place belong together", subject="ruach frame", remedy="For example: A 0.4")

    async def work(services: Services, actor: str) -> Sequence[PositionRow]:
        if camera is not None and x is not None:
            await set_subject(services, session, camera, place_of(x), actor=actor, reason=reason)
        return await list_positions(services, session)

    found = run_local(work)
    if json:
        show.print_json([{"camera": row.camera, "x": row.x, "version": row.version, "setBy": row.set_by} for row in found])
        return
    for row in found:
        show.line(f"camera {row.camera}: " + ("by rule" if row.x is None else f"{row.x:g}") + f" (version {row.version})")
    if not found:
        show.line("nothing said: every camera is placed by rule")


def place_of(text: str) -> float | None:
    """Read a place, or None for "rule". Raises BadInput."""
    if text == BY_RULE:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no place", subject="X", remedy="Give a number from 0 to 1, or 'rule'.") from error
