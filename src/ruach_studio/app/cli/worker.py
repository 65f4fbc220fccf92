"""Turn settings into a worker process without HTTP: jobs, events and tasks of the chosen pillars, until told to stop."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ruach_studio.app.cli.serve import Pillars, told
from ruach_studio.app.working import work
from ruach_studio.infra.logging import configure
from ruach_studio.infra.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)


def worker(
    pillars: Pillars = None,
    media_root: Annotated[
        list[Path] | None, typer.Option(help="A folder that footage may lie in; repeat for more (default: this folder).")
    ] = None,
) -> None:
    """Work through the jobs and events of all pillars, or of the chosen ones; Ctrl-C stops after the running steps."""
    given = {name: value for name, value in {"media_roots": media_root, "pillars": told(pillars)}.items() if value}
    settings = load_settings(**given)
    if not settings.media_roots:
        settings = load_settings(**given, media_roots=[Path.cwd()])
    configure(settings)
    uvloop.run(work(settings))
