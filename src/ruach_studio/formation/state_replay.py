"""Turn a numbered journal into the state of one enrollment, today or as of any date.

One pure reducer (decision F2). Time comes from the events and from `as_of`, never from a clock, so that replaying twice, in
one go or in pieces, or from a snapshot gives the identical state and digest. Rules:
- Events come in rising number; a number at or below the state's is refused, as is another enrollment's event.
- A `voided` event takes an earlier event (a lower number) out, and may itself be voided.
- `as_of` leaves out what occurred later, control events too.
- Reflections count by their best automatic quality, or by an operator's latest word, which alone may lower it.
A state holds facts, not events: where a void or an `as_of` reaches back before it, NeedsWholeJournal says so and the caller
replays from the start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_facts import FormationState
from ruach_studio.formation.state_fold import OutOfOrder, Row, fold
from ruach_studio.formation.state_snapshot import facts_of, no_facts, settle, state_of, to_us
from ruach_studio.kernel.errors import Conflict

Numbered = tuple[int, JournalEvent]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events of one enrollment that follow on number `after`, without a gap, as the fold reads them."""

    enrollment_id: str
    user_id: str
    after: int
    rows: Sequence[Row]


class NeedsWholeJournal(Conflict):
    """The state cannot be gone back behind: replay the journal from the start."""

    code = "needs_whole_journal"


def apply(state: FormationState, version: int, event: JournalEvent) -> FormationState:
    """Return the state after one more event. Raises as `replay` does, which copies the facts once for all."""
    return replay(((version, event),), start=state)


def replay(
    events: Iterable[Numbered], *, as_of: datetime | None = None, start: FormationState | None = None
) -> FormationState:
    """Return the state after `events` (number, event), in rising number, on top of `start` (default: nothing yet).

    Raises OutOfOrder for a number that does not rise, another enrollment's event or a type that the reducer does not know;
    NeedsWholeJournal if `as_of` lies before an event of `start`, or an event of `start` is voided.
    """
    state = start or FormationState()
    pairs = list(events)
    if as_of is not None:
        _check_date(state, as_of)
        pairs = [pair for pair in pairs if pair[1].occurred_at <= as_of]
    if not pairs:
        return state
    _check_order(state, pairs)
    times = [to_us(event.occurred_at) for _, event in pairs]
    standing: Iterable[tuple[Numbered, int]] = zip(pairs, times, strict=True)
    if any(event.event_type == "voided" for _, event in pairs):
        gone = _voided(state, pairs)
        standing = (each for each in standing if each[0][0] >= gone.get(each[0][1].event_id, 0))
    rows = ((event.event_type, event.content_id, at, event.data) for (_, event), at in standing)
    version, last = pairs[-1]
    return _folded(state, last.enrollment_id, last.user_id, version, rows, max(times))


def replay_rows(stretch: Stretch, *, as_of: datetime | None = None, start: FormationState | None = None) -> FormationState:
    """Return what `replay` would, from the rows that the fold reads: the quick way from a database.

    Raises OutOfOrder if the stretch does not follow on `start`, or for an unknown type; NeedsWholeJournal as `replay` does
    and for any `voided` row, since rows have no ids.
    """
    state, rows = start or FormationState(), stretch.rows
    if stretch.after != state.journal_version or state.enrollment_id not in ("", stretch.enrollment_id):
        raise OutOfOrder(f"rows of enrollment {stretch.enrollment_id} after {stretch.after} cannot follow on "
                         f"{state.journal_version} of {state.enrollment_id or 'none'}", subject=stretch.enrollment_id,
                         remedy="Read the rows behind the state at hand.")  # fmt: skip
    version = stretch.after + len(rows)
    if as_of is not None:
        _check_date(state, as_of)
        until = to_us(as_of)
        kept = [(number, row) for number, row in enumerate(rows, stretch.after + 1) if row[2] <= until]
        version, rows = (kept[-1][0] if kept else 0), [row for _, row in kept]
    if not rows:
        return state
    if any(row[0] == "voided" for row in rows):
        raise _whole(state, f"an event up to number {version} voids another")
    return _folded(state, stretch.enrollment_id, stretch.user_id, version, rows, max(row[2] for row in rows))


def _folded(
    state: FormationState, enrollment_id: str, user_id: str, version: int, rows: Iterable[Row], latest_us: int
) -> FormationState:
    facts = facts_of(state) if state.journal_version else no_facts()
    facts["active_days"] = {phase: dict.fromkeys(days) for phase, days in facts["active_days"].items()}
    facts["enrollment_id"], facts["user_id"], facts["journal_version"] = enrollment_id, user_id, version
    fold(facts, rows)
    before = state.latest_event_at
    return state_of(settle(facts), latest_us if before is None else max(latest_us, to_us(before)))


def _check_date(state: FormationState, as_of: datetime) -> None:
    latest = state.latest_event_at
    if latest is not None and as_of < latest:
        raise _whole(state, f"the state holds an event of {latest.isoformat()}, after {as_of.isoformat()}")


def _whole(state: FormationState, fact: str) -> NeedsWholeJournal:
    return NeedsWholeJournal(fact, subject=state.enrollment_id, remedy="Replay the enrollment's journal from the start.")


def _check_order(state: FormationState, pairs: Sequence[Numbered]) -> None:
    last, enrollment = state.journal_version, state.enrollment_id or pairs[0][1].enrollment_id
    for version, event in pairs:
        if version <= last or event.enrollment_id != enrollment:
            raise OutOfOrder(f"event {version} of enrollment {event.enrollment_id} cannot follow on {last} of {enrollment}",
                             subject=event.event_id,
                             remedy="Replay one enrollment's journal in the order of its numbers.")  # fmt: skip
        last = version


def _voided(state: FormationState, pairs: Sequence[Numbered]) -> Mapping[str, int]:
    """Return event id -> number of the event that voids it. Latest first, since a void may be voided."""
    here = {event.event_id for _, event in pairs}
    gone: dict[str, int] = {}
    for version, event in reversed(pairs):
        if event.event_type == "voided" and version >= gone.get(event.event_id, 0):
            subject = str(event.data["eventId"])
            if state.journal_version and subject not in here:
                raise _whole(state, f"event {version} voids {subject}, which the state at hand holds")
            gone.setdefault(subject, version)
    return gone
