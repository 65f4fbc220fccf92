"""Turn one id into the whole story behind it: who asked, what ran, what was decided, announced, buried, published.

`Scope` is what belongs to the story: the platform and each pillar say what they know of the asked id (`scope_of`), and the
story is then read by what all of them found. An automation brings the requests that moved it on (a retry by an operator).
A job tells its automation's story; a session and an enrollment tell those of every request that ever touched them.
story_rows.py reads; app/trace.py asks the pillars too.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `what` is noun.verb, `said` a sentence, `ids` those that it bears, `facts` the rest."""

    at: datetime
    what: str
    said: str
    ids: Mapping[str, str | None] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object of the command and the route."""
        ids = {name: value for name, value in self.ids.items() if value is not None}
        return {"at": self.at.isoformat(), "what": self.what, "said": self.said, **ids, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to a story. `asked` is the id that somebody gave."""

    asked: str
    correlations: frozenset[str] = frozenset()
    automations: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    enrollments: frozenset[str] = frozenset()

    def __or__(self, other: "Scope") -> "Scope":
        """Return both together."""
        return Scope(
            self.asked, self.correlations | other.correlations, self.automations | other.automations,
            self.jobs | other.jobs, self.sessions | other.sessions, self.enrollments | other.enrollments,
        )  # fmt: skip

    @property
    def is_empty(self) -> bool:
        """Say whether nobody knows the id."""
        return not (self.correlations or self.automations or self.jobs or self.sessions or self.enrollments)


@dataclass(frozen=True, slots=True)
class Story:
    """The lines in order, oldest first; `left_out` are older ones beyond the limit."""

    scope: Scope
    lines: tuple[Line, ...]
    left_out: int = 0

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object of the command and the route."""
        return {
            "id": self.scope.asked, "correlationIds": sorted(self.scope.correlations),
            "automationIds": sorted(self.scope.automations), "jobIds": sorted(self.scope.jobs),
            "lines": [line.to_wire() for line in self.lines], "leftOut": self.left_out,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Teller:
    """What one pillar adds: what it knows of an id (None: nothing that the others do not), and its lines of a scope."""

    find_scope: Callable[[str], Awaitable[Scope]] | None
    tell: Callable[[Scope, int], Awaitable[list[Line]]]


def told(scope: Scope, lines: Iterable[Line], limit: int) -> Story:
    """Return the newest `limit` lines in order; what happened at one instant stays in the order given."""
    ordered = sorted(lines, key=lambda line: line.at)
    return Story(scope, tuple(ordered[-limit:]), max(0, len(ordered) - limit))
