"""What formation tells the others: a gate opened or closed for a member, or a pinned node is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class _GateChanged:
    user_id: str
    enrollment_id: str
    content_id: str
    reasons: tuple[str, ...]

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "userId": self.user_id, "formationEnrollmentId": self.enrollment_id, "contentId": self.content_id,
            "reasons": list(self.reasons),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class FormationGated(_GateChanged):
    """A node is gated for a member."""

    event_type: ClassVar[str] = "formation.gated"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class FormationUnlocked(_GateChanged):
    """A node opened for a member."""

    event_type: ClassVar[str] = "formation.unlocked"
    version: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class FormationGhostState:
    """A member's pinned graph version names a node that is not there."""

    event_type: ClassVar[str] = "formation.ghost-state"
    version: ClassVar[int] = 1

    user_id: str
    enrollment_id: str
    missing_node_id: str
    graph_version: int

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "userId": self.user_id, "enrollmentId": self.enrollment_id, "missingNodeId": self.missing_node_id,
            "graphVersion": self.graph_version,
        }  # fmt: skip
