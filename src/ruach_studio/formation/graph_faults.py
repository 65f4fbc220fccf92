"""Turn what is wrong with a graph into words: about which nodes, the fact, and what mends it.

Counterpart: graph_check.py finds the faults.
"""

from dataclasses import dataclass
from typing import Literal

FaultCode = Literal[
    "duplicate-id", "duplicate-ordinal", "missing-prerequisite", "self-prerequisite", "repeated-prerequisite",
    "later-prerequisite", "cycle", "root-gate", "gate-out-of-range", "later-gate-scope", "unreachable-gate",
    "re-keyed", "removed",
    "unknown-guidebook-word", "scope-phase", "scope-type", "unreachable-scope",
    "too-many-axioms", "unknown-axiom", "unanchored-axiom", "axiom-tier",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, about which nodes, and what mends it. A cycle's `nodes` are its path, first = last."""

    code: FaultCode
    nodes: tuple[str, ...]
    fact: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.fact}. {self.remedy}"
