"""Turn a member's journal, as reduced so far, into what score, gate and next step read, and nothing else.

Everything here is a fact from accepted events (decision F2): sets and maxima only, so that a score made of them can never
fall by living on. state.py makes it from the journal; evidence_text.py writes it down; scoring.py, gating.py, path.py and
next_step.py read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ruach_studio.formation.graph import Phase


@dataclass(frozen=True, slots=True)
class Origin:
    """The journal that evidence was reduced from: whose, up to which event, by which reducer; enough to reduce it again.

    `until`: later events were left out (a question about the past). `sha256`: of the evidence's text, '' if not yet known.
    """

    enrollment_id: str
    journal_version: int
    reducer: str
    until: datetime | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One enrollment's facts.

    `completed`: node id -> when (sections with qualifying dwell, passed checkpoints, scored reflections alike).
    `reflection_quality`: reflection node id -> best quality in per mille (0..1000). `active_days`: phase -> local dates with
    a qualifying completion, pass or reflection. `phase_started`: phase -> first start. `unlocked`: nodes opened for good.
    `last_seen_by_tag`: tag -> when content with that tag was last touched. `last_activity`: of any kind. `origin` says where
    the facts come from; it is no fact itself, and none of what a rule supposes for a moment has one.
    """

    completed: Mapping[str, datetime] = field(default_factory=dict)
    started: Mapping[str, datetime] = field(default_factory=dict)
    reflection_quality: Mapping[str, int] = field(default_factory=dict)
    checkpoints_passed: frozenset[str] = frozenset()
    active_days: Mapping[Phase, frozenset[date]] = field(default_factory=dict)
    phase_started: Mapping[Phase, datetime] = field(default_factory=dict)
    unlocked: frozenset[str] = frozenset()
    last_seen_by_tag: Mapping[str, datetime] = field(default_factory=dict)
    last_activity: datetime | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)
