"""Turn something that happened into the one envelope in which every pillar hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


class Event(Protocol):
    """A fact that another pillar may hear of. `payload()` is self-sufficient: nobody has to look anything up."""

    event_type: ClassVar[str]
    version: ClassVar[int]

    def payload(self) -> Mapping[str, object]:
        """Return the JSON object of this event, wire names in camelCase."""
        ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its identity and the ids of the request that caused it."""

    event_id: str
    event_type: str
    version: int
    occurred_at: datetime
    correlation_id: str
    automation_id: str | None
    payload: Mapping[str, object]
