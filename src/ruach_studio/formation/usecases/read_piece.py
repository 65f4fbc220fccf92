"""Turn a content reference into its piece, for operators; members come by the gate."""

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import pieces
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.kernel.errors import NotFound


class PieceNotFound(NotFound):
    """There is no such piece."""

    code = "piece_not_found"


async def read_piece(services: FormationServices, content_ref: str) -> Piece:
    """Return the whole piece. Raises PieceNotFound."""
    async with services.database.connection() as conn:
        found = await pieces.get(conn, content_ref)
    if found is None:
        raise PieceNotFound(subject=content_ref)
    return found
