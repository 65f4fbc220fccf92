"""Turn a numbered journal into the state of one enrollment, today or as of any date, and the state into evidence.

One pure reducer (decision F2). Time comes from the events and from `as_of`, never from a clock, so that replaying twice, in
one go or in pieces, or from a snapshot gives the identical state and digest. Rules:
- Events come in rising number; a number at or below the state's is refused, as is another enrollment's event.
- A `voided` event takes an earlier event (a lower number) out, wherever the pieces were cut, and may itself be voided.
- `as_of` leaves out what occurred later, control events too.
- Reflections count by their best automatic quality, or by an operator's latest word, which alone may lower it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Phase
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.formation.state_fold import HANDLERS, Fold
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, OtherReducer, digest, from_snapshot, to_snapshot
from ruach_studio.kernel.errors import Conflict

__all__ = [
    "REDUCER_VERSION", "Assessed", "FormationState", "OtherReducer", "OutOfOrder", "Reflection", "apply", "digest",
    "evidence_of", "from_snapshot", "replay", "to_snapshot",
]  # fmt: skip

Numbered = tuple[int, JournalEvent]


class OutOfOrder(Conflict):
    """The event does not follow on the state."""

    code = "out_of_order"


def apply(state: FormationState, version: int, event: JournalEvent) -> FormationState:
    """Return the state after one more event. Raises OutOfOrder; costs a copy of the facts (`replay` copies once for all)."""
    return replay(((version, event),), start=state)


def replay(
    events: Iterable[Numbered], *, as_of: datetime | None = None, start: FormationState | None = None
) -> FormationState:
    """Return the state after `events` (number, event), in rising number, on top of `start` (default: nothing yet).

    Raises OutOfOrder for a number that does not rise, another enrollment's event or a type that the reducer does not know.
    """
    state = start or FormationState()
    if as_of is not None and any(event.occurred_at > as_of for _, event in state.log):
        state = _fold_all([pair for pair in state.log if pair[1].occurred_at <= as_of])
    fold = Fold(state)
    _feed(fold, events if as_of is None else (pair for pair in events if pair[1].occurred_at <= as_of))
    return _fold_all(fold.log) if fold.dirty else fold.freeze()


def _feed(fold: Fold, events: Iterable[Numbered]) -> None:
    facts, keep = fold.facts, fold.log.append
    last: int = facts["journal_version"]
    enrollment: str = facts["enrollment_id"]
    for pair in events:
        version, event = pair
        if version <= last or event.enrollment_id != enrollment:
            if enrollment or version <= last:
                raise OutOfOrder(f"event {version} of enrollment {event.enrollment_id} cannot follow on {last} of "
                                 f"{enrollment or 'none'}", subject=event.event_id,
                                 remedy="Replay one enrollment's journal in the order of its numbers.")  # fmt: skip
            enrollment = event.enrollment_id
            facts["enrollment_id"], facts["user_id"] = enrollment, event.user_id
        handler = HANDLERS.get(event.event_type)
        if handler is None:
            raise OutOfOrder(f"event {version} has the unknown type {event.event_type!r}", subject=event.event_id,
                             remedy="Replay with the version of Ruach Studio that wrote it.")  # fmt: skip
        keep(pair)
        last, at = version, event.occurred_at
        handler(fold, at if at.tzinfo is UTC else at.astimezone(UTC), event.content_id, event.data)
    facts["journal_version"] = last


def _fold_all(log: list[Numbered]) -> FormationState:
    """Return the state of a whole log with what was voided left out. The log is kept whole: a void may be voided."""
    gone: dict[str, int] = {}  # event id -> number of the event that voids it
    for version, event in reversed(log):
        if event.event_type == "voided" and not _is_voided(gone, version, event):
            gone[str(event.data["eventId"])] = version
    fold = Fold(FormationState())
    _feed(fold, [pair for pair in log if not _is_voided(gone, *pair)])
    fold.log = log
    if log:
        fold.facts["journal_version"] = log[-1][0]
        fold.facts["enrollment_id"], fold.facts["user_id"] = log[0][1].enrollment_id, log[0][1].user_id
    return fold.freeze()


def _is_voided(gone: Mapping[str, int], version: int, event: JournalEvent) -> bool:
    return version < gone.get(str(event.event_id), 0)


def evidence_of(state: FormationState, graph: Graph) -> Evidence:
    """Return what score, gates and next step read, with ids carried to the graph's by the enrollment's migrations.

    A reflection counts as completed once one submission has a quality above 0 (0 is a copy or a word list). Sections count
    as recorded: the dwell was measured against the graph of that day, and a stricter graph takes nothing back. Nodes that
    the graph does not know stay; only `last_seen_by_tag` needs their tags and leaves them out.
    """
    completed, quality = _earliest(state, state.sections_completed), dict[str, int]()
    _merge(completed, _earliest(state, state.checkpoints_passed))
    days: dict[str, set[date]] = {phase: set(each) for phase, each in state.active_days.items()}
    for reflection_id in sorted(state.reflections):
        scored = state.reflection_of(reflection_id)
        if scored is None:
            continue
        written, per_mille = scored
        for name in state.names_of(written.node_id):
            quality[name] = max(quality.get(name, 0), per_mille)
            if per_mille > 0:
                _merge(completed, {name: written.submitted_at})
        if per_mille > 0 and written.phase is not None:
            days.setdefault(written.phase, set()).add(written.day)
    phases: list[Phase] = [phase for phase in PHASES if phase in days]
    return Evidence(
        completed=completed,
        started=_earliest(state, state.started),
        reflection_quality=quality,
        checkpoints_passed=frozenset(_earliest(state, state.checkpoints_passed)),
        active_days={phase: frozenset(days[phase]) for phase in phases},
        phase_started={phase: state.phase_started[phase] for phase in PHASES if phase in state.phase_started},
        unlocked=frozenset(_earliest(state, state.unlocked)),
        last_seen_by_tag=_last_seen(state, graph),
        last_activity=state.last_activity,
    )


def _merge(times: dict[str, datetime], more: Mapping[str, datetime]) -> None:
    for name, at in more.items():
        times[name] = min(times.get(name, at), at)


def _earliest(state: FormationState, times: Mapping[str, datetime]) -> dict[str, datetime]:
    if not state.carried:
        return dict(times)
    found: dict[str, datetime] = {}
    for node_id, at in times.items():
        _merge(found, dict.fromkeys(state.names_of(node_id), at))
    return found


def _last_seen(state: FormationState, graph: Graph) -> dict[str, datetime]:
    seen: dict[str, datetime] = {}
    for node_id, at in state.touched.items():
        for name in state.names_of(node_id):
            node = graph.by_id.get(name)
            for tag in node.tags if node is not None else ():
                seen[tag] = max(seen.get(tag, at), at)
    return dict(sorted(seen.items()))
