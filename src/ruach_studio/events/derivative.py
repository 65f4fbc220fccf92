"""What assembly and render tell each other about proxies, peaks and thumbnails: asked for, withdrawn, begun, made, failed.

`job_id` is a run of the job. What render tells bears the runs of the same ladder before it, first one first: who knows
one of them knows whether this is news. A request's `derivatives` are what Wanted.to_wire gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ruach_studio.kernel.derivative import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """One kind of one file (`path`), to be made by the job `job_id`. `recipe` is the way of making it."""

    derivative_id: str
    job_id: str
    kind: Kind
    path: str
    recipe: int

    def to_wire(self) -> dict[str, object]:
        """Return the wire form."""
        return {
            "derivativeId": self.derivative_id, "jobId": self.job_id, "kind": self.kind, "path": self.path,
            "recipe": self.recipe,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DerivativesRequested:
    """Assembly wants these made, each by a job of the given id. The same id again is the same wish."""

    event_type: ClassVar[str] = "derivatives.requested"
    version: ClassVar[int] = 1

    session_id: str
    requested_by: str
    derivatives: Sequence[Wanted]

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "requestedBy": self.requested_by,
            "derivatives": [each.to_wire() for each in self.derivatives],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DerivativeWithdrawn:
    """Nobody wants it any more: the ladder of `wanted.job_id` is to stop, wherever it is."""

    event_type: ClassVar[str] = "derivative.withdrawn"
    version: ClassVar[int] = 1

    session_id: str
    withdrawn_by: str
    reason: str
    wanted: Wanted

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "withdrawnBy": self.withdrawn_by, "reason": self.reason, **self.wanted.to_wire(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """Which run of which derivative's job this is."""

    session_id: str
    derivative_id: str
    kind: Kind
    job_id: str
    earlier_job_ids: Sequence[str]

    def to_wire(self) -> dict[str, object]:
        """Return the wire form."""
        return {
            "sessionId": self.session_id, "derivativeId": self.derivative_id, "kind": self.kind, "jobId": self.job_id,
            "earlierJobIds": list(self.earlier_job_ids),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class DerivativeBegun:
    """Render works on it."""

    event_type: ClassVar[str] = "derivative.begun"
    version: ClassVar[int] = 1

    run: Run

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return self.run.to_wire()


@dataclass(frozen=True, slots=True)
class DerivativeMade:
    """It is whole, under `key` below the folder of all derivatives.

    `facts` are what a player must know: {files: {name, sizeBytes, sha256, contentType} each}, and more by kind.
    """

    event_type: ClassVar[str] = "derivative.made"
    version: ClassVar[int] = 1

    run: Run
    key: str
    facts: Mapping[str, object]

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {**self.run.to_wire(), "key": self.key, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class DerivativeFailed:
    """A run failed. `retried_as` is the next one, None after the last. `error`: {code, message, retryable, details}."""

    event_type: ClassVar[str] = "derivative.failed"
    version: ClassVar[int] = 1

    run: Run
    error: Mapping[str, object]
    retried_as: str | None = None

    def payload(self) -> Mapping[str, object]:
        """Return the wire form."""
        return {**self.run.to_wire(), "error": dict(self.error), "retriedAs": self.retried_as}
