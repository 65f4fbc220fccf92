"""What assembly tells the others: a draft EDL exists; an EDL is locked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class EdlDraftCreated:
    """A reviewable draft EDL was saved."""

    event_type: ClassVar[str] = "edl.draft.created"
    version: ClassVar[int] = 1

    session_id: str
    edl_version: int
    sync_version: int
    rules_version: str
    cut_count: int

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "edlVersion": self.edl_version, "syncVersion": self.sync_version,
            "rulesVersion": self.rules_version, "cutCount": self.cut_count,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class EdlLocked:
    """An EDL was locked by an operator. `edl` is the whole CanonicalEDL with its media locations (decision P10)."""

    event_type: ClassVar[str] = "edl.locked"
    version: ClassVar[int] = 1

    session_id: str
    edl_version: int
    locked_by: str
    edl: Mapping[str, object]

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "edlVersion": self.edl_version, "lockedBy": self.locked_by, "edl": dict(self.edl),
        }  # fmt: skip
