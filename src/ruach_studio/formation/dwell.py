"""Turn heartbeats of open tabs into the seconds that a member has spent on a node, as the server saw them.

The client says only "still here": no duration of its own is read. Rules, in whole milliseconds:
- A session (one open tab) is bound to the node of its first beat, which credits nothing.
- Sequence numbers rise; a repeat or an older one is refused.
- One beat per 8 s (`MIN_GAP_MS`) is accepted; a sooner one is refused and changes nothing.
- An accepted beat claims the time since the session's last accepted one, clamped to 0..15 s (`MAX_DELTA_MS`).
- Time is credited once per member: what another tab has claimed already, on whatever node, is taken off (union).
- A session without an accepted beat for 1 h (`TTL_MS`) is forgotten, as are the member's oldest beyond 16.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

DWELL_RULES = "dwell-v1"
MIN_GAP_MS = 8_000
MAX_DELTA_MS = 15_000
TTL_MS = 3_600_000
MAX_SESSIONS = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

DwellDecision = Literal["opened", "credited", "too_soon", "stale_sequence", "other_node"]


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat of a visible tab."""

    session_id: str
    node_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class DwellSession:
    """An open tab: its node, the last sequence and when the last beat was accepted (ms since 1970)."""

    node_id: str
    sequence: int
    accepted_ms: int


@dataclass(frozen=True, slots=True)
class DwellState:
    """One member's open tabs, the time claimed in the last hour (disjoint, rising [start, end) in ms), and ms per node.

    `of_day`: node -> the last local day on which time was credited to it, and the ms of that day.
    """

    sessions: Mapping[str, DwellSession] = field(default_factory=dict)
    claimed: tuple[tuple[int, int], ...] = ()
    dwell_ms: Mapping[str, int] = field(default_factory=dict)
    of_day: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def dwell_s(self, *places: str) -> int:
        """Return the whole seconds credited to nodes of these places, all together."""
        return sum(self.dwell_ms.get(each, 0) for each in places) // 1000

    def day_s(self, day: str, *places: str) -> int:
        """Return the whole seconds credited to nodes of these places on the local day `day`, all together."""
        return sum(ms for last, ms in (self.of_day.get(each, ("", 0)) for each in places) if last == day) // 1000


def accept(
    beat: Beat, state: DwellState, received_at: datetime, *, day: str = ""
) -> tuple[DwellState, float, Verdict[DwellDecision]]:  # fmt: skip
    """Return the next state, the seconds credited by this beat (0..15) and what became of it, with why.

    `received_at` is the server's time and aware, `day` the member's local day then, which all of the beat's seconds are
    counted to. A refused beat leaves the state as it was.
    """
    now_ms = (received_at - _EPOCH) // _MILLISECOND
    session = state.sessions.get(beat.session_id)
    if session is not None and now_ms - session.accepted_ms > TTL_MS:
        session = None
    inputs = inputs_hash([beat, session, [list(each) for each in state.claimed], now_ms])

    def verdict(decision: DwellDecision, reason: str) -> Verdict[DwellDecision]:
        return Verdict(decision, (reason,), inputs, DWELL_RULES)

    if session is None:
        opened = _with_session(state, beat, now_ms)
        return opened, 0.0, verdict("opened", f"the first beat on {beat.node_id} starts the count; it credits 0 s")
    if session.node_id != beat.node_id:
        reason = f"the session is bound to {session.node_id}, the beat names {beat.node_id}: open a session of its own"
        return state, 0.0, verdict("other_node", reason)
    if beat.sequence <= session.sequence:
        reason = f"sequence {beat.sequence} does not follow {session.sequence}"
        return state, 0.0, verdict("stale_sequence", reason)
    gap_ms = now_ms - session.accepted_ms
    if gap_ms < MIN_GAP_MS:
        reason = f"{max(gap_ms, 0) / 1000:.3f} s since the last accepted beat; one per {MIN_GAP_MS // 1000} s counts"
        return state, 0.0, verdict("too_soon", reason)
    start_ms = now_ms - min(gap_ms, MAX_DELTA_MS)
    credited_ms = _free_ms(state.claimed, start_ms, now_ms)
    last, before_ms = state.of_day.get(beat.node_id, ("", 0))
    following = replace(
        _with_session(state, beat, now_ms),
        claimed=_union(state.claimed, start_ms, now_ms),
        dwell_ms={**state.dwell_ms, beat.node_id: state.dwell_ms.get(beat.node_id, 0) + credited_ms},
        of_day={**state.of_day, beat.node_id: (day, credited_ms + (before_ms if last == day else 0))},
    )
    elsewhere_ms = now_ms - start_ms - credited_ms
    reason = f"{credited_ms / 1000:.3f} s credited of {gap_ms / 1000:.3f} s since the last beat (at most 15)"
    if elsewhere_ms:
        reason += f"; {elsewhere_ms / 1000:.3f} s were counted in another tab"
    return following, credited_ms / 1000, verdict("credited", reason)


def _with_session(state: DwellState, beat: Beat, now_ms: int) -> DwellState:
    """Note the beat as its session's last; forget lapsed sessions, claims of over 1 h ago, and the oldest beyond 16."""
    alive = {
        name: each
        for name, each in state.sessions.items()
        if name != beat.session_id and now_ms - each.accepted_ms <= TTL_MS
    }
    newest = sorted(alive, key=lambda name: (-alive[name].accepted_ms, name))[: MAX_SESSIONS - 1]
    sessions = {name: alive[name] for name in sorted(newest)}
    sessions[beat.session_id] = DwellSession(beat.node_id, beat.sequence, now_ms)
    claimed = tuple(each for each in state.claimed if each[1] >= now_ms - TTL_MS)
    return replace(state, sessions=sessions, claimed=claimed)


def _free_ms(claimed: tuple[tuple[int, int], ...], start_ms: int, end_ms: int) -> int:
    taken = sum(max(0, min(end, end_ms) - max(start, start_ms)) for start, end in claimed)
    return end_ms - start_ms - taken


def _union(claimed: tuple[tuple[int, int], ...], start_ms: int, end_ms: int) -> tuple[tuple[int, int], ...]:
    apart = [each for each in claimed if each[1] < start_ms or each[0] > end_ms]
    joined = [each for each in claimed if each[1] >= start_ms and each[0] <= end_ms]
    whole = (min([start_ms, *(start for start, _ in joined)]), max([end_ms, *(end for _, end in joined)]))
    recent = [each for each in [*apart, whole] if each[1] >= end_ms - TTL_MS]
    return tuple(sorted(recent))
