"""Turn a stored projection, the journal behind it and its full replay into what is wrong and what a repair would change.

The journal is the truth, the projection a copy: a repair replaces the copy. What is wrong in the journal itself no replay
mends; it is named, event by event, and only an event that the journal's own door would refuse today can be voided.
Counterparts: state.py replays, usecases/rebuild_projection.py swaps the copy.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import DecimalException
from typing import Any

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Phase
from ruach_studio.formation.journal import EVENT_TYPES, JournalEvent, checked
from ruach_studio.formation.scoring import factors_of, ratio_words, total_bp
from ruach_studio.formation.state import (
    REDUCER_VERSION,
    FormationState,
    NeedsWholeJournal,
    Numbered,
    OtherReducer,
    OutOfOrder,
    digest,
    from_snapshot,
    replay,
)  # fmt: skip
from ruach_studio.kernel.errors import BadInput, Conflict

# What values of the wrong shape raise wherever they are read; anything else is a fault of the program, and stays one.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, DecimalException)
_MOST_NAMED = 20


class JournalUnreadable(Conflict):
    """The journal holds an event that the reducer cannot read."""

    code = "journal_unreadable"


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that differs: where it stands (`sections_completed.s1`), and its plain values; None = it is not there."""

    path: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Copy:
    """What readers make of a stored projection today: `state` None if they can make nothing of it. `faults` in sentences."""

    state: FormationState | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadEvent:
    """An event that the journal's door would refuse today, with why."""

    event_id: str
    version: int
    event_type: str
    why: str


@dataclass(frozen=True, slots=True)
class FactorChange:
    """One factor of a phase's score as readers see it (None: they cannot) and as the journal has it."""

    phase: Phase
    factor: str
    before: str | None
    after: str


def replay_whole(events: Sequence[Numbered]) -> FormationState:
    """Return the full replay. Raises JournalUnreadable that names the events which the door would refuse."""
    try:
        return replay(events)
    except (*UNREADABLE, OutOfOrder) as error:
        bad = bad_events(events)
        named = "; ".join(f"event {each.version} ({each.event_id}): {each.why}" for each in bad[:_MOST_NAMED])
        raise JournalUnreadable(
            named or f"{type(error).__name__}: {error}", subject=events[0][1].enrollment_id if events else "",
            remedy="Void them: repair with reset-score and voidEventIds." if bad else "Restore the journal from a backup.",
            event_ids=[each.event_id for each in bad],
        ) from error  # fmt: skip


def read_copy(
    stored: Mapping[str, Any] | None, reducer_version: str, stored_digest: str, events: Sequence[Numbered]
) -> Copy:
    """Return what readers see: the stored snapshot and the tail of `events` (the whole journal) behind it."""
    if stored is None:
        return Copy(None, ("there is no projection",))
    if reducer_version != REDUCER_VERSION:
        return Copy(None, (f"it was written by {reducer_version}, this is {REDUCER_VERSION}",))
    try:
        start = from_snapshot(stored)
        faults = list(_snapshot_faults(start, stored_digest, events))
        try:
            state = replay([pair for pair in events if pair[0] > start.journal_version], start=start)
        except NeedsWholeJournal:
            state = replay(events)
        digest(state)
    except (*UNREADABLE, OtherReducer, OutOfOrder) as error:
        return Copy(None, (f"it cannot be read ({type(error).__name__}: {error})",))
    return Copy(state, tuple(faults))


def _snapshot_faults(start: FormationState, stored_digest: str, events: Sequence[Numbered]) -> Iterator[str]:
    found = digest(start)
    if found != stored_digest:
        yield f"its facts hash to {found[:12]}, its digest says {stored_digest[:12]}: it was altered"
    newest = events[-1][0] if events else 0
    if start.journal_version > newest:
        yield f"it is at event {start.journal_version}, the journal ends at {newest}"
    owner = events[0][1].enrollment_id if events else start.enrollment_id
    if start.enrollment_id != owner:
        yield f"it is of enrollment {start.enrollment_id or 'none'}"


def journal_faults(events: Sequence[Numbered], counted: int) -> tuple[str, ...]:
    """Return what is missing between 1 and `counted`, the number that the enrollment's row says was written last."""
    expected, faults = 1, list[str]()
    for version, _ in events:
        if version != expected:
            faults.append(f"events {expected} to {version - 1} are missing")
        expected = version + 1
    if expected <= counted:
        faults.append(f"events {expected} to {counted} are missing")
    return tuple(faults)


def ghosts(graph: Graph, state: FormationState) -> tuple[str, ...]:
    """Return, in sentences, what the pinned version should have and has not: prerequisites, and nodes with work in them."""
    version = f"version {graph.version}"
    told = [
        f"{node.node_id} waits for {name}, which {version} does not have"
        for node in graph.nodes
        for name in node.prerequisites
        if name not in graph.by_id
    ]
    for name in sorted({*state.started, *state.sections_completed, *state.checkpoints_passed}):
        known = graph.by_id.keys() & set(state.names_of(name)) or any(name in row[1:] for row in state.merges)
        if not known and state.carried.get(name) != ():
            told.append(f"there is work on {name}, which {version} does not have")
    return tuple(told)


def bad_events(events: Sequence[Numbered]) -> tuple[BadEvent, ...]:
    """Return the events that the door would refuse, without those that are voided already."""
    voided = {str(event.data.get("eventId")) for _, event in events if event.event_type == "voided"}
    found: list[BadEvent] = []
    for version, event in events:
        why = _refusal(event)
        if why and event.event_id not in voided:
            found.append(BadEvent(event.event_id, version, event.event_type, why))
    return tuple(found)


def may_be_voided(bad: BadEvent) -> bool:
    """Say whether a repair may void it: a fact about the member, not what operators did."""
    return bad.event_type in EVENT_TYPES


def _refusal(event: JournalEvent) -> str:
    try:
        checked(event, allow_control=True)
    except BadInput as error:
        return error.fact
    except UNREADABLE as error:
        return f"its payload is unreadable ({type(error).__name__})"
    return ""


def differences(before: FormationState | None, after: FormationState) -> tuple[FactChange, ...]:
    """Return every fact that differs, field by field and key by key; () for two equal states."""
    empty = before or FormationState()
    return tuple(
        change
        for each in fields(FormationState)
        if each.compare
        for change in _changes(each.name, getattr(empty, each.name), getattr(after, each.name))
    )


def _changes(name: str, before: object, after: object) -> Iterator[FactChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}, key=str):
            if before.get(key) != after.get(key):
                yield FactChange(f"{name}.{key}", _plain(before.get(key)), _plain(after.get(key)))
    elif before != after:
        yield FactChange(name, _plain(before), _plain(after))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, frozenset):
        return sorted(str(each) for each in value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def factor_changes(graph: Graph, before: Evidence | None, after: Evidence) -> tuple[FactorChange, ...]:
    """Return the five factors and the total of each phase that is alive, as readers see them and as the journal has them."""
    found: list[FactorChange] = []
    for phase in graph.live_phases:
        then = None if before is None else _words_of(graph, before, phase)
        for name, words in _words_of(graph, after, phase).items():
            found.append(FactorChange(phase, name, None if then is None else then.get(name, then.get("fault")), words))
    return tuple(found)


def _words_of(graph: Graph, evidence: Evidence, phase: Phase) -> dict[str, str]:
    try:
        factors = factors_of(graph, evidence, phase)
    except BadInput as error:  # a copy with a quality out of range
        return {"fault": str(error)}
    return {**{each.name: each.words for each in factors}, "score": f"score {ratio_words(total_bp(factors))}"}
