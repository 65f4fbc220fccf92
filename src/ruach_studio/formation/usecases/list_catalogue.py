"""Turn pieces and artifacts into the catalogue: what there is, how the reader stands with it, and where its media plays."""

from dataclasses import dataclass

from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import State
from ruach_studio.formation.store import artifacts, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.load_reader import load_reader

MOST_LOOSE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `node` is None for a piece that the path does not use; `piece` and `media` are empty where locked."""

    title: str
    state: State
    node: Node | None
    piece: Piece | None
    media: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A page of entries; `next_after` asks for the one behind it. `loose`: artifacts that no piece shows (staff only)."""

    entries: tuple[Entry, ...]
    next_after: str | None
    loose: tuple[Artifact, ...]


async def list_catalogue(
    services: FormationServices, user_id: str, *, staff: bool, after: str | None = None, limit: int = 100,
    path_id: str = DEFAULT_PATH,
) -> Catalogue:  # fmt: skip
    """Return a page of the catalogue, of at most `limit` entries behind the id `after`.

    Staff see every piece by content reference, on a path or not. Members see the steps of their path in its order, locked
    ones by title alone; an unknown `after` starts anew.
    """
    async with services.database.connection() as conn:
        reader = await load_reader(services, conn, user_id, staff=staff, path_id=path_id)
        if staff:
            page = await pieces.page(conn, after=after or "", limit=limit + 1)
            known = {piece.content_ref: piece for piece in page[:limit]}
            order = [(ref, reader.by_ref.get(ref)) for ref in known]
            last = page[limit - 1].content_ref if len(page) > limit else None
        else:
            names = list(reader.steps)
            start = names.index(after) + 1 if after is not None and after in reader.steps else 0
            steps = [reader.steps[name] for name in names[start : start + limit]]
            known = await pieces.many(conn, [step.node.content_ref for step in steps if step.readable])
            order = [(step.node.content_ref, step) for step in steps]
            last = steps[-1].node.node_id if steps and len(names) > start + limit else None
        media = await artifacts.of_sessions(conn, [each.session_id for each in known.values() if each.session_id])
        loose = await artifacts.without_piece(conn, limit=MOST_LOOSE) if staff else []
    entries: list[Entry] = []
    for ref, step in order:
        piece = known.get(ref) if staff or (step is not None and step.readable) else None
        title = piece.title if staff and piece else step.node.title if step else ref
        files = media.get(piece.session_id, ()) if piece and piece.session_id else ()
        entries.append(Entry(title, step.state if step else "library", step.node if step else None, piece, files))
    return Catalogue(tuple(entries), last, tuple(loose))
