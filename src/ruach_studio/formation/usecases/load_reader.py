"""Turn a signed-in person into a reader: which steps they see, how they stand with each, and whose text they may read.

A member on the path reads what their covenant and the gates open; a member who has not enrolled sees titles only; staff who
are on no path read everything. Every search and every list of content starts here: one place decides who may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.covenant import Covenant, access_under, path_under
from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.retrieval import State
from ruach_studio.formation.store import graphs
from ruach_studio.formation.usecases.load_journey import DEFAULT_PATH, Journey, load_journey

_NO_GRAPH = Graph(0, ())


@dataclass(frozen=True, slots=True)
class Step:
    """One node that the reader sees, and how they stand with it: "library" is readable outside a journey (staff)."""

    node: Node
    state: State

    @property
    def readable(self) -> bool:
        """Return whether the node's text may be shown to this reader."""
        return self.state != "locked"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, at one moment. `steps` are the nodes that they see, in the path's order; `reads_all` is staff's privilege.

    `read_at`: node id -> when it was last touched. `reflected_tags`: of the node that the latest reflection is about.
    """

    user_id: str
    as_of: datetime
    graph: Graph
    journey: Journey | None
    reads_all: bool
    steps: Mapping[str, Step]
    by_ref: Mapping[str, Step]
    read_at: Mapping[str, datetime]
    reflected_tags: frozenset[str]

    @property
    def readable_refs(self) -> list[str] | None:
        """Return the content references whose text may be searched and shown; None for all there are."""
        return None if self.reads_all else [ref for ref, step in self.by_ref.items() if step.readable]

    def may_read(self, content_ref: str) -> bool:
        """Return whether the text behind a content reference may be shown to this reader."""
        step = self.by_ref.get(content_ref)
        return self.reads_all or (step is not None and step.readable)

    def why_locked(self, node_id: str) -> tuple[str, ...]:
        """Return the reasons why a locked step is locked, the last of which says what would open it."""
        covenant, evidence = _terms(self.journey)
        return access_under(covenant, self.graph, evidence, node_id, as_of=self.as_of).verdict.reasons


async def load_reader(
    services: FormationServices, conn: AsyncConnection, user_id: str, *, staff: bool, path_id: str = DEFAULT_PATH
) -> Reader:
    """Return what `user_id` may see and read now. A path without a published version shows nothing to members."""
    as_of = services.clock.now()
    journey = await load_journey(services, conn, user_id, path_id=path_id)
    if journey is not None:
        graph = journey.graph
    else:
        version = await graphs.current_version(conn, path_id)
        graph = _NO_GRAPH if version is None else await services.graphs.get(conn, path_id, version)
    reads_all = staff and journey is None
    if reads_all:
        steps = [Step(node, "library") for node in graph.order]
    else:
        covenant, evidence = _terms(journey)
        steps = [Step(each.node, each.state) for each in path_under(covenant, graph, evidence, as_of=as_of)]
    by_ref: dict[str, Step] = {}
    for step in steps:  # two steps may show one piece: whoever may read it at one of them may read it
        other = by_ref.get(step.node.content_ref)
        if other is None or (step.readable and not other.readable):
            by_ref[step.node.content_ref] = step
    return Reader(
        user_id, as_of, graph, journey, reads_all, {step.node.node_id: step for step in steps}, by_ref,
        _read_at(journey), _reflected_tags(journey),
    )  # fmt: skip


def _terms(journey: Journey | None) -> tuple[Covenant | None, Evidence]:
    if journey is None:
        return None, Evidence()
    return cast(Covenant, journey.enrollment.covenant_type), journey.evidence


def _read_at(journey: Journey | None) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for node_id, at in journey.state.touched.items() if journey else ():
        for name in journey.state.names_of(node_id) if journey else ():
            found[name] = max(found.get(name, at), at)
    return found


def _reflected_tags(journey: Journey | None) -> frozenset[str]:
    if journey is None or not journey.state.reflections:
        return frozenset()
    written = journey.state.reflections.items()
    _, last = max(written, key=lambda each: (each[1].submitted_at, each[0]))
    nodes = [journey.graph.by_id.get(name) for name in journey.state.names_of(last.node_id)]
    return frozenset(tag for node in nodes if node for tag in node.tags)
