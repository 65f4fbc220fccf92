"""Turn a step's id into its page: title and description for everybody who sees it, text and media for who may read it.

What is locked comes with the gate's reasons and what would open it, never with body, prompt, media or content reference.
"""

from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.gating import Access
from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import State
from ruach_studio.formation.store import artifacts, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.load_reader import load_reader
from ruach_studio.formation.usecases.open_node import NodeNotFound
from ruach_studio.infra.audit import record_decision
from ruach_studio.infra.context import bind, require_correlation_id
from ruach_studio.kernel.decision import DecisionResult


@dataclass(frozen=True, slots=True)
class NodePage:
    """A step as it may be shown. `piece` and `media` are empty unless it may be read; `why_locked` is empty if it may."""

    node: Node
    state: State
    access: Access | None
    why_locked: tuple[str, ...]
    piece: Piece | None
    media: tuple[Artifact, ...]
    decision: DecisionResult[Literal["granted", "gated"]] | None


async def show_node(services: FormationServices, user_id: str, node_id: str, *, staff: bool = False) -> NodePage:
    """Return the page of a step for this reader; the gate's verdict is recorded. Raises NodeNotFound."""
    async with services.database.connection() as conn:
        reader = await load_reader(services, conn, user_id, staff=staff)
        step = reader.steps.get(node_id)
        if step is None:
            raise NodeNotFound(subject=node_id, remedy="GET /formation-engine/path lists yours.")
        access = reader.access(node_id)
        readable = reader.may_read(step.node.content_ref) if access is None else access.verdict.decision == "granted"
        piece = await pieces.get(conn, step.node.content_ref) if readable else None
        session_id = piece.session_id if piece else None
        media = (await artifacts.of_sessions(conn, [session_id])).get(session_id, ()) if session_id else ()
    decision = None
    if access is not None and reader.journey is not None:
        enrollment_id = reader.journey.enrollment.enrollment_id
        decision = DecisionResult(access.verdict, reader.as_of, require_correlation_id())
        with bind(enrollment_id=enrollment_id):
            async with services.database.transaction() as tx:
                await record_decision(tx, decision, subject=enrollment_id, inputs=access.inputs)
    why = () if readable else reader.why_locked(node_id)
    return NodePage(step.node, step.state, access, why, piece, media, decision)
