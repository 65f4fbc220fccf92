"""Turn a member's journal into named facts: the shape that the reducer fills and every reader reads.

All times are UTC. "First" and "latest" are by the time an event occurred; "current" is by its number in the journal. Node
ids that no graph knows are facts like any other. Counterparts: state_fold.py fills this, state_snapshot.py stores it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process that only replays journals needs no graph, and none of what a graph needs
    from ruach_studio.formation.graph import Phase


@dataclass(frozen=True, slots=True)
class Reflection:
    """One submission. `day` is the member's local date then; `phase` the phase it was written in, None if none had begun."""

    node_id: str
    checkpoint_id: str
    word_count: int
    submitted_at: datetime
    day: date
    phase: "Phase | None"


@dataclass(frozen=True, slots=True)
class Assessed:
    """What assessors said of one submission, in per mille: the best of rules and models, and an operator's latest word."""

    automatic: int | None = None
    operator: int | None = None

    @property
    def quality(self) -> int:
        """Return what counts, 0..1000: an operator corrects, in either direction; nothing else can lower it."""
        return self.operator if self.operator is not None else self.automatic or 0


@dataclass(frozen=True, slots=True)
class FormationState:
    """One enrollment after the events up to number `journal_version`.

    `started`, `sections_completed`, `checkpoints_*`, `unlocked`, `phase_started`, `phase_completed`, `axioms_viewed`: id ->
    first time. `touched`, `checkpoint_failed_at`, `pauses` (by reason): latest time. `section_views`, `dwell_s` (longest
    reported), `checkpoint_failures`, `axioms_cited`: id -> number. `gated`: id -> what it asks for, until it is unlocked.
    `gaps`: "type/area" -> severity. `carried`: node id of an older graph -> node ids that hold its facts now, () = history;
    `merges`: rows of a node and its parts, all of which it needs (state_carry.py reads both). `last_activity` is of the
    member's own acts only; `latest_event_at` of any event, voided ones too: before that time the state cannot be asked,
    only the journal.
    """

    enrollment_id: str = ""
    user_id: str = ""
    path_id: str = ""
    graph_version: int = 0
    journal_version: int = 0
    utc_offset_minutes: int = 0
    enrolled_at: datetime | None = None
    covenant: str | None = None
    covenant_at: datetime | None = None
    phase: "Phase | None" = None
    phase_entered_at: datetime | None = None
    last_activity: datetime | None = None
    repairs: int = 0
    phase_started: Mapping[str, datetime] = field(default_factory=dict)
    phase_completed: Mapping[str, datetime] = field(default_factory=dict)
    started: Mapping[str, datetime] = field(default_factory=dict)
    touched: Mapping[str, datetime] = field(default_factory=dict)
    section_views: Mapping[str, int] = field(default_factory=dict)
    dwell_s: Mapping[str, int] = field(default_factory=dict)
    sections_completed: Mapping[str, datetime] = field(default_factory=dict)
    checkpoints_reached: Mapping[str, datetime] = field(default_factory=dict)
    checkpoints_passed: Mapping[str, datetime] = field(default_factory=dict)
    checkpoint_failures: Mapping[str, int] = field(default_factory=dict)
    checkpoint_failed_at: Mapping[str, datetime] = field(default_factory=dict)
    reflections: Mapping[str, Reflection] = field(default_factory=dict)
    assessed: Mapping[str, Assessed] = field(default_factory=dict)
    unlocked: Mapping[str, datetime] = field(default_factory=dict)
    gated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    axioms_viewed: Mapping[str, datetime] = field(default_factory=dict)
    axioms_cited: Mapping[str, int] = field(default_factory=dict)
    gaps: Mapping[str, str] = field(default_factory=dict)
    pauses: Mapping[str, datetime] = field(default_factory=dict)
    readiness: Mapping[str, str] = field(default_factory=dict)
    active_days: Mapping[str, frozenset[date]] = field(default_factory=dict)
    carried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merges: tuple[tuple[str, ...], ...] = ()
    latest_event_at: datetime | None = field(default=None, compare=False)

    def names_of(self, node_id: str) -> tuple[str, ...]:
        """Return the node id and every id that a migration carried its facts to, in that order, each once."""
        names = [node_id]
        for name in names:
            names += [each for each in self.carried.get(name, ()) if each not in names]
        return tuple(names)

    def name_now(self, node_id: str) -> str:
        """Return the last name that a migration carried a node's facts to, by which what it was is counted once.

        Of names that were carried in a circle, it is the first by spelling.
        """
        return min(self.names_of(self.names_of(node_id)[-1]))

    def days_in_phase(self, as_of: datetime) -> int:
        """Return whole days of 24 h in the current phase at `as_of`; 0 before the first phase."""
        return 0 if self.phase_entered_at is None else max(0, (as_of - self.phase_entered_at).days)

    def reflection_of(self, reflection_id: str) -> tuple[Reflection, int] | None:
        """Return a submission and its quality in per mille, or None while it is missing or not assessed."""
        written, said = self.reflections.get(reflection_id), self.assessed.get(reflection_id)
        return None if written is None or said is None else (written, said.quality)

    def failed_attempts(self, node_id: str) -> tuple[int, datetime | None]:
        """Return how often a checkpoint was failed, by any of its names, and when last."""
        known_as = [old for old in self.checkpoint_failures if node_id in self.names_of(old)]
        times = [self.checkpoint_failed_at[old] for old in known_as]
        return sum(self.checkpoint_failures[old] for old in known_as), max(times, default=None)

    def last_scored(self, node_id: str) -> datetime | None:
        """Return when the latest assessed submission on a prompt was written, by any of its names; None without one."""
        return max(
            (each.submitted_at for reflection_id, each in self.reflections.items()
             if reflection_id in self.assessed and node_id in self.names_of(each.node_id)), default=None,
        )  # fmt: skip
