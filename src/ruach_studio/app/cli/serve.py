"""Turn settings into a running service: API, workers and event relay in one process, until told to stop."""

import socket
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ruach_studio.app.serving import serve as serve_until_stopped
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.settings_pillars import PILLARS, unknown_pillars
from ruach_studio.kernel.errors import BadInput

Pillars = Annotated[
    str | None,
    typer.Option(help="Only these pillars: assembly, render, formation, membership; several with commas (default: all)."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def told(pillars: str | None) -> str | None:
    """Return --pillars as it was given. Raises BadInput if it names none, or what is none: a slip would run other ones."""
    if pillars is None:
        return None
    unknown = unknown_pillars([pillars])
    if unknown or not pillars.replace(",", " ").split():
        fact = f"there is no pillar {', '.join(unknown)}" if unknown else "it names no pillar"
        raise BadInput(fact, subject="--pillars", remedy=f"Name some of {', '.join(PILLARS)}, or leave it out for all.")
    return pillars


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on (default 8600).")] = None,
    media_root: Annotated[
        list[Path] | None, typer.Option(help="A folder that footage may lie in; repeat for more (default: this folder).")
    ] = None,
    pillars: Pillars = None,
    api_only: Annotated[
        bool, typer.Option("--api-only", help="Answer HTTP and leave jobs and events to `ruach worker`.")
    ] = False,
) -> None:
    """Start API, workers and event relay on one port; Ctrl-C stops them after the running steps."""
    given = {"host": host, "port": port, "media_roots": media_root, "pillars": told(pillars)}
    settings = load_settings(**{name: value for name, value in given.items() if value})
    if not settings.media_roots:
        settings = load_settings(**{**{n: v for n, v in given.items() if v}, "media_roots": [Path.cwd()]})
    _check_address(settings.host, settings.port)
    configure(settings)
    uvloop.run(serve_until_stopped(settings, work=not api_only))


def _check_address(host: str, port: int) -> None:
    """Raise BadInput unless this machine can listen there, before a database is started for it."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, UnicodeError) as error:
        fact = f"the service cannot listen there ({getattr(error, 'strerror', None) or error})".lower()
        raise BadInput(
            fact, subject=f"{host}:{port}", remedy="Choose another --host or --port, or end what uses it."
        ) from error
