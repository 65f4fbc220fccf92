"""Turn one more journal event into a change of the facts: one handler per event type, and nothing else changes them.

The fold is the reducer's workbench: plain values that may change, so that a long journal costs one step per event, no copies
and no conversions. Times are whole microseconds since 1970 (UTC), days ISO dates; state_snapshot.py says the rest. First
times are minima, latest times maxima and completions sets, so that a late arrival finds its place; only phase, gates, gaps
and levels follow the journal's order.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ruach_studio.kernel.errors import Conflict

Data = Mapping[str, Any]  # checked at the door by journal.checked
Row = tuple[str, str, int, Data]  # type, content id, when in microseconds, payload
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
_FIRST_DAY = date(1970, 1, 1).toordinal()


class OutOfOrder(Conflict):
    """The event does not follow on the state."""

    code = "out_of_order"


def fold(facts: dict[str, Any], rows: Iterable[Row]) -> None:
    """Change `facts` by `rows` in their order. Raises OutOfOrder for a type that the reducer does not know.

    Rows are the next ones of this enrollment, without what a `voided` event takes out: state.py sees to both.
    """
    handlers = HANDLERS
    for kind, node, at, data in rows:
        handler = handlers.get(kind)
        if handler is None:
            raise OutOfOrder(f"an event of enrollment {facts['enrollment_id']} has the unknown type {kind!r}", subject=kind,
                             remedy="Replay with the version of Ruach Studio that wrote it.")  # fmt: skip
        handler(facts, at, node, data)


def _first(times: dict[str, int], key: str, at: int) -> None:
    if at < times.setdefault(key, at):
        times[key] = at


def _latest(times: dict[str, int], key: str, at: int) -> None:
    if at > times.setdefault(key, at):
        times[key] = at


def _acted(facts: dict[str, Any], at: int) -> None:
    known = facts["last_activity"]
    if known is None or at > known:
        facts["last_activity"] = at


def _touch(facts: dict[str, Any], node: str, at: int) -> None:
    """Note that the member worked on a node."""
    known = facts["last_activity"]
    if known is None or at > known:
        facts["last_activity"] = at
    times = facts["started"]
    if at < times.setdefault(node, at):
        times[node] = at
    times = facts["touched"]
    if at > times.setdefault(node, at):
        times[node] = at


@lru_cache(maxsize=4096)
def _iso(day: int) -> str:
    return date.fromordinal(_FIRST_DAY + day).isoformat()


def _local_day(facts: dict[str, Any], at: int, data: Data) -> str:
    minutes: int = data.get("utcOffsetMinutes", facts["utc_offset_minutes"])
    return _iso((at + minutes * _MINUTE_US) // _DAY_US)


def _lived(facts: dict[str, Any], at: int, data: Data) -> None:
    """Note an active day of the phase. Days are a dict used as a set: state_snapshot.py sorts them."""
    facts["active_days"].setdefault(data["phase"], {})[_local_day(facts, at, data)] = None


def _more(numbers: dict[str, int], key: str) -> None:
    numbers[key] = numbers.get(key, 0) + 1


def _covenant_entered(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    _acted(facts, at)
    if data["acknowledgedTerms"]:
        facts["covenant"], facts["covenant_at"] = data["covenantType"], at


def _phase_started(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    facts["phase"], facts["phase_entered_at"] = data["phase"], at
    _first(facts["phase_started"], data["phase"], at)


def _phase_completed(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    _first(facts["phase_completed"], data["phase"], at)


def _section_viewed(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    node = node or data["sectionId"]
    _touch(facts, node, at)
    _more(facts["section_views"], node)
    _latest(facts["dwell_s"], node, data["dwellTimeSeconds"])


def _section_completed(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    node = node or data["sectionId"]
    _touch(facts, node, at)
    _first(facts["sections_completed"], node, at)
    _latest(facts["dwell_s"], node, data["totalDwellTimeSeconds"])
    _lived(facts, at, data)


def _checkpoint_reached(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    node = node or data["checkpointId"]
    _touch(facts, node, at)
    _first(facts["checkpoints_reached"], node, at)


def _checkpoint_completed(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    node = node or data["checkpointId"]
    _touch(facts, node, at)
    if not data["passed"]:
        _more(facts["checkpoint_failures"], node)
        _latest(facts["checkpoint_failed_at"], node, at)
        return
    _first(facts["checkpoints_passed"], node, at)
    _lived(facts, at, data)


def _reflection_submitted(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    checkpoint = data["checkpointId"]
    node = node or checkpoint
    _touch(facts, node, at)
    if data["reflectionId"] not in facts["reflections"]:
        facts["reflections"][data["reflectionId"]] = [
            node, checkpoint, data["wordCount"], at, _local_day(facts, at, data), data.get("phase", facts["phase"]),
        ]  # fmt: skip


@lru_cache(maxsize=4096)
def _per_mille(depth: float) -> int:
    return int(Decimal(str(depth)) * 1000 + Decimal("0.5"))


def _reflection_analyzed(facts: dict[str, Any], _at: int, _node: str, data: Data) -> None:
    quality = _per_mille(data["depthScore"])
    known: list[int | None] = facts["assessed"].setdefault(data["reflectionId"], [None, None])  # automatic, operator
    if data.get("source", "rules") == "operator":
        known[1] = quality
    elif known[0] is None or quality > known[0]:
        known[0] = quality


def _canon_definition_viewed(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    _acted(facts, at)
    _first(facts["axioms_viewed"], data["axiomId"], at)


def _canon_axiom_cited(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    _acted(facts, at)
    _more(facts["axioms_cited"], data["axiomId"])


def _pause_triggered(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    _latest(facts["pauses"], data["reason"], at)


def _recommendation_issued(_facts: dict[str, Any], _at: int, _node: str, _data: Data) -> None:
    """Advice changes nothing that a rule reads."""


def _unlock(facts: dict[str, Any], at: int, node: str) -> None:
    _first(facts["unlocked"], node, at)
    facts["gated"].pop(node, None)


def _content_unlocked(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    _unlock(facts, at, node or data["contentId"])


def _content_gated(facts: dict[str, Any], _at: int, node: str, data: Data) -> None:
    node = node or data["contentId"]
    if node not in facts["unlocked"]:  # what was once opened is never locked again
        facts["gated"][node] = list(data["requirementsNeeded"])


def _readiness_level_changed(facts: dict[str, Any], _at: int, _node: str, data: Data) -> None:
    facts["readiness"][data["dimension"]] = data["newLevel"]


def _formation_gap_detected(facts: dict[str, Any], _at: int, _node: str, data: Data) -> None:
    facts["gaps"][f"{data['gapType']}/{data['area']}"] = data["severity"]


def _enrolled(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    facts["path_id"], facts["graph_version"], facts["enrolled_at"] = data["pathId"], data["graphVersion"], at
    facts["utc_offset_minutes"] = data.get("utcOffsetMinutes", 0)


def _graph_migrated(facts: dict[str, Any], at: int, _node: str, data: Data) -> None:
    facts["graph_version"] = data["toVersion"]
    carried: dict[str, list[str]] = facts["carried"]
    for old, new in sorted(data["mapping"].items()):
        known = carried.get(old, [])
        added = list(dict.fromkeys(each for each in new if each != old and each not in known))
        if known or added or not new:  # nothing: it is history, and no later version has to ask again
            carried[old] = known + added
    merges: list[list[str]] = facts["merges"]
    merges += [list(row) for row in data.get("merges", ()) if list(row) not in merges]
    for each in data.get("keptOpen", ()):
        _unlock(facts, at, each)


def _unblocked(facts: dict[str, Any], at: int, node: str, data: Data) -> None:
    for each in dict.fromkeys([*([node] if node else []), *data["nodeIds"]]):
        _unlock(facts, at, each)


def _repaired(facts: dict[str, Any], _at: int, _node: str, _data: Data) -> None:
    facts["repairs"] += 1


def _voided(_facts: dict[str, Any], _at: int, _node: str, _data: Data) -> None:
    """What it takes out never came here; see state.py."""


# type -> handler(facts, when in microseconds, content id, payload)
HANDLERS: dict[str, Callable[[dict[str, Any], int, str, Data], None]] = {
    each.__name__[1:]: each
    for each in (
        _covenant_entered, _phase_started, _phase_completed, _section_viewed, _section_completed, _checkpoint_reached,
        _checkpoint_completed, _reflection_submitted, _reflection_analyzed, _canon_definition_viewed, _canon_axiom_cited,
        _pause_triggered, _recommendation_issued, _content_unlocked, _content_gated, _readiness_level_changed,
        _formation_gap_detected, _enrolled, _graph_migrated, _unblocked, _repaired, _voided,
    )
}  # fmt: skip
