"""What formation's use cases are given by the composition root, and the ports of what is slow, paid or remote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.store.graphs import GraphCache
from ruach_studio.formation.store.recorder import Recorder
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.port import JobQueue
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.clock import Clock
from ruach_studio.kernel.errors import RuachError

Soundness = Literal["sound", "unclear", "concerning"]


@dataclass(frozen=True, slots=True)
class ReflectionText:
    """What an assessor reads: the text, what was asked, what it may be copied from, own texts on other prompts."""

    text: str
    prompt: str
    source_texts: Sequence[str] = ()
    own_earlier: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an assessor said, validated: `quality` 0..1000. It is recorded as a fact; no rule asks an assessor again.

    `source` is "rules" or "llm"; hashes are SHA-256 in hex, None where there is no prompt or response to hash.
    """

    quality: int
    is_regurgitation: bool
    shows_wrestling: bool
    soundness: Soundness
    source: Literal["rules", "llm"]
    rubric_version: str
    reasons: tuple[str, ...] = ()
    sub_scores: Mapping[str, int] = field(default_factory=dict)
    provider: str | None = None
    model: str | None = None
    prompt_sha256: str | None = None
    raw_response_sha256: str | None = None


class ReflectionAssessor(Protocol):
    """Judges a reflection. Raises Unavailable (try again) or AssessorAnswerRefused (its answer is of no use)."""

    async def assess(self, given: ReflectionText) -> Opinion:
        """Return what it thinks of one text."""
        ...


class StatementsRefused(RuachError):
    """The learning record store refuses one of these statements."""

    code = "xapi_statements_refused"


class RecordStoreClosed(RuachError):
    """The learning record store does not let this service in."""

    code = "xapi_store_closed"


class StatementSink(Protocol):
    """A learning record store. `name` tells its cursor apart from another's."""

    name: str

    async def store(self, statements: Sequence[Mapping[str, object]]) -> None:
        """Store all of them or raise; one that is stored already is no error.

        Raises StatementsRefused (one of them is at fault, details `status`), RecordStoreClosed (credentials, address,
        protocol version: a person must act), Unavailable (try again).
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors whose nearness ranks passages; nothing else is ever decided by one."""

    @property
    def embedder_id(self) -> str:
        """Return the name that vectors are stored under; vectors of two names are never compared."""
        ...

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of what decides the vectors, as far as it can be known from here."""
        ...

    @property
    def least_similarity(self) -> float:
        """Return the cosine below which two texts have nothing to do with each other, in [0, 1)."""
        ...

    @property
    def weight(self) -> Fraction:
        """Return how much its order counts beside full text, whose weight is 1: the less it knows of meaning, the less."""
        ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text, in order, each of length 1 (all zeros for a text that says nothing).

        A text's row does not depend on its neighbours. Raises Unavailable (try again), EmbedderAnswerRefused.
        """
        ...


@dataclass(slots=True)
class StaticAnswers:
    """How often this process had to show the static list instead of a member's own steps, and why it did last."""

    count: int = 0
    last_at: datetime | None = None
    last_reason: str = ""

    def note(self, at: datetime, reason: str) -> None:
        """Count one more."""
        self.count, self.last_at, self.last_reason = self.count + 1, at, reason


class EmbedderAnswerRefused(RuachError):
    """The embedding service answered with something that cannot be used."""

    code = "embedder_answer_refused"
    status = 502


class FormationServices(Protocol):
    """The part of the application's services that formation needs. `assessor`: a language model's, None = rules only."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def queue(self) -> JobQueue: ...

    @property
    def recorder(self) -> Recorder: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def graphs(self) -> GraphCache: ...

    @property
    def static_answers(self) -> StaticAnswers: ...

    @property
    def assessor(self) -> ReflectionAssessor | None: ...

    @property
    def embedder(self) -> Embedder: ...
