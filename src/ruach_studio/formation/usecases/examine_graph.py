"""Turn what an author hands in into the next version as it would be, with every fault named. Nothing is written.

Faults are the graph's (graph_check.py), its axioms' (axioms.py), the mapping's (authoring.py) and, where it is to be
published, nodes whose content does not exist.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.authoring import Authored, mapping_of, numbered
from ruach_studio.formation.axioms import axiom_faults
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.graph_check import check_graph
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.store import axioms, drafts, graphs
from ruach_studio.kernel.errors import BadInput


class GraphRefused(BadInput):
    """The graph cannot be saved like this."""

    code = "graph_refused"


@dataclass(frozen=True, slots=True)
class Examined:
    """The next version, the one before it (None: there is none), the mapping to store, all faults, and the order of walk."""

    graph: Graph
    previous: Graph | None
    mapping: Mapping[str, Any]
    faults: tuple[Fault, ...]
    order: tuple[str, ...]

    def require_sound(self) -> None:
        """Raise GraphRefused with every fault in its details."""
        if self.faults:
            raise refusal(self.graph.path_id, self.faults)


async def examine_graph(
    conn: AsyncConnection, path_id: str, authored: Authored, *, publishing: bool, brings: Collection[str] = ()
) -> Examined:
    """Check the nodes as the version after the path's newest one. Raises BadInput if there are none.

    `brings`: content references whose pieces will be written along with it.
    """
    if not authored.nodes:
        raise BadInput("it has no nodes", subject=path_id, remedy="Name at least one.")
    version = await graphs.current_version(conn, path_id)
    previous = await graphs.read_version(conn, path_id, version) if version else None
    nodes = numbered(authored.nodes, await drafts.registry(conn, path_id))
    report = check_graph(nodes, previous=previous)
    mapping, faults = mapping_of(previous, authored)
    faults = [*report.errors, *axiom_faults(nodes, await axioms.canon(conn)), *faults]
    if publishing:
        faults += await _missing_pieces(conn, nodes, brings)
    return Examined(Graph((version or 0) + 1, nodes, path_id), previous, mapping, tuple(faults), report.order)


def refusal(subject: str, faults: tuple[Fault, ...]) -> GraphRefused:
    """Return the error that names every fault: the first in its message, all in its details."""
    wire = [{"code": each.code, "nodes": list(each.nodes), "fact": each.fact, "remedy": each.remedy} for each in faults]
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    return GraphRefused(f"{count}: {faults[0].fact}", subject=subject, remedy=faults[0].remedy, faults=wire)


async def _missing_pieces(conn: AsyncConnection, nodes: tuple[Node, ...], brings: Collection[str]) -> list[Fault]:
    brought = frozenset(brings)
    live = [node for node in nodes if not node.deprecated and node.content_ref not in brought]
    unknown = await drafts.unknown_refs(conn, {node.content_ref for node in live})
    return [
        Fault("missing-piece", (node.node_id,), f"{node.node_id!r} shows {node.content_ref!r}, and there is no such piece",
              "Write that piece first, or correct the reference.")
        for node in live if node.content_ref in unknown
    ]  # fmt: skip
