"""Turn one more journal event into a change of the facts: one handler per event type, and nothing else changes them.

The fold is the reducer's workbench: its dicts may change, so that a long journal costs one step per event and no copies.
It is opened on a state (a copy), fed, and frozen into the next state. First times are minima, latest times maxima and
completions sets, so that a late arrival finds its place; only phase, gates, gaps and levels follow the journal's order.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection

Data = Mapping[str, Any]  # checked at the door by journal.checked
_NAMES = tuple(f.name for f in fields(FormationState))
_MAPS = tuple(f.name for f in fields(FormationState) if f.default_factory is dict)


class Fold:
    """A state under change. Fields are FormationState's; `dirty` says that a voided event must be taken out again."""

    def __init__(self, state: FormationState) -> None:
        """Copy what may change, once."""
        self.facts: dict[str, Any] = {name: getattr(state, name) for name in _NAMES}
        for name in _MAPS:
            self.facts[name] = dict(self.facts[name])
        self.facts["active_days"] = {phase: set(days) for phase, days in state.active_days.items()}
        self.log = list(state.log)
        self.dirty = False

    def freeze(self) -> FormationState:
        """Return the facts as a state; the fold must not be used again."""
        days = {phase: frozenset(each) for phase, each in self.facts["active_days"].items()}
        return FormationState(**{**self.facts, "active_days": days, "log": tuple(self.log)})


def _first(times: dict[str, datetime], key: str, at: datetime) -> None:
    known = times.get(key)
    if known is None or at < known:
        times[key] = at


def _latest(times: dict[str, datetime], key: str, at: datetime) -> None:
    known = times.get(key)
    if known is None or at > known:
        times[key] = at


def _acted(facts: dict[str, Any], at: datetime) -> None:
    known = facts["last_activity"]
    if known is None or at > known:
        facts["last_activity"] = at


def _touch(facts: dict[str, Any], node: str, at: datetime) -> None:
    """Note that the member worked on a node."""
    _acted(facts, at)
    _first(facts["started"], node, at)
    _latest(facts["touched"], node, at)


def _local_day(facts: dict[str, Any], at: datetime, data: Data) -> date:
    return (at + timedelta(minutes=data.get("utcOffsetMinutes", facts["utc_offset_minutes"]))).date()


def _more(numbers: dict[str, int], key: str) -> None:
    numbers[key] = numbers.get(key, 0) + 1


def _covenant_entered(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    _acted(fold.facts, at)
    if data["acknowledgedTerms"]:
        fold.facts["covenant"], fold.facts["covenant_at"] = data["covenantType"], at


def _phase_started(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    fold.facts["phase"], fold.facts["phase_entered_at"] = data["phase"], at
    _first(fold.facts["phase_started"], data["phase"], at)


def _phase_completed(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    _first(fold.facts["phase_completed"], data["phase"], at)


def _section_viewed(fold: Fold, at: datetime, node: str, data: Data) -> None:
    facts, node = fold.facts, node or data["sectionId"]
    _touch(facts, node, at)
    _more(facts["section_views"], node)
    facts["dwell_s"][node] = max(facts["dwell_s"].get(node, 0), data["dwellTimeSeconds"])


def _section_completed(fold: Fold, at: datetime, node: str, data: Data) -> None:
    facts, node = fold.facts, node or data["sectionId"]
    _touch(facts, node, at)
    _first(facts["sections_completed"], node, at)
    facts["dwell_s"][node] = max(facts["dwell_s"].get(node, 0), data["totalDwellTimeSeconds"])
    facts["active_days"].setdefault(data["phase"], set()).add(_local_day(facts, at, data))


def _checkpoint_reached(fold: Fold, at: datetime, node: str, data: Data) -> None:
    node = node or data["checkpointId"]
    _touch(fold.facts, node, at)
    _first(fold.facts["checkpoints_reached"], node, at)


def _checkpoint_completed(fold: Fold, at: datetime, node: str, data: Data) -> None:
    facts, node = fold.facts, node or data["checkpointId"]
    _touch(facts, node, at)
    if not data["passed"]:
        _more(facts["checkpoint_failures"], node)
        return
    _first(facts["checkpoints_passed"], node, at)
    facts["active_days"].setdefault(data["phase"], set()).add(_local_day(facts, at, data))


def _reflection_submitted(fold: Fold, at: datetime, node: str, data: Data) -> None:
    facts, node = fold.facts, node or data["checkpointId"]
    _touch(facts, node, at)
    facts["reflections"].setdefault(
        data["reflectionId"],
        Reflection(node, data["checkpointId"], data["wordCount"], at, _local_day(facts, at, data),
                   data.get("phase", facts["phase"])),
    )  # fmt: skip


def _reflection_analyzed(fold: Fold, _at: datetime, _node: str, data: Data) -> None:
    quality = int(Decimal(str(data["depthScore"])) * 1000 + Decimal("0.5"))
    assessed: dict[str, Assessed] = fold.facts["assessed"]
    known = assessed.get(data["reflectionId"], Assessed())
    if data.get("source", "rules") == "operator":
        assessed[data["reflectionId"]] = Assessed(known.automatic, quality)
    elif known.automatic is None or quality > known.automatic:
        assessed[data["reflectionId"]] = Assessed(quality, known.operator)


def _canon_definition_viewed(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    _acted(fold.facts, at)
    _first(fold.facts["axioms_viewed"], data["axiomId"], at)


def _canon_axiom_cited(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    _acted(fold.facts, at)
    _more(fold.facts["axioms_cited"], data["axiomId"])


def _pause_triggered(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    _latest(fold.facts["pauses"], data["reason"], at)


def _recommendation_issued(_fold: Fold, _at: datetime, _node: str, _data: Data) -> None:
    """Advice changes nothing that a rule reads."""


def _unlock(fold: Fold, at: datetime, node: str) -> None:
    _first(fold.facts["unlocked"], node, at)
    fold.facts["gated"].pop(node, None)


def _content_unlocked(fold: Fold, at: datetime, node: str, data: Data) -> None:
    _unlock(fold, at, node or data["contentId"])


def _content_gated(fold: Fold, _at: datetime, node: str, data: Data) -> None:
    node = node or data["contentId"]
    if node not in fold.facts["unlocked"]:  # what was once opened is never locked again
        fold.facts["gated"][node] = tuple(data["requirementsNeeded"])


def _readiness_level_changed(fold: Fold, _at: datetime, _node: str, data: Data) -> None:
    fold.facts["readiness"][data["dimension"]] = data["newLevel"]


def _formation_gap_detected(fold: Fold, _at: datetime, _node: str, data: Data) -> None:
    fold.facts["gaps"][f"{data['gapType']}/{data['area']}"] = data["severity"]


def _enrolled(fold: Fold, at: datetime, _node: str, data: Data) -> None:
    facts = fold.facts
    facts["path_id"], facts["graph_version"], facts["enrolled_at"] = data["pathId"], data["graphVersion"], at
    facts["utc_offset_minutes"] = data.get("utcOffsetMinutes", 0)


def _graph_migrated(fold: Fold, _at: datetime, _node: str, data: Data) -> None:
    fold.facts["graph_version"] = data["toVersion"]
    carried: dict[str, tuple[str, ...]] = fold.facts["carried"]
    for old, new in sorted(data["mapping"].items()):
        known = carried.get(old, ())
        added = tuple(dict.fromkeys(each for each in new if each != old and each not in known))
        if known or added:
            carried[old] = known + added


def _unblocked(fold: Fold, at: datetime, node: str, data: Data) -> None:
    for each in dict.fromkeys([*([node] if node else []), *data["nodeIds"]]):
        _unlock(fold, at, each)


def _repaired(fold: Fold, _at: datetime, _node: str, _data: Data) -> None:
    fold.facts["repairs"] += 1


def _voided(fold: Fold, _at: datetime, _node: str, _data: Data) -> None:
    fold.dirty = True


# type -> handler(fold, when in UTC, content id, payload)
HANDLERS: dict[str, Callable[[Fold, datetime, str, Data], None]] = {
    each.__name__[1:]: each
    for each in (
        _covenant_entered, _phase_started, _phase_completed, _section_viewed, _section_completed, _checkpoint_reached,
        _checkpoint_completed, _reflection_submitted, _reflection_analyzed, _canon_definition_viewed, _canon_axiom_cited,
        _pause_triggered, _recommendation_issued, _content_unlocked, _content_gated, _readiness_level_changed,
        _formation_gap_detected, _enrolled, _graph_migrated, _unblocked, _repaired, _voided,
    )
}  # fmt: skip
