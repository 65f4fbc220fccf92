"""The words in which operators are told what is wrong with a graph, what differs and what it would change."""

from collections.abc import Mapping

from pydantic.alias_generators import to_camel

from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.entrypoints.wire_graph import NodeOut, node_out
from ruach_studio.formation.graph import Graph, ScoreGate
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.graph_impact import NodeChange
from ruach_studio.formation.usecases.diff_versions import Difference
from ruach_studio.formation.usecases.examine_graph import Examined
from ruach_studio.kernel.hashing import plain

_WIRE_NAMES = {"min_dwell_s": "minimumDwellSeconds", "min_words": "minimumWords"}


class FaultOut(Wire):
    """One fault: what is wrong, about which nodes (a cycle: its path, first = last), and what mends it."""

    code: str
    nodes: list[str]
    fact: str
    remedy: str


class ReportOut(Wire):
    """What saving or publishing would say. `order`: the walk, empty if ids or prerequisites allow none."""

    path_id: str
    next_version: int
    ok: bool
    faults: list[FaultOut]
    order: list[str]
    mapping: dict[str, object]


class GraphOut(Wire):
    """A published version with its nodes by ordinal."""

    path_id: str
    version: int
    nodes: list[NodeOut]


class ChangeOut(Wire):
    """What changes about a node that can open or close a way or move a score. Scores 0..1, 0 = no gate."""

    node_id: str
    kinds: list[str]
    minimum_score_before: float
    minimum_score_after: float
    score_scope_before: str | None
    score_scope_after: str | None
    prerequisites_added: list[str]
    prerequisites_dropped: list[str]


class FieldOut(Wire):
    """One field with both of its values."""

    field: str
    before: object
    after: object


class NodeDiffOut(Wire):
    """What happened to one node: added, changed or removed."""

    node_id: str
    change: str
    fields: list[FieldOut]


class DiffOut(Wire):
    """How one version differs from another."""

    path_id: str
    from_version: int
    to_version: int
    nodes: list[NodeDiffOut]
    changes: list[ChangeOut]


def report_out(examined: Examined) -> ReportOut:
    """Return the wire form of a report."""
    return ReportOut(
        path_id=examined.graph.path_id, next_version=examined.graph.version, ok=not examined.faults,
        faults=[fault_out(each) for each in examined.faults], order=list(examined.order), mapping=dict(examined.mapping),
    )  # fmt: skip


def fault_out(fault: Fault) -> FaultOut:
    """Return the wire form of a fault."""
    return FaultOut(code=fault.code, nodes=list(fault.nodes), fact=fault.fact, remedy=fault.remedy)


def graph_out(graph: Graph) -> GraphOut:
    """Return the wire form of a version."""
    return GraphOut(path_id=graph.path_id, version=graph.version, nodes=[node_out(each) for each in graph.nodes])


def change_out(change: NodeChange) -> ChangeOut:
    """Return the wire form of a change."""
    return ChangeOut(
        node_id=change.node_id, kinds=list(change.kinds), minimum_score_before=change.gate_before_bp / 10_000,
        minimum_score_after=change.gate_after_bp / 10_000, score_scope_before=change.scope_before,
        score_scope_after=change.scope_after, prerequisites_added=list(change.prerequisites_added),
        prerequisites_dropped=list(change.prerequisites_dropped),
    )  # fmt: skip


def diff_out(found: Difference) -> DiffOut:
    """Return the wire form of a difference."""
    return DiffOut(
        path_id=found.path_id, from_version=found.from_version, to_version=found.to_version,
        nodes=[NodeDiffOut(node_id=each.node_id, change=each.change, fields=_fields(each.fields)) for each in found.nodes],
        changes=[change_out(each) for each in found.changes],
    )  # fmt: skip


def _fields(changed: Mapping[str, tuple[object, object]]) -> list[FieldOut]:
    """Return the fields under their wire names, with the values that the wire gives them."""
    found: list[FieldOut] = []
    for name, (before, after) in changed.items():
        if name == "gate":
            pairs = zip(("minimumScore", "scoreScope"), _gate(before), _gate(after), strict=True)
            found += [FieldOut(field=wire, before=old, after=new) for wire, old, new in pairs if old != new]
        else:
            wire = _WIRE_NAMES.get(name) or to_camel(name)
            found.append(FieldOut(field=wire, before=_value(name, before), after=_value(name, after)))
    return found


def _gate(gate: object) -> tuple[float | None, str | None]:
    return (gate.minimum_bp / 10_000, gate.scope) if isinstance(gate, ScoreGate) else (None, None)


def _value(name: str, value: object) -> object:
    return value / 1000 if name == "pass_quality" and isinstance(value, int) else plain(value)
