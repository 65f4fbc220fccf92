"""Turn a path file into a checked and published version, and a published version into a table."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from ruach_studio.app.cli import show
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import Services, open_services
from ruach_studio.formation.authoring import numbered
from ruach_studio.formation.entrypoints.path_file import read_path_file, sample_file
from ruach_studio.formation.entrypoints.wire_impact import NOTE, impact_out
from ruach_studio.formation.entrypoints.wire_report import graph_out
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.usecases.examine_graph import GraphRefused, refusal
from ruach_studio.formation.usecases.install_sample_path import REASON
from ruach_studio.formation.usecases.list_paths import list_paths
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.preview_impact import Impact, preview_impact
from ruach_studio.formation.usecases.publish_path_file import PathFile, Published, publish_path_file
from ruach_studio.formation.usecases.read_graph import read_graph
from ruach_studio.infra.auth.accounts import ensure_local_operator
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure
from ruach_studio.kernel.errors import BadInput

app = typer.Typer(no_args_is_help=True)
PathFileArgument = Annotated[
    Path, typer.Argument(help="A path file (JSON): nodes, pieces and, if nodes are withdrawn, a mapping.")
]


@app.callback()
def graph() -> None:
    """Check, publish and show the paths that members walk."""


@app.command()
def validate(file: PathFileArgument, json: Json = False) -> None:
    """Check a path file without a database: every fault is named.

    What only a database knows (earlier versions, the mapping from them, axioms) is checked by publish, before it asks.
    """
    path = read_path_file(file)
    report = check_graph(numbered(path.authored.nodes, {}), previous=None)
    if not report.ok:
        error = refusal(str(file), report.errors)
        _tell_faults(error, json=json)
        raise error
    if json:
        show.print_json({"pathId": path.path_id, "ok": True, "faults": [], "order": list(report.order)})
    else:
        show.line(escape(f"{file}: sound, {len(report.order)} nodes; walked from {report.order[0]} to {report.order[-1]}"))


@app.command()
def publish(
    file: Annotated[Path | None, typer.Argument(help="A path file (JSON).")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="What the version changes, and why; kept with it.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Publish the sample path that ships with Ruach Studio.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Publish without asking.")] = False,
    json: Json = False,
) -> None:
    """Show what the file's path would change for everybody on it, ask, and publish it as the next version."""
    if (file is None) != sample:
        raise BadInput("name a file or --sample", subject="publish", remedy="One of the two.")
    reason = reason or (REASON if sample else None)
    if reason is None:
        raise BadInput("a version needs a reason", subject="--reason", remedy="Say what it changes and why.")
    path = read_path_file(file or sample_file())
    settings = local_settings()
    configure(settings)

    async def work() -> tuple[Impact | None, Published]:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                impact = await _impact(services, path)
                if not json:
                    _tell_impact(path, impact)
                if not yes and not await asyncio.to_thread(typer.confirm, "Publish it?", err=True):
                    raise typer.Abort
                async with services.database.transaction() as tx:
                    actor = (await ensure_local_operator(tx)).actor
                version = impact.examined.previous.version if impact and impact.examined.previous else None
                return impact, await publish_path_file(services, path, expected_version=version, reason=reason, actor=actor)

    try:
        impact, done = asyncio.run(work())
    except GraphRefused as error:
        _tell_faults(error, json=json)
        raise
    if json:
        show.print_json({
            "pathId": path.path_id, "version": done.graph.version, "new": done.new, "pieces": done.pieces,
            "impact": impact_out(impact).model_dump(mode="json", by_alias=True) if impact else None,
        })  # fmt: skip
    elif done.new:
        show.line(f"{path.path_id}: version {done.graph.version} is published, {done.pieces} pieces written")
    else:
        show.line(f"{path.path_id}: version {done.graph.version} stands as it is; {done.pieces} pieces have new words")


@app.command("show")
def show_graph(
    path: Annotated[str, typer.Argument(help="The path.")] = DEFAULT_PATH,
    version: Annotated[int | None, typer.Option("--version", min=1, help="A version (default: the newest).")] = None,
    json: Json = False,
) -> None:
    """Show a published version, in the order in which it is walked."""
    settings = local_settings()
    configure(settings)

    async def work() -> Graph:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await read_graph(services, path, version)

    found = asyncio.run(work())
    if json:
        show.print_json(graph_out(found).model_dump(mode="json", by_alias=True))
        return
    table = Table(title=f"{found.path_id}, version {found.version}", title_justify="left", show_edge=False, pad_edge=False)
    for name in ("#", "node", "phase", "kind", "title", "after", "asks for"):
        table.add_column(name, overflow="fold")
    for number, node in enumerate(found.order, 1):
        asks = [f"{node.gate.minimum_bp / 10_000:g} in {node.gate.scope}"] if node.gate else []
        asks += [f"{node.min_dwell_s} s"] if node.min_dwell_s else []
        asks += ["optional"] if not node.required else []
        asks += ["withdrawn"] if node.deprecated else []
        cells = (node.node_id, node.phase, node.kind, node.title, ", ".join(node.prerequisites), ", ".join(asks))
        table.add_row(str(number), *map(escape, cells))
    show.OUT.print(table)


def _tell_faults(error: GraphRefused, *, json: bool) -> None:
    """Print every fault; the error itself names the first."""
    faults = cast(list[dict[str, Any]], error.details["faults"])
    if json:
        show.print_json({"pathId": error.subject, "ok": False, "faults": faults, "order": []})
    for fault in () if json else faults:
        show.line(escape(f"{fault['code']}: {fault['fact']}. {fault['remedy']}"))


async def _impact(services: Services, path: PathFile) -> Impact | None:
    """Return the impact on those who are on the path; None if nothing is published of it."""
    if not any(each.path_id == path.path_id and each.current_version for each, _ in await list_paths(services)):
        return None
    brings = [piece.content_ref for piece in path.pieces]
    return await preview_impact(services, path.path_id, path.authored, brings=brings)


def _tell_impact(path: PathFile, impact: Impact | None) -> None:
    if impact is None:
        show.line(f"{path.path_id}: nothing is published yet, so nobody is on it")
        return
    tally, scan = impact.tally, impact.scan
    show.line(
        f"{path.path_id}: version {impact.examined.graph.version}, {len(impact.changes)} nodes open or close a way anew"
    )
    for change in impact.changes:
        show.line(escape(f"  {change.node_id}: {', '.join(change.kinds)}"))
    show.line(f"{tally.members} members: {tally.gaining} would gain, {tally.losing} would lose a step if migrated")
    for name, each in tally.nodes.items():
        show.line(escape(f"  {name}: {each.gain} gain, {each.lose} lose ({each.opened} of them have opened it and keep it)"))
    if scan.explorers or scan.unseen:
        show.line(f"not counted: {scan.explorers} who browse freely, {scan.unseen} who could not be looked at")
    show.line(NOTE)
