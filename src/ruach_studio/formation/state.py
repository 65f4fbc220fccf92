"""Turn the state of one enrollment into evidence; and name what the rest of the pillar needs of the state's modules.

state_replay.py makes a state from a journal, state_facts.py says what it holds, state_snapshot.py stores and hashes it.
"""

from collections.abc import Mapping
from datetime import date, datetime

from ruach_studio.formation.evidence import Evidence, Origin
from ruach_studio.formation.graph import PHASES, Graph, Phase
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.formation.state_fold import OutOfOrder
from ruach_studio.formation.state_replay import NeedsWholeJournal, Stretch, apply, replay, replay_rows
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, OtherReducer, digest, from_snapshot, to_snapshot

__all__ = [
    "REDUCER_VERSION", "Assessed", "FormationState", "NeedsWholeJournal", "OtherReducer", "OutOfOrder", "Reflection",
    "Stretch", "apply", "digest", "evidence_of", "from_snapshot", "replay", "replay_rows", "to_snapshot",
]  # fmt: skip


def evidence_of(state: FormationState, graph: Graph) -> Evidence:
    """Return what score, gates and next step read, with ids carried to the graph's by the enrollment's migrations.

    A prompt counts as completed once one submission has a quality above 0 (0 is a copy or a word list). Sections count
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
            node = graph.by_id.get(name)
            if node is not None and node.kind != "reflection":
                continue  # a checkpoint's answer: what completes it is its passage
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
        origin=Origin(state.enrollment_id, state.journal_version, REDUCER_VERSION) if state.journal_version else None,
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
