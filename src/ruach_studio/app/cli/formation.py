"""Turn `ruach formation …` into the commands of its parts."""

import typer

from ruach_studio.app.cli import (
    formation_enroll,
    formation_graph,
    formation_insights,
    formation_read,
    formation_replay,
    formation_search,
    formation_xapi,
)  # fmt: skip

app = typer.Typer(no_args_is_help=True)
app.add_typer(formation_graph.app, name="graph", help="Check, publish and show paths.")
for part in (formation_enroll, formation_read, formation_replay, formation_search, formation_insights):
    part.register(app)
app.add_typer(formation_xapi.app, name="xapi", help="Send the journal to a learning record store.")


@app.callback()
def formation() -> None:
    """Read and tend the journeys of members."""
