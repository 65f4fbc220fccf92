"""Turn examined nodes into the path's next version, for good, in the caller's transaction: the last step of publishing.

Counterparts: publish_draft.py publishes what operators saved, publish_path_file.py what stands in a file.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.graph import Graph
from ruach_studio.formation.store import graphs
from ruach_studio.formation.store.graphs import row_of
from ruach_studio.formation.usecases.examine_graph import examine_graph
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import BadInput, Conflict
from ruach_studio.kernel.hashing import inputs_hash


class NothingNew(Conflict):
    """The newest version says exactly this already."""

    code = "nothing_new"


async def publish_version(
    tx: AsyncConnection, path_id: str, authored: Authored, *, actor: str, reason: str, at: datetime, from_state: str
) -> Graph:
    """Publish version n + 1 of a path that the caller has locked. Raises GraphRefused, NothingNew, BadInput (no reason)."""
    if not reason.strip():
        raise BadInput("a version needs a reason", subject="reason", remedy="Say what it changes and why.")
    examined = await examine_graph(tx, path_id, authored, publishing=True)
    examined.require_sound()
    graph, previous = examined.graph, examined.previous
    mapping = dict(examined.mapping)
    if previous is not None and previous.nodes == graph.nodes and not mapping["nodes"]:
        raise NothingNew(subject=f"{path_id} version {previous.version}", remedy="Change something, or leave it.")
    rows = [row_of(path_id, graph.version, node) for node in graph.nodes]
    await graphs.insert_version(
        tx, graph, actor=actor, at=at, reason=reason.strip(), content_hash=inputs_hash([rows, mapping]), mapping=mapping
    )
    await record_transition(
        tx, entity="formation-graph", entity_id=f"{path_id}/v{graph.version}", from_state=from_state, to_state="published",
        actor=actor, reason=reason.strip(),
    )  # fmt: skip
    return graph
