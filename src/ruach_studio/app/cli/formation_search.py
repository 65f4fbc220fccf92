"""Turn a member's question into what they would find, and stored pieces into a search index."""

import asyncio
from typing import Annotated

import typer
from rich.markup import escape

from ruach_studio.app.cli import show
from ruach_studio.app.cli.formation_read import PathId
from ruach_studio.app.cli.local import local_settings
from ruach_studio.app.cli.show import Json
from ruach_studio.app.wiring import open_services
from ruach_studio.formation.entrypoints.wire_search import search_out
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.rebuild_index import Rebuilt, rebuild_index
from ruach_studio.formation.usecases.search_content import Found, ShownHit, search_content
from ruach_studio.infra.auth.accounts import account_of
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.logging import configure


def register(app: typer.Typer) -> None:
    """Add `search` and `index` to `ruach formation`."""
    app.command("search")(search)
    app.command("index")(index)


def search(
    query: Annotated[str, typer.Argument(help='Words, a question, or "a phrase", OR, -without.')],
    user: Annotated[str, typer.Option("--user", help="The email of the member whose view is asked for.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="At most so many results.")] = 10,
    path_id: PathId = DEFAULT_PATH,
    json: Json = False,
) -> None:
    """Show what a member finds, in their order, with the reasons; locked steps by title and what would open them."""
    settings = local_settings()
    configure(settings)

    async def work() -> Found:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                async with services.database.connection() as conn:
                    account = await account_of(conn, user)
                return await search_content(services, account.account_id, query, limit=limit, path_id=path_id)

    found = asyncio.run(work())
    if json:
        show.print_json(search_out(found).model_dump(mode="json", by_alias=True))
        return
    for number, hit in enumerate(found.hits, 1):
        _print(number, hit)
    if not found.hits:
        show.line("nothing found")
    for told in found.degraded:
        show.line(f"degraded: {told}")


def index(
    everything: Annotated[
        bool, typer.Option("--all", help="Also delete vectors of other embedders and of texts that are gone.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring every piece's passages and vectors up to date; needed after a change of embedder or of pgvector only."""
    settings = local_settings()
    configure(settings)

    async def work() -> Rebuilt:
        with bind(correlation_id=new_id()):
            async with open_services(settings) as services:
                return await rebuild_index(services, everything=everything)

    done = asyncio.run(work())
    if json:
        show.print_json({
            "pieces": done.pieces, "passages": done.passages, "embedded": done.embedded, "swept": done.swept,
            "vectors": done.vectors,
        })  # fmt: skip
        return
    show.line(f"{done.pieces} pieces: {done.passages} passages written, {done.embedded} vectors made, {done.swept} deleted")
    if not done.vectors:
        show.line("pgvector is not installed on this server: search uses full text only")


def _print(number: int, shown: ShownHit) -> None:
    name = f" ({shown.node.node_id}, {shown.node.phase})" if shown.node else ""
    lines = [f"{number}. {shown.title}{name}: {shown.state}, score {shown.hit.score_ppm / 1_000_000:.4f}"]
    if shown.passage:
        lines.append(f"   {' '.join(shown.passage.text.split())[:160]}")
    lines += [f"   - {reason}" for reason in (*shown.hit.reasons, *shown.why_locked)]
    lines += [f"   {each.format}: {each.url}" for each in shown.media]
    for line in lines:
        show.line(escape(line))  # a title may hold what rich takes for markup
