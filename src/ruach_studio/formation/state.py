"""Turn a numbered journal into the state of one enrollment, today or as of any date, and the state into evidence.

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
from datetime import date, datetime

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import PHASES, Graph, Phase
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.state_carry import begun_times, first_times, last_seen_by_tag, qualities
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.formation.state_fold import OutOfOrder, fold
from ruach_studio.formation.state_snapshot import (
    REDUCER_VERSION,
    OtherReducer,
    digest,
    facts_of,
    from_snapshot,
    no_facts,
    settle,
    state_of,
    to_snapshot,
    to_us,
)  # fmt: skip
from ruach_studio.kernel.errors import Conflict

__all__ = [
    "REDUCER_VERSION", "Assessed", "FormationState", "NeedsWholeJournal", "OtherReducer", "OutOfOrder", "Reflection",
    "apply", "digest", "evidence_of", "from_snapshot", "replay", "to_snapshot",
]  # fmt: skip

Numbered = tuple[int, JournalEvent]


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
    latest = state.latest_event_at
    pairs = list(events)
    if as_of is not None:
        if latest is not None and as_of < latest:
            raise _whole(state, f"the state holds an event of {latest.isoformat()}, after {as_of.isoformat()}")
        pairs = [pair for pair in pairs if pair[1].occurred_at <= as_of]
    if not pairs:
        return state
    _check_order(state, pairs)
    facts = facts_of(state) if state.journal_version else no_facts()
    facts["active_days"] = {phase: dict.fromkeys(days) for phase, days in facts["active_days"].items()}
    facts["journal_version"], first = pairs[-1][0], pairs[0][1]
    facts["enrollment_id"], facts["user_id"] = first.enrollment_id, first.user_id
    times = [to_us(event.occurred_at) for _, event in pairs]
    latest_us = max(times) if latest is None else max(max(times), to_us(latest))
    standing: Iterable[tuple[Numbered, int]] = zip(pairs, times, strict=True)
    if any(event.event_type == "voided" for _, event in pairs):
        gone = _voided(state, pairs)
        standing = (each for each in standing if each[0][0] >= gone.get(each[0][1].event_id, 0))
    fold(facts, ((event.event_type, event.content_id, at, event.data) for (_, event), at in standing))
    return state_of(settle(facts), latest_us)


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


def evidence_of(state: FormationState, graph: Graph) -> Evidence:
    """Return what score, gates and next step read, with ids carried to the graph's by the enrollment's migrations.

    A prompt counts as completed once one submission has a quality above 0 (0 is a copy or a word list). Sections count
    as recorded: the dwell was measured against the graph of that day, and a stricter graph takes nothing back. Nodes that
    the graph does not know stay; only `last_seen_by_tag` needs their tags and leaves them out.
    """
    passed = first_times(state, state.checkpoints_passed)
    reflected, quality = dict[str, datetime](), dict[str, int]()
    days: dict[str, set[date]] = {phase: set(each) for phase, each in state.active_days.items()}
    for reflection_id in sorted(state.reflections):
        scored = state.reflection_of(reflection_id)
        if scored is None:
            continue
        written, per_mille = scored
        for name in state.names_of(written.node_id):
            node = graph.by_id.get(name)
            if node is not None and node.kind != "reflection":
                continue  # a checkpoint's answer: what completes it is its passage
            quality[name] = max(quality.get(name, 0), per_mille)
            if per_mille > 0:
                reflected[name] = min(reflected.get(name, written.submitted_at), written.submitted_at)
        if per_mille > 0 and written.phase is not None:
            days.setdefault(written.phase, set()).add(written.day)
    completed = first_times(state, state.sections_completed)
    for times in (passed, first_times(state, reflected)):
        for name, at in times.items():
            completed[name] = min(completed.get(name, at), at)
    phases: list[Phase] = [phase for phase in PHASES if phase in days]
    return Evidence(
        completed=completed,
        started=begun_times(state, graph),
        reflection_quality=qualities(state, quality),
        checkpoints_passed=frozenset(passed),
        active_days={phase: frozenset(days[phase]) for phase in phases},
        phase_started={phase: state.phase_started[phase] for phase in PHASES if phase in state.phase_started},
        unlocked=frozenset(first_times(state, state.unlocked)),
        last_seen_by_tag=last_seen_by_tag(state, graph),
        last_activity=state.last_activity,
    )
