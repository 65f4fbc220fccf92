"""Turn `ruach formation …` into the commands of its parts."""

import typer

from ruach_studio.app.cli import formation_graph, formation_read, formation_search, formation_xapi

app = typer.Typer(no_args_is_help=True)
formation_read.register(app)
formation_search.register(app)
app.add_typer(formation_graph.app, name="graph", help="Check, publish and show the paths that members walk.")
app.add_typer(formation_xapi.app, name="xapi", help="Send the journal to a learning record store.")


@app.callback()
def formation() -> None:
    """Read and tend the journeys of members."""
