"""Turn a member's covenant, or the lack of one, into what they may open and what is offered next: covenant-v1.

The covenant comes first: without one nothing opens, and the path's entries are offered with "enter the covenant first". A
resource explorer browses freely and leaves no record: open is what waits for nothing (no gate, no prerequisites other than
withdrawn ones), and what was unlocked or done stays open; everything else names the covenant that opens it. The formation
journey is gating.py's and next_step.py's own matter.
"""

from datetime import datetime
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Access, Deficit, Standing, can_access_node
from ruach_studio.formation.graph import Graph, Node
from ruach_studio.formation.next_step import NextStep, Offer, progress_of, rank_next_steps
from ruach_studio.formation.opening import Opening, is_done
from ruach_studio.formation.path import PathStep, whole_path
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

COVENANT_RULES = "covenant-v1"
Covenant = Literal["formation_journey", "resource_explorer"]
_FIRST = "enter the covenant first"
_JOURNEY = "the formation_journey covenant opens it"


def access_under(covenant: Covenant | None, graph: Graph, evidence: Evidence, node_id: str, *, as_of: datetime) -> Access:
    """Decide whether `node_id` may be opened; under the journey this is `can_access_node`, as it is for a missing node."""
    node = graph.by_id.get(node_id)
    if covenant == "formation_journey" or node is None:
        return can_access_node(graph, evidence, node_id, as_of=as_of)
    kept = covenant is not None and Standing(graph, evidence, as_of).sticky(node_id)
    inputs: dict[str, object] = {
        "path": graph.path_id, "graphVersion": graph.version, "covenant": covenant, "node": node_id, "kept": kept,
    }  # fmt: skip
    deficits, reasons = _judged(covenant, graph, node, kept=kept)
    decision: Literal["granted", "gated"] = "gated" if deficits else "granted"
    verdict = Verdict(decision, reasons, inputs_hash(inputs), COVENANT_RULES)
    opening = Opening(reachable=not node.deprecated, text=reasons[-1]) if deficits else Opening()
    return Access(node_id, verdict, deficits, None, ghost=False, opening=opening, inputs=inputs)


def steps_under(
    covenant: Covenant | None, graph: Graph, evidence: Evidence, *, as_of: datetime, limit: int = 3
) -> tuple[NextStep, ...]:
    """Return at most `limit` steps: ranked on the journey; the path's entries without a covenant; else what is free."""
    if covenant == "formation_journey":
        return rank_next_steps(graph, evidence, as_of=as_of, limit=limit)
    inputs: dict[str, object] = {
        "path": graph.path_id, "graphVersion": graph.version, "covenant": covenant, "limit": limit,
    }  # fmt: skip
    free = [node for node in graph.order if _is_free(graph, node)]
    if covenant is None:
        entries = [node for node in graph.order if node.node_id in graph.entry_names and not node.deprecated]
        offers: list[tuple[Offer, Node]] = [("covenant", node) for node in entries[:limit]]
    else:
        offers = [("open", node) for node in free[:limit]]
        shut = (node for node in graph.order if not node.deprecated and node not in free)
        offers += [("locked", node) for node, _ in zip(shut, range(limit - len(offers)), strict=False)]
    digest = inputs_hash(inputs)
    steps: list[NextStep] = []
    for offer, node in offers:
        _, reasons = _judged(covenant, graph, node, kept=False)
        verdict = Verdict(node.node_id, reasons, digest, COVENANT_RULES)
        access = access_under(covenant, graph, evidence, node.node_id, as_of=as_of) if offer == "locked" else None
        steps.append(NextStep(verdict, offer, node, progress_of(graph, Evidence(), node.phase), access, inputs))
    return tuple(steps)


def path_under(covenant: Covenant | None, graph: Graph, evidence: Evidence, *, as_of: datetime) -> tuple[PathStep, ...]:
    """Return the path in its stable order with what is open under this covenant."""
    if covenant == "formation_journey":
        return whole_path(graph, evidence, as_of=as_of)
    standing, steps = Standing(graph, evidence, as_of), list[PathStep]()
    for node in graph.order:
        if not node.deprecated:
            kept = covenant is not None and standing.sticky(node.node_id)
            deficits, _ = _judged(covenant, graph, node, kept=kept)
            done = kept and is_done(evidence, node.node_id)
            steps.append(PathStep(node, "locked" if deficits else "done" if done else "open", deficits))
    return tuple(steps)


def _is_free(graph: Graph, node: Node) -> bool:
    return not node.deprecated and node.gate is None and node.node_id in graph.entry_names


def _judged(
    covenant: Covenant | None, graph: Graph, node: Node, *, kept: bool
) -> tuple[tuple[Deficit, ...], tuple[str, ...]]:
    """Return what is lacking and the reasons, the last of which says what would open it."""
    if kept:
        return (), ("unlocked or done before; that stays open",)
    if node.deprecated:
        words = f"{node.title} is withdrawn from version {graph.version} of the path"
        return (Deficit("deprecated", node.node_id, 0, 1, words),), (words, "nothing opens it: go on with the rest")
    if covenant is None:
        return (Deficit("covenant", node.node_id, 0, 1, _FIRST),), (_FIRST,)
    if _is_free(graph, node):
        return (), ("free to browse: no prerequisites and no gate", "a resource explorer leaves no record")
    count = len(node.prerequisites)
    waits = [f"{count} prerequisite{'s' * (count != 1)}"] if count else []
    waits += [f"a score of {node.gate.scope}"] if node.gate else []
    words = f"it asks for {' and '.join(waits)}, which a resource explorer does not gather"
    return (Deficit("covenant", node.node_id, 0, 1, words),), (words, _JOURNEY)
