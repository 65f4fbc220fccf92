"""Turn a member's step onto an open node into the facts that it begins: a phase, a view, a checkpoint reached."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.ports import FormationServices
from ruach_studio.formation.usecases.open_node import OpenNode
from ruach_studio.formation.usecases.write_fact import Fact, write_fact


async def touch_node(
    services: FormationServices, tx: AsyncConnection, opened: OpenNode, *, at: datetime, dwell_s: int
) -> bool:
    """Write what stepping onto the node means, and return whether anything was written. No projection is enqueued."""
    enrollment, wrote = opened.journey.enrollment, False
    for fact in step_facts(opened, dwell_s=dwell_s):
        done = await write_fact(services, tx, enrollment, *fact, at=at, project=False)
        wrote = wrote or done.version is not None
    return wrote


def step_facts(opened: OpenNode, *, dwell_s: int) -> list[Fact]:
    """Return what stepping onto the node means.

    The first step into a phase starts it. A section is viewed each time, a checkpoint reached once; a prompt leaves no trace
    before it is written on. `dwell_s`: the seconds that the server has counted on the node.
    """
    state, node = opened.journey.state, opened.node
    facts: list[Fact] = []
    if node.phase not in state.phase_started:
        previous: dict[str, object] = {"previousPhase": state.phase} if state.phase else {}
        facts.append(("phase_started", node.phase, {"phase": node.phase, **previous}))
    if node.kind == "section":
        viewed: dict[str, object] = {"sectionId": node.node_id, "phase": node.phase, "dwellTimeSeconds": dwell_s}
        facts.append(("section_viewed", node.node_id, viewed))
    elif node.kind == "checkpoint" and node.node_id not in state.checkpoints_reached:
        section = section_of(opened.journey.graph, node)
        reached: dict[str, object] = {"checkpointId": node.node_id, "sectionId": section, "phase": node.phase}
        facts.append(("checkpoint_reached", node.node_id, reached))
    return facts


def section_of(graph: Graph, node: Node) -> str:
    """Return the section that a checkpoint is about: the nearest one before it; '' if there is none."""
    seen, pending = {node.node_id}, list(node.prerequisites)
    while pending:
        name = pending.pop(0)
        before = graph.by_id.get(name)
        if before is None or name in seen:
            continue
        if before.kind == "section":
            return name
        seen.add(name)
        pending += before.prerequisites
    return ""
