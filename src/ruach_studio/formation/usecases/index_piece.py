"""Turn a saved piece into passages that full text finds at once, and into a job that gives them vectors.

Called in the transaction that saves the piece: text and index never differ. Only changed passages are written, and only
passages whose words are new get a vector.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.chunking import chunk_piece
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.store import chunks, vectors
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.write_fact import QUEUE

INDEX = "index"


async def index_piece(services: FormationServices, tx: AsyncConnection, piece: Piece) -> int:
    """Write the passages of `piece`; return how many changed. A job follows where one lacks a vector."""
    changed = await chunks.replace(tx, piece.content_ref, chunk_piece(piece.title, piece.body, piece.prompt))
    if await vectors.present(tx) and await vectors.missing(tx, services.embedder.embedder_id, piece.content_ref):
        await services.queue.add(tx, QUEUE, INDEX, {"contentRef": piece.content_ref})
    return changed
