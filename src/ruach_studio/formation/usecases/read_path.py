"""Turn a member's graph and facts into the whole path in its order, and the part of it that is open now.

No decision is recorded here: the list shows where each node stands, and `check_access` decides when one is opened.
"""

from dataclasses import dataclass

from ruach_studio.formation.covenant import Covenant, path_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.next_step import Progress, progress_of
from ruach_studio.formation.path import PathStep
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.load_evidence import current_graph, load_evidence
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH


@dataclass(frozen=True, slots=True)
class ShownPath:
    """A path as one member sees it. `watch`: the ids of what may be done now, in the path's order."""

    path_id: str
    graph_version: int
    enrollment_id: str | None
    covenant: Covenant | None
    steps: tuple[PathStep, ...]
    watch: tuple[str, ...]
    progress: tuple[Progress, ...]


async def read_path(services: FormationServices, user_id: str, *, path_id: str = DEFAULT_PATH) -> ShownPath:
    """Return the user's path; the newest version to whoever is not on it yet. Raises PathNotFound, NothingPublished."""
    async with services.database.transaction() as tx:
        standing = await load_evidence(services, tx, user_id, path_id=path_id)
        graph = await current_graph(services, tx, path_id) if standing is None else standing.graph
    now = services.clock.now()
    if standing is None:
        covenant, evidence, enrollment_id = None, Evidence(), None
        steps = path_under(None, graph, evidence, as_of=now)
    else:
        covenant, evidence, enrollment_id = standing.covenant, standing.evidence, standing.enrollment.enrollment_id
        steps = path_under(covenant, graph, evidence, as_of=standing.local(now))
    watch = tuple(step.node.node_id for step in steps if step.state in ("open", "started"))
    progress = tuple(progress_of(graph, evidence, phase) for phase in graph.live_phases)
    return ShownPath(path_id, graph.version, enrollment_id, covenant, steps, watch, progress)
