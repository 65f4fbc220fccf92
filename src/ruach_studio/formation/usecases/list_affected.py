"""Turn a path's draft into the list of enrollments for which publishing it would change something, page by page."""

from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.authoring import Authored
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.scan_impact import Candidate, Scan, scan_impact
from ruach_studio.formation.usecases.validate_graph import validate_graph

Effect = Literal["gain", "lose", "any"]


@dataclass(frozen=True, slots=True)
class Affected:
    """One enrollment, and the nodes that it would gain and lose if it were migrated."""

    enrollment_id: str
    user_id: str
    graph_version: int
    gains: tuple[str, ...]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AffectedPage:
    """Enrollments by id; `after` continues the list, None at its end."""

    enrollments: tuple[Affected, ...]
    after: str | None


async def list_affected(
    services: FormationServices, path_id: str, authored: Authored | None = None, *, node_id: str | None = None,
    effect: Effect = "any", after: str | None = None, limit: int = 100,
) -> AffectedPage:  # fmt: skip
    """Return up to `limit` enrollments above `after` that would gain or lose `node_id`, or any node.

    Raises PathNotFound, NoDraft, GraphRefused.
    """
    examined = await validate_graph(services, path_id, authored)
    examined.require_sound()
    scan, found = Scan(), list[Affected]()
    candidate = Candidate(examined.graph, examined.mapping, services.clock.now())
    async with services.database.connection() as conn:
        page_end: str | None = None
        async for batch in scan_impact(services, conn, candidate, scan, after=after):
            if scan.last != page_end and len(found) > limit:
                break
            page_end = scan.last
            for place, member in enumerate(batch.members):
                gains, losses = batch.changes.of(place)
                wanted = {"gain": gains, "lose": losses, "any": (*gains, *losses)}[effect]
                if node_id in wanted if node_id is not None else wanted:
                    found.append(Affected(member.enrollment_id, member.user_id, member.graph_version, gains, losses))
    found.sort(key=lambda each: each.enrollment_id)
    more = found[limit - 1].enrollment_id if len(found) > limit else None
    return AffectedPage(tuple(found[:limit]), more)
