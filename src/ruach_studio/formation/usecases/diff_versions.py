"""Turn two versions of a path into every difference between them, and where the newer one's mapping sends work."""

from dataclasses import dataclass

from ruach_studio.formation.graph_diff import NodeDiff, diff_graphs
from ruach_studio.formation.graph_impact import NodeChange, impact
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.read_graph import read_graph


@dataclass(frozen=True, slots=True)
class Difference:
    """`nodes`: field by field; `changes`: only what can open or close a way or move a score."""

    path_id: str
    from_version: int
    to_version: int
    nodes: tuple[NodeDiff, ...]
    changes: tuple[NodeChange, ...]


async def diff_versions(services: FormationServices, path_id: str, from_version: int, to_version: int) -> Difference:
    """Compare two published versions, in either direction. Raises GraphVersionNotFound."""
    old, new = await read_graph(services, path_id, from_version), await read_graph(services, path_id, to_version)
    return Difference(path_id, from_version, to_version, diff_graphs(old, new), impact(old, new))
