"""Turn a path's draft, or nodes from a file, into what publishing them would mean for everybody who is on the path.

Pinned enrollments stay on their version: nothing changes for anybody until they are migrated, and this says what would
change then. Nothing is written.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.graph_impact import NodeChange, impact
from ruach_studio.formation.impact_tally import Tally
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.examine_graph import Examined
from ruach_studio.formation.usecases.scan_impact import Candidate, Scan, scan_impact
from ruach_studio.formation.usecases.validate_graph import validate_graph


@dataclass(frozen=True, slots=True)
class Impact:
    """`changes`: how the nodes differ from the newest version. `tally`: what members would gain and lose if migrated.

    `by_version`: how many tracked members are pinned to which version; `scan` says who was not counted among them.
    """

    examined: Examined
    changes: tuple[NodeChange, ...]
    tally: Tally
    by_version: Mapping[int, int]
    scan: Scan


async def preview_impact(
    services: FormationServices, path_id: str, authored: Authored | None = None, *, brings: Collection[str] = ()
) -> Impact:
    """Return the impact of `authored` (and the pieces it `brings`), or of the draft.

    Raises PathNotFound, NoDraft, GraphRefused (with every fault).
    """
    examined = await validate_graph(services, path_id, authored, brings=brings)
    examined.require_sound()
    tally, scan, by_version = Tally(), Scan(), Counter[int]()
    candidate = Candidate(examined.graph, examined.mapping, services.clock.now())
    async with services.database.connection() as conn:
        async for batch in scan_impact(services, conn, candidate, scan):
            tally.add(batch.changes)
            by_version[batch.version] += len(batch.members)
    changes = impact(examined.previous, examined.graph) if examined.previous else ()
    return Impact(examined, changes, tally, dict(sorted(by_version.items())), scan)
