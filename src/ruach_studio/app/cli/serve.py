"""Turn settings into a running service: API, workers and event relay in one process, until told to stop."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ruach_studio.app.serving import serve as serve_until_stopped
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on (default 8600).")] = None,
    media_root: Annotated[
        list[Path] | None, typer.Option(help="A folder that footage may lie in; repeat for more (default: this folder).")
    ] = None,
) -> None:
    """Start API, workers and event relay on one port; Ctrl-C stops them after the running steps."""
    given = {"host": host, "port": port, "media_roots": media_root}
    settings = load_settings(**{name: value for name, value in given.items() if value})
    if not settings.media_roots:
        settings = load_settings(**{**{n: v for n, v in given.items() if v}, "media_roots": [Path.cwd()]})
    configure(settings)
    asyncio.run(serve_until_stopped(settings))
