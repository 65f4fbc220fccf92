"""Turn `ruach speakers …` into a session's speaker map, shown or said: who is heard where, who is filmed by what."""

import asyncio
import json as json_
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.assembly.mapping import map_from_wire, map_to_wire
from ruach_studio.assembly.usecases.get_speakers import SpeakersView, get_speakers
from ruach_studio.assembly.usecases.set_speakers import set_speakers
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
Session = Annotated[str, typer.Argument(help="The session.")]


@app.command("show")
def show_speakers(session: Session, json: Json = False) -> None:
    """Show who speaks into which microphone and who is filmed by which camera."""
    _print(_run(lambda services: get_speakers(services, session)), json=json)


@app.command("set")
def set_them(
    session: Session,
    file: Annotated[Path, typer.Argument(help='JSON: [{"id", "name", "mics": [{"cameraId", "channel"}], "cameras"}, …].')],
    base_version: Annotated[int, typer.Option("--base-version", help="The version you looked at; 0 before the first.")] = 0,
    notes: Annotated[str, typer.Option("--notes", help="Why, for the record.")] = "",
    json: Json = False,
) -> None:
    """Save the next version of the map; the next draft, preview or replay obeys it."""
    try:
        wanted = map_from_wire(json_.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"it is no speaker map ({error})", subject=str(file), remedy="Print one with --json.") from error

    async def work(services: Services) -> SpeakersView:
        async with services.database.transaction() as tx:
            actor = (await ensure_local_operator(tx)).actor
        row = await set_speakers(services, session, wanted, base_version=base_version, actor=actor, notes=notes)
        return SpeakersView(row.speakers, row)

    _print(_run(work), json=json)


def _run(work: Callable[[Services], Awaitable[T]]) -> T:
    settings = local_settings()
    configure(settings)

    async def do() -> T:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await work(services)

    return asyncio.run(do())


def _print(view: SpeakersView, *, json: bool) -> None:
    version = view.saved.version if view.saved else 0
    if json:
        show.print_json({"version": version, "speakers": map_to_wire(view.speakers)})
        return
    show.line(f"version {version}" if version else "none saved: every camera but the wide hears its own subject")
    for each in view.speakers.speakers:
        show.line(f"{each.name} ({each.id}): heard by {', '.join(map(str, each.mics))}; shown by {', '.join(each.cameras)}")
