"""Turn a state into plain values and back without loss, and into one hash by which two replays are compared.

Times become whole microseconds since 1970 (UTC), days ISO dates, sets sorted lists. The digest is over the facts and the
journal version. A snapshot never holds the journal's events, so that it does not grow with them; it carries the reducer's
version: one written by other rules is refused, and the reader replays from the start.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.kernel.errors import Conflict

REDUCER_VERSION = "formation-state-v3"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class OtherReducer(Conflict):
    """The snapshot was written by another version of the reducer."""

    code = "other_reducer"


def to_us(at: datetime) -> int:
    """Return an aware time as whole microseconds since 1970 (UTC)."""
    return (at - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=16384)  # most times stand in several facts
def _at(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _times(each: Mapping[str, datetime]) -> dict[str, int]:
    return {key: to_us(at) for key, at in each.items()}


def _lists(each: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {key: list(values) for key, values in each.items()}


def _from_times(each: Mapping[str, int]) -> dict[str, datetime]:
    return {key: _at(us) for key, us in each.items()}


def _reflection(each: Reflection) -> list[object]:
    return [each.node_id, each.checkpoint_id, each.word_count, to_us(each.submitted_at), each.day.isoformat(), each.phase]


def _from_reflection(row: list[Any]) -> Reflection:
    return Reflection(row[0], row[1], row[2], _at(row[3]), date.fromisoformat(row[4]), row[5])


# field -> (to plain, from plain); a field that is not named here is plain already
_Codec = tuple[Callable[[Any], object], Callable[[Any], object]]
_TIME: _Codec = (lambda at: None if at is None else to_us(at), lambda us: None if us is None else _at(us))
_CODECS: dict[str, _Codec] = {
    **dict.fromkeys(("enrolled_at", "covenant_at", "phase_entered_at", "last_activity"), _TIME),
    **dict.fromkeys(
        ("phase_started", "phase_completed", "started", "touched", "sections_completed", "checkpoints_reached",
         "checkpoints_passed", "checkpoint_failed_at", "unlocked", "axioms_viewed", "pauses"), (_times, _from_times)),
    **dict.fromkeys(
        ("gated", "carried"), (_lists, lambda each: {key: tuple(values) for key, values in each.items()})),
    **dict.fromkeys(
        ("section_views", "dwell_s", "checkpoint_failures", "axioms_cited", "gaps", "readiness"), (dict, dict)),
    "merges": (lambda rows: [list(row) for row in rows], lambda rows: tuple(tuple(row) for row in rows)),
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
_FACTS = tuple(f.name for f in fields(FormationState) if f.name != "latest_event_at")


def no_facts() -> dict[str, Any]:
    """Return the plain facts of an enrollment whose journal is empty, for a fold to fill."""
    return {
        "enrollment_id": "", "user_id": "", "path_id": "", "graph_version": 0, "journal_version": 0,
        "utc_offset_minutes": 0, "enrolled_at": None, "covenant": None, "covenant_at": None, "phase": None,
        "phase_entered_at": None, "last_activity": None, "repairs": 0, "phase_started": {}, "phase_completed": {},
        "started": {}, "touched": {}, "section_views": {}, "dwell_s": {}, "sections_completed": {},
        "checkpoints_reached": {}, "checkpoints_passed": {}, "checkpoint_failures": {}, "checkpoint_failed_at": {},
        "reflections": {}, "assessed": {}, "unlocked": {}, "gated": {}, "axioms_viewed": {}, "axioms_cited": {},
        "gaps": {}, "pauses": {}, "readiness": {}, "active_days": {}, "carried": {}, "merges": [],
    }  # fmt: skip


def facts_of(state: FormationState) -> dict[str, Any]:
    """Return the facts as plain values (JSON)."""
    return {name: _CODECS.get(name, _PLAIN)[0](getattr(state, name)) for name in _FACTS}


def state_of(facts: Mapping[str, Any], latest_event_us: int | None) -> FormationState:
    """Return the state whose plain facts these are."""
    decoded: dict[str, Any] = {name: _CODECS.get(name, _PLAIN)[1](facts[name]) for name in _FACTS}
    return FormationState(**decoded, latest_event_at=None if latest_event_us is None else _at(latest_event_us))


def settle(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a fold as `facts_of` gives them: the days, which a fold keeps as keys, become sorted lists."""
    facts["active_days"] = {phase: sorted(days) for phase, days in facts["active_days"].items()}
    return facts


def digest_of(facts: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON of settled facts and the reducer's version."""
    # kernel.hashing.canonical_json's bytes, in a tenth of the time; test_state_snapshot.py compares
    return hashlib.sha256(orjson.dumps([REDUCER_VERSION, facts], option=orjson.OPT_SORT_KEYS)).hexdigest()


def digest(state: FormationState) -> str:
    """Return the digest of a state's facts."""
    return digest_of(facts_of(state))


def to_snapshot(state: FormationState) -> dict[str, object]:
    """Return plain values from which `from_snapshot` makes the same state."""
    latest = state.latest_event_at
    return {
        "reducerVersion": REDUCER_VERSION, "facts": facts_of(state),
        "latestEventUs": None if latest is None else to_us(latest),
    }  # fmt: skip


def from_snapshot(snapshot: Mapping[str, Any]) -> FormationState:
    """Return the state of a snapshot. Raises OtherReducer if other rules wrote it."""
    if snapshot["reducerVersion"] != REDUCER_VERSION:
        raise OtherReducer(f"it was written by {snapshot['reducerVersion']}, this is {REDUCER_VERSION}",
                           subject="snapshot", remedy="Replay the journal from the start.")  # fmt: skip
    return state_of(snapshot["facts"], snapshot["latestEventUs"])
