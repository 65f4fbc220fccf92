"""Turn an operator's words into a content piece, which nodes refer to. Members see the new words at once."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import pieces
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.index_piece import index_piece
from ruach_studio.infra.audit import record_transition


async def write_piece(services: FormationServices, piece: Piece, *, actor: str) -> bool:
    """Write the piece or replace it; False if it stood like that already."""
    async with services.database.transaction() as tx:
        return await write_piece_in(services, tx, piece, actor=actor, at=services.clock.now())


async def write_piece_in(
    services: FormationServices, tx: AsyncConnection, piece: Piece, *, actor: str, at: datetime
) -> bool:
    """Do the same inside the caller's transaction; the search index goes along."""
    before = await pieces.get(tx, piece.content_ref)
    changed = await pieces.put(tx, piece, actor=actor, at=at)
    if changed:
        await index_piece(services, tx, piece)
        await record_transition(
            tx, entity="formation-piece", entity_id=piece.content_ref, from_state=before.sha256 if before else None,
            to_state=piece.sha256, actor=actor,
        )  # fmt: skip
    return changed
