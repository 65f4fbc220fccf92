"""Turn one id into its story at the terminal: a line for everything that happened, oldest first."""

import asyncio
from typing import Annotated

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.trace import LINES, LINES_MAX, tell
from ruach_studio.app.wiring import open_services
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.infra.signals.story import Story

Asked = Annotated[
    str, typer.Argument(metavar="ID", help="correlationId, automationId, job id, formationEnrollmentId or session id.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=LINES_MAX, help="Show the newest so many lines.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def trace(asked: Asked, json: Json = False, limit: Limit = LINES) -> None:
        """Tell the whole story behind an id: requests, jobs, decisions, events, dead letters, commands, artifacts."""
        settings = local_settings()
        configure(settings)

        async def work() -> Story:
            with bind(correlation_id=new_id()):
                async with open_services(settings) as services:
                    return await tell(services, asked, limit)

        story = asyncio.run(work())
        if json:
            show.print_json(story.to_wire())
            return
        if story.left_out:
            show.line(f"{story.left_out} older lines left out; --limit shows more")
        for line in story.lines:
            show.line(escape(f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f"  {line.what:<24} {line.said}"))
