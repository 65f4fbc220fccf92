"""Turn `ruach formation …` into the commands of its parts."""

import typer

from ruach_studio.app.cli import (
    formation_enroll,
    formation_insights,
    formation_read,
    formation_replay,
    formation_search,
    formation_xapi,
)

app = typer.Typer(no_args_is_help=True)
formation_enroll.register(app)
formation_insights.register(app)
formation_read.register(app)
formation_search.register(app)
formation_replay.register(app)
app.add_typer(formation_xapi.app, name="xapi", help="Send the journal to a learning record store.")


@app.callback()
def formation() -> None:
    """Read and tend the journeys of members."""
