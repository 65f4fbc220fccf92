"""The words of formation's HTTP interface about the canon's axioms."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ruach_studio.formation.axioms import Axiom
from ruach_studio.formation.entrypoints.wire import Wire
from ruach_studio.formation.graph import Phase
from ruach_studio.formation.usecases.list_axioms import ListedAxiom
from ruach_studio.formation.usecases.view_axiom import ViewedAxiom


class ListedAxiomOut(Wire):
    """An axiom without its definition. `state` is locked until its phase is reached; `reasons` say why it is what it is."""

    axiom_id: str
    number: int
    title: str
    canon_level: str
    tier: int
    category: str
    sensitivity: str
    unlock_phase: Phase
    related: list[str]
    state: Literal["open", "locked"]
    reasons: list[str]
    viewed_at: datetime | None
    citations: int


class AxiomOut(Wire):
    """An axiom with its definition."""

    axiom_id: str
    number: int
    title: str
    definition: str
    canon_level: str
    tier: int
    category: str
    sensitivity: str
    unlock_phase: Phase
    related: list[str]


class ReadAxiomOut(AxiomOut):
    """An axiom that a member reads, and why they may; `recorded` says that this reading was the first and was noted."""

    reasons: list[str]
    recorded: bool


class AxiomRequest(Wire):
    """An axiom as an operator writes it, and why."""

    number: int = Field(ge=1, le=10_000)
    title: str = Field(max_length=120)
    definition: str = Field(max_length=4000)
    canon_level: str = Field(max_length=32)
    tier: int
    category: str = Field(max_length=32)
    sensitivity: str = Field(max_length=32)
    unlock_phase: Phase
    related: list[str] = Field(default=[], max_length=32)
    reason: str = Field(min_length=1, max_length=500)


def listed_axiom_out(listed: ListedAxiom) -> ListedAxiomOut:
    """Return the wire form of one line of the list."""
    verdict = listed.reading.verdict
    shut = verdict.decision == "gated"
    return ListedAxiomOut(
        **_axiom(listed.axiom, "definition"), state="locked" if shut else "open", reasons=list(verdict.reasons),
        viewed_at=listed.viewed_at, citations=listed.citations,
    )  # fmt: skip


def viewed_axiom_out(viewed: ViewedAxiom) -> ReadAxiomOut:
    """Return the wire form of an axiom that a member reads."""
    return ReadAxiomOut(**_axiom(viewed.axiom), reasons=list(viewed.reading.verdict.reasons), recorded=viewed.recorded)


def axiom_out(axiom: Axiom) -> AxiomOut:
    """Return the wire form of an axiom for operators."""
    return AxiomOut(**_axiom(axiom))


def _axiom(axiom: Axiom, *without: str) -> dict[str, Any]:
    fields = {name: getattr(axiom, name) for name in Axiom.__slots__ if name not in without}
    return {**fields, "related": list(axiom.related)}
