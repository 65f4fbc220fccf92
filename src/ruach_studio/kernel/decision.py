"""Turn a rule's verdict into the one payload in which every decision explains itself.

A rule is pure: it returns a `Verdict`. The use case stamps the time and the correlation id on it, which makes the
`DecisionResult` of the specification, and hands that to the audit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T]):
    """What a rule decided, why, from which inputs (hash) and under which rules.

    `confidence`, where present, is in [0, 1]; whoever sets it documents its threshold.
    """

    decision: T
    reasons: tuple[str, ...]
    inputs_hash: str
    rules_version: str
    confidence: float | None = None

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a decision without a reason explains nothing")
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence {self.confidence} is outside [0, 1]")


@dataclass(frozen=True, slots=True)
class DecisionResult(Generic[T]):
    """A verdict with the moment and the request that asked for it. The wire names are the specification's."""

    verdict: Verdict[T]
    timestamp: datetime
    correlation_id: str

    def to_wire(self) -> dict[str, object]:
        """Return the specification's JSON object (camelCase keys, ISO 8601 time in UTC, confidence only if present)."""
        verdict = self.verdict
        wire: dict[str, object] = {
            "decision": verdict.decision,
            "reasons": list(verdict.reasons),
            "inputsHash": verdict.inputs_hash,
            "rulesVersion": verdict.rules_version,
            "timestamp": self.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "correlationId": self.correlation_id,
        }
        if verdict.confidence is not None:
            wire["confidence"] = verdict.confidence
        return wire
