"""Turn an operator's words into a content piece, which nodes refer to. Members see the new words at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import pieces
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.index_piece import index_piece
from ruach_studio.infra.audit import record_transition


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A piece that has new words: the hashes before (None: it is new) and after."""

    content_ref: str
    before: str | None
    after: str


async def write_piece(services: FormationServices, piece: Piece, *, actor: str) -> bool:
    """Write the piece or replace it; False if it stood like that already."""
    async with services.database.transaction() as tx:
        changed = await put_piece_in(services, tx, piece, actor=actor, at=services.clock.now())
        if changed is not None:
            await note_piece(tx, changed, actor=actor)
        return changed is not None


async def put_piece_in(
    services: FormationServices, tx: AsyncConnection, piece: Piece, *, actor: str, at: datetime
) -> Rewritten | None:
    """Do the same inside the caller's transaction, the search index too; the caller notes what is returned, at its end."""
    before = await pieces.get(tx, piece.content_ref)
    if not await pieces.put(tx, piece, actor=actor, at=at):
        return None
    await index_piece(services, tx, piece)
    return Rewritten(piece.content_ref, before.sha256 if before else None, piece.sha256)


async def note_piece(tx: AsyncConnection, changed: Rewritten, *, actor: str) -> None:
    """Record the new words. Last in the transaction: the audit is locked until it ends."""
    await record_transition(
        tx, entity="formation-piece", entity_id=changed.content_ref, from_state=changed.before, to_state=changed.after,
        actor=actor,
    )  # fmt: skip
