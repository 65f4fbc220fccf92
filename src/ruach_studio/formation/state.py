"""Turn the state of one enrollment into evidence; and name what the rest of the pillar needs of the state's modules.

state_replay.py makes a state from a journal, state_facts.py says what it holds, state_snapshot.py stores and hashes it.
"""

from datetime import date, datetime

from ruach_studio.formation.evidence import Evidence, Origin
from ruach_studio.formation.graph import PHASES, Graph, Phase
from ruach_studio.formation.state_carry import begun_times, first_times, last_seen_by_tag, qualities
from ruach_studio.formation.state_facts import Assessed, FormationState, Reflection
from ruach_studio.formation.state_fold import OutOfOrder
from ruach_studio.formation.state_replay import NeedsWholeJournal, Numbered, Stretch, apply, replay, replay_rows
from ruach_studio.formation.state_snapshot import REDUCER_VERSION, OtherReducer, digest, from_snapshot, to_snapshot

__all__ = [
    "REDUCER_VERSION", "Assessed", "FormationState", "NeedsWholeJournal", "Numbered", "OtherReducer", "OutOfOrder",
    "Reflection", "Stretch", "apply", "digest", "evidence_of", "from_snapshot", "replay", "replay_rows", "to_snapshot",
]  # fmt: skip


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
        origin=Origin(state.enrollment_id, state.journal_version, REDUCER_VERSION) if state.journal_version else None,
    )
