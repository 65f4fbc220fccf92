"""Turn the guidebook fields of a graph's nodes into faults: words that do not exist, scopes where they do not belong.

`guidebook-v1`. Scopes by phase: awakening Individual or Ecclesia; separation and discernment not Network; commission not
Household; stewardship any. Scopes by checkpoint type: Teaching any; Exercise not Network; Confrontation, Reflection and
Assessment Individual only. A node without a scope is bound by neither. Also words for a scope that nobody can ever open.
Counterparts: scope_plan.py holds what a scope asks for; graph_check.py calls this at save; axioms.py checks the axioms.
"""

from collections.abc import Mapping, Sequence

from ruach_studio.formation.graph import PHASES, Node, Phase
from ruach_studio.formation.graph_faults import Fault
from ruach_studio.formation.scope_plan import SCOPES
from ruach_studio.formation.scope_reach import ClosedScope

NODE_TYPES = ("Awakening", "Healing", "Warfare", "Formation", "Commissioning")
CHECKPOINT_TYPES = ("Teaching", "Exercise", "Confrontation", "Reflection", "Assessment")
SENSITIVITIES = ("Low", "Medium", "High", "Critical")
SCOPES_OF_PHASE: Mapping[Phase, tuple[str, ...]] = {
    "awakening": ("Individual", "Ecclesia"),
    "separation": ("Individual", "Household", "Ecclesia"),
    "discernment": ("Individual", "Household", "Ecclesia"),
    "commission": ("Individual", "Ecclesia", "Network"),
    "stewardship": SCOPES,
}
SCOPES_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "Teaching": SCOPES,
    "Exercise": ("Individual", "Household", "Ecclesia"),
    "Confrontation": ("Individual",),
    "Reflection": ("Individual",),
    "Assessment": ("Individual",),
}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "scope": SCOPES, "node_type": NODE_TYPES, "checkpoint_type": CHECKPOINT_TYPES, "sensitivity": SENSITIVITIES,
}  # fmt: skip
_SPOKEN = {"node_type": "node type", "checkpoint_type": "checkpoint type"}


def word_faults(nodes: Sequence[Node]) -> list[Fault]:
    """Return the faults of the guidebook fields, in the order of `nodes`. A deprecated node is looked at like any other."""
    faults: list[Fault] = []
    for node in nodes:
        if node.scope or node.node_type or node.checkpoint_type or node.sensitivity:
            faults += _unknown(node)
            faults += _misplaced(node)
    return faults


def shut_fault(node: Node, shut: ClosedScope) -> Fault:
    """Return the fault of a scope that can never be opened."""
    need, missing = shut.need, shut.missing
    more = need.of - shut.have - len(missing)
    listed = ", ".join(missing) + (f" and {more} more" if more else "")
    return Fault(
        "unreachable-scope", (node.node_id, *missing),
        f"nobody can ever open {node.node_id!r}: {node.scope} work asks for {need.needed} of {need.of} {need.scope} nodes "
        f"up to {PHASES[need.upto - 1]} ({need.percent} %), only {shut.have} can be done before it; out of reach: {listed}",
        "Let these wait for less, make them optional, or give the node another scope.",
    )  # fmt: skip


def _unknown(node: Node) -> list[Fault]:
    given = {name: getattr(node, name) for name in _WORDS}
    return [
        Fault("unknown-guidebook-word", (node.node_id,),
              f"{node.node_id!r} has the {_SPOKEN.get(name, name)} {value!r}, which is not one",
              f"Choose {_either(_WORDS[name])}, or none.")
        for name, value in given.items() if value is not None and value not in _WORDS[name]
    ]  # fmt: skip


def _misplaced(node: Node) -> list[Fault]:
    if node.scope not in SCOPES:
        return []
    faults: list[Fault] = []
    allowed = SCOPES_OF_PHASE[node.phase]
    if node.scope not in allowed:
        faults.append(Fault("scope-phase", (node.node_id,), f"{node.node_id!r} has the scope {node.scope} in {node.phase}",
                            f"In {node.phase} choose {_either(allowed)}, or move the node."))  # fmt: skip
    allowed = SCOPES_OF_TYPE.get(node.checkpoint_type or "", SCOPES)
    if node.scope not in allowed:
        faults.append(Fault("scope-type", (node.node_id,),
                            f"{node.node_id!r} is of the checkpoint type {node.checkpoint_type} with the scope {node.scope}",
                            f"For {node.checkpoint_type} choose {_either(allowed)}, or change the type."))  # fmt: skip
    return faults


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
