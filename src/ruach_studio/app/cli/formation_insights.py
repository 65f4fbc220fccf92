"""Turn the stored canon into a list for an operator: `ruach formation axioms`."""

import asyncio

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import open_services
from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.entrypoints.wire_canon import axiom_out
from ruach_studio.formation.usecases.list_axioms import read_canon
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure


def register(app: typer.Typer) -> None:
    """Add `axioms` to `ruach formation`."""
    app.command("axioms")(axioms)


def axioms(json: Json = False) -> None:
    """List the axioms of the canon, each with its rank, the phase that opens it, and its definition."""
    settings = local_settings()
    configure(settings)

    async def work() -> list[Axiom]:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await read_canon(services)

    found = asyncio.run(work())
    if json:
        show.print_json([axiom_out(each).model_dump(mode="json", by_alias=True) for each in found])
        return
    for each in found:
        rank = f"{each.canon_level}, tier {each.tier}, opens with {each.unlock_phase}"
        show.OUT.print(f"[bold]{each.number}. {escape(each.title)}[/bold] ({escape(each.axiom_id)}; {rank})")
        show.line(escape(each.definition))
