"""Turn a step's id into its page: title and description for everybody who sees it, text and media for who may read it.

What is locked comes with the gate's reasons and what would open it, never with body, prompt, media or content reference.
"""

from dataclasses import dataclass
from typing import Any

from ruach_studio.formation.gating import Access
from ruach_studio.formation.graph import Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import State
from ruach_studio.formation.store import artifacts, pieces
from ruach_studio.formation.store.artifacts import Artifact
from ruach_studio.formation.store.pieces import Piece
from ruach_studio.formation.usecases.check_access import Checked, check_access
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH
from ruach_studio.formation.usecases.load_reader import load_reader
from ruach_studio.formation.usecases.open_node import NodeNotFound
from ruach_studio.kernel.decision import DecisionResult


@dataclass(frozen=True, slots=True)
class NodePage:
    """A step as it may be shown. `node` is None for one that is missing from the member's version. `piece` and `media` are
    empty unless it may be read; `access` and `decision` are None for staff, whom no gate is asked about."""

    node_id: str
    node: Node | None
    state: State
    access: Access | None
    piece: Piece | None
    media: tuple[Artifact, ...]
    decision: DecisionResult[Any] | None

    @property
    def readable(self) -> bool:
        """Return whether the text may be shown."""
        return self.access is None or self.access.verdict.decision == "granted"


async def show_node(
    services: FormationServices, user_id: str, node_id: str, *, staff: bool = False, path_id: str = DEFAULT_PATH
) -> NodePage:
    """Return the page of a step for this reader; the gate is asked, and its verdict recorded.

    Raises NodeNotFound, PathNotFound, NothingPublished.
    """
    async with services.database.connection() as conn:
        reader = await load_reader(services, conn, user_id, staff=staff, path_id=path_id)
    step = reader.steps.get(node_id)
    checked: Checked | None = None
    if not reader.reads_all:
        checked = await check_access(services, user_id, node_id, path_id=path_id)
    elif step is None:
        raise NodeNotFound(subject=node_id, remedy="GET /formation-dependency/paths lists them.")
    node = checked.node if checked else step.node if step else None
    readable = checked is None or checked.access.verdict.decision == "granted"
    piece, media = await _content(services, node) if node and readable else (None, ())
    state = step.state if step else "locked"
    access, decision = (checked.access, checked.result) if checked else (None, None)
    return NodePage(node_id, node, state, access, piece, media, decision)


async def _content(services: FormationServices, node: Node) -> tuple[Piece | None, tuple[Artifact, ...]]:
    async with services.database.connection() as conn:
        piece = await pieces.get(conn, node.content_ref)
        session_id = piece.session_id if piece else None
        return piece, (await artifacts.of_sessions(conn, [session_id])).get(session_id, ()) if session_id else ()
