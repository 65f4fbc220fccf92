"""Turn a whole path with its pieces, as a file holds it, into the path's next version, in one transaction."""

from dataclasses import dataclass

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import Path
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.publish_version import NothingNew, publish_version
from ruach_studio.formation.usecases.write_path import note_path, put_path_in
from ruach_studio.formation.usecases.write_piece import note_piece, put_piece_in
from ruach_studio.kernel.errors import Conflict


class GraphMoved(Conflict):
    """The path has another version by now."""

    code = "graph_moved"


@dataclass(frozen=True, slots=True)
class PathFile:
    """A path as a file holds it."""

    path_id: str
    title: str
    description: str
    authored: Authored
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """The version that stands now, whether this call made it, and how many pieces have new words."""

    graph: Graph
    new: bool
    pieces: int


async def publish_path_file(
    services: FormationServices, path: PathFile, *, expected_version: int | None, reason: str, actor: str
) -> Published:
    """Publish the file's nodes as the version after `expected_version` (None: the path has none yet), with its pieces.

    The path's title and description become the file's; a draft stays as it is. Where only pieces have new words, they are
    written and no version is made. Raises GraphMoved (with both versions), GraphRefused, NothingNew, BadInput (no reason).
    """
    at, path_id = services.clock.now(), path.path_id
    async with services.database.transaction() as tx:
        words = Path(path_id, path.title, path.description, None, at, actor)
        stands, fresh = await put_path_in(tx, words)
        if stands.current_version != expected_version:
            raise GraphMoved(
                f"it is at version {stands.current_version or 'none'}, not at {expected_version or 'none'}", subject=path_id,
                remedy="Look at the impact again.", yourVersion=expected_version, currentVersion=stands.current_version,
            )  # fmt: skip
        # in one order, and before the first word in the audit: whoever writes the same pieces waits for us, or we for them
        rewritten = [
            changed
            for piece in sorted(path.pieces, key=lambda each: each.content_ref)
            if (changed := await put_piece_in(services, tx, piece, actor=actor, at=at)) is not None
        ]
        try:
            graph = await publish_version(tx, path_id, path.authored, actor=actor, reason=reason, at=at, from_state="file")
            new = True
        except NothingNew:
            if not rewritten or stands.current_version is None:
                raise
            graph, new = await graphs.read_version(tx, path_id, stands.current_version), False
        await note_path(tx, words, new=fresh)
        for changed in rewritten:
            await note_piece(tx, changed, actor=actor)
        return Published(graph, new=new, pieces=len(rewritten))
