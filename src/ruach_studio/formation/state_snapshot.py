"""Turn a state into plain values and back without loss, and into one hash by which two replays are compared.

Times become whole microseconds since 1970 (UTC), days ISO dates. The digest is over the facts and the journal version, not
over the kept log, which the version names. A snapshot carries the reducer's version: one written by other rules is refused,
and the reader replays from the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.kernel.errors import Conflict
from ruach_studio.kernel.hashing import inputs_hash

REDUCER_VERSION = "formation-state-v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class OtherReducer(Conflict):
    """The snapshot was written by another version of the reducer."""

    code = "other_reducer"


def _us(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _at(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _times(each: Mapping[str, datetime]) -> dict[str, int]:
    return {key: _us(at) for key, at in each.items()}


def _lists(each: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {key: list(values) for key, values in each.items()}


def _from_times(each: Mapping[str, int]) -> dict[str, datetime]:
    return {key: _at(us) for key, us in each.items()}


def _reflection(each: Reflection) -> list[object]:
    return [each.node_id, each.checkpoint_id, each.word_count, _us(each.submitted_at), each.day.isoformat(), each.phase]


def _from_reflection(row: list[Any]) -> Reflection:
    return Reflection(row[0], row[1], row[2], _at(row[3]), date.fromisoformat(row[4]), row[5])


def _event(version: int, event: JournalEvent) -> list[object]:
    return [version, str(event.event_id), event.event_type, event.content_id, _us(event.occurred_at), dict(event.data)]


# field -> (to plain, from plain); a field that is not named here is plain already
_Codec = tuple[Callable[[Any], object], Callable[[Any], object]]
_TIME: _Codec = (lambda at: None if at is None else _us(at), lambda us: None if us is None else _at(us))
_CODECS: dict[str, _Codec] = {
    **dict.fromkeys(("enrolled_at", "covenant_at", "phase_entered_at", "last_activity"), _TIME),
    **dict.fromkeys(
        ("phase_started", "phase_completed", "started", "touched", "sections_completed", "checkpoints_reached",
         "checkpoints_passed", "unlocked", "axioms_viewed", "pauses"), (_times, _from_times)),
    **dict.fromkeys(
        ("gated", "carried"), (_lists, lambda each: {key: tuple(values) for key, values in each.items()})),
    **dict.fromkeys(
        ("section_views", "dwell_s", "checkpoint_failures", "axioms_cited", "gaps", "readiness"), (dict, dict)),
    "reflections": (
        lambda each: {key: _reflection(value) for key, value in each.items()},
        lambda each: {key: _from_reflection(row) for key, row in each.items()}),
    "assessed": (
        lambda each: {key: [value.automatic, value.operator] for key, value in each.items()},
        lambda each: {key: Assessed(*row) for key, row in each.items()}),
    "active_days": (
        lambda each: {key: sorted(day.isoformat() for day in days) for key, days in each.items()},
        lambda each: {key: frozenset(date.fromisoformat(day) for day in days) for key, days in each.items()}),
}  # fmt: skip
_PLAIN: _Codec = (lambda value: value, lambda value: value)
_FACTS = tuple(f.name for f in fields(FormationState) if f.name != "log")


def facts_of(state: FormationState) -> dict[str, object]:
    """Return the facts as plain values (JSON)."""
    return {name: _CODECS.get(name, _PLAIN)[0](getattr(state, name)) for name in _FACTS}


def digest(state: FormationState) -> str:
    """Return the SHA-256 over the canonical JSON of the facts and the reducer's version."""
    return inputs_hash([REDUCER_VERSION, facts_of(state)])


def to_snapshot(state: FormationState) -> dict[str, object]:
    """Return plain values from which `from_snapshot` makes the same state, events included."""
    return {
        "reducerVersion": REDUCER_VERSION, "facts": facts_of(state),
        "log": [_event(version, event) for version, event in state.log],
    }  # fmt: skip


def from_snapshot(snapshot: Mapping[str, Any]) -> FormationState:
    """Return the state of a snapshot. Raises OtherReducer if other rules wrote it."""
    if snapshot["reducerVersion"] != REDUCER_VERSION:
        raise OtherReducer(f"it was written by {snapshot['reducerVersion']}, this is {REDUCER_VERSION}",
                           subject="snapshot", remedy="Replay the journal from the start.")  # fmt: skip
    facts: dict[str, Any] = {name: _CODECS.get(name, _PLAIN)[1](snapshot["facts"][name]) for name in _FACTS}
    log = tuple(
        (version, JournalEvent(event_id, facts["user_id"], facts["enrollment_id"], kind, content_id, _at(us), data))
        for version, event_id, kind, content_id, us, data in snapshot["log"]
    )
    return FormationState(**facts, log=log)
