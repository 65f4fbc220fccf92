"""Turn HTTP requests into search, context, steps and the catalogue. Whose text it is comes from the session alone."""

from typing import Annotated

from fastapi import Depends, Path, Query

from ruach_studio.formation.entrypoints.http_read import PathId
from ruach_studio.formation.entrypoints.wire_search import (
    CatalogueOut,
    ContextOut,
    NodeOut,
    SearchOut,
    catalogue_out,
    context_out,
    node_out,
    search_out,
)
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.gather_context import gather_context
from ruach_studio.formation.usecases.list_catalogue import list_catalogue
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.search_content import search_content
from ruach_studio.formation.usecases.show_node import show_node
from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import require
from ruach_studio.infra.routes import Routes

# Staff who are on no path read everything; on a path they read as any member.
Reader = Annotated[Principal, Depends(require("member", "operator"))]
Question = Annotated[str, Query(max_length=4000, description='Words, a question, or "a phrase", OR, -without.')]


def router(services: FormationServices) -> Routes:
    """Return the reading routes for content under /formation-engine."""
    api = Routes(prefix="/formation-engine", tags=["formation"])

    @api.get("/search")
    async def search(
        reader: Reader, q: Question, limit: Annotated[int, Query(ge=1, le=50)] = 10, path_id: PathId = DEFAULT_PATH
    ) -> SearchOut:
        """Find steps by words and meaning, ranked by your history; locked ones by title, with what would open them."""
        staff = is_staff(reader)
        return search_out(await search_content(services, reader.account_id, q, staff=staff, limit=limit, path_id=path_id))

    @api.get("/context")
    async def context(
        reader: Reader, q: Question, words: Annotated[int, Query(ge=50, le=4000)] = 600, path_id: PathId = DEFAULT_PATH
    ) -> ContextOut:
        """Return the cited passages that an assistant would be given: only what you may read."""
        staff = is_staff(reader)
        return context_out(await gather_context(services, reader.account_id, q, staff=staff, words=words, path_id=path_id))

    @api.get("/nodes/{node_id}")
    async def node(
        reader: Reader, node_id: Annotated[str, Path(min_length=1, max_length=128)], path_id: PathId = DEFAULT_PATH
    ) -> NodeOut:
        """Show a step; its text, prompt and media if it is open to you, else why it is locked and what would open it."""
        return node_out(await show_node(services, reader.account_id, node_id, staff=is_staff(reader), path_id=path_id))

    @api.get("/catalogue")
    async def catalogue(
        reader: Reader,
        after: Annotated[str | None, Query(max_length=256)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        path_id: PathId = DEFAULT_PATH,
    ) -> CatalogueOut:
        """List what there is with its published media: all of it for operators, your path's steps for members."""
        return catalogue_out(
            await list_catalogue(
                services, reader.account_id, staff=is_staff(reader), after=after, limit=limit, path_id=path_id
            )
        )

    return api


def is_staff(reader: Principal) -> bool:
    """Return whether the reader operates the studio."""
    return reader.holds_one_of({"operator"})
