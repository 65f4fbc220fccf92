"""Turn one member's facts, a newer graph and its mappings into what the member's migration would do, node by node.

migration-v1: nothing blocks and nothing is lost. Every fact keeps its old name; where a mapping names heirs of the same
kind, they hold it as well. What was open stays open: nodes that the new graph would shut are opened for good. A node with
work in it that no rule leads anywhere is `unmappable`: flagged for an operator, who may name its heirs; the enrollment goes
on meanwhile. The score is told before and after, since a new version may ask for more. All of it goes into one
`graph_migrated` event, so that a replay never asks today's mappings. Counterparts: migration_map.py reads the mappings,
migration_fate.py names what becomes of each node, usecases/migrate_enrollment.py writes the event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Standing
from ruach_studio.formation.graph import PHASES, Graph, Phase
from ruach_studio.formation.journal import JournalEvent
from ruach_studio.formation.migration_fate import NodeOutcome, outcomes_of, unmappable_of, usable_rules
from ruach_studio.formation.migration_map import Rules
from ruach_studio.formation.scoring import compute_formation_score, ratio_words
from ruach_studio.formation.state import FormationState, apply, evidence_of
from ruach_studio.kernel.errors import Conflict

MIGRATION_RULES = "migration-v1"


class OlderVersion(Conflict):
    """A member never goes back to an older version of the path."""

    code = "older_version"


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A phase's score in basis points under the old graph and under the new one, with what each is made of."""

    phase: Phase
    before_bp: int
    after_bp: int
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say it in a line; a lower score takes no access away."""
        kept = "; what was open stays open" if self.after_bp < self.before_bp else ""
        return f"{self.phase}: {ratio_words(self.before_bp)} before, {ratio_words(self.after_bp)} after{kept}"


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration does. `mapping`, `merges` and `kept_open` are the event's; `added`: steps that are new to the member;
    `state` and `evidence`: how the member stands afterwards."""

    from_version: int
    to_version: int
    mapping: Mapping[str, tuple[str, ...]]
    merges: tuple[tuple[str, ...], ...]
    kept_open: tuple[str, ...]
    added: tuple[str, ...]
    outcomes: tuple[NodeOutcome, ...]
    scores: tuple[ScoreChange, ...]
    state: FormationState
    evidence: Evidence

    @property
    def unmappable(self) -> tuple[NodeOutcome, ...]:
        """Return the nodes that an operator has to look at."""
        return tuple(each for each in self.outcomes if each.outcome == "unmappable")

    def report(self, *, whole: bool = True) -> dict[str, object]:
        """Return what is told of it; not `whole`: without the nodes that are just the same, as the event keeps it."""
        told = [each for each in self.outcomes if whole or (each.outcome, each.to) != ("carried", (each.node_id,))]
        return {
            "rulesVersion": MIGRATION_RULES,
            "nodes": {each.node_id: {"outcome": each.outcome, "to": list(each.to), "words": each.words} for each in told},
            "unmappable": [each.node_id for each in self.unmappable],
            "scores": {each.phase: {"before": each.before_bp, "after": each.after_bp, "words": each.words}
                       for each in self.scores},
            "added": list(self.added),
        }  # fmt: skip

    def payload(self, *, requested_by: str, reason: str) -> dict[str, object]:
        """Return the payload of the `graph_migrated` event."""
        return {
            "fromVersion": self.from_version, "toVersion": self.to_version,
            "mapping": {old: list(new) for old, new in self.mapping.items()},
            "merges": [list(row) for row in self.merges], "keptOpen": list(self.kept_open),
            "reason": reason, "requestedBy": requested_by, "report": self.report(whole=False),
        }  # fmt: skip


def plan_migration(old: Graph, new: Graph, rules: Rules, state: FormationState, *, as_of: datetime) -> Migration:
    """Return what moving `state` from `old` to `new` does at `as_of` (aware). `rules`: of every version in between.

    `old` without nodes stands for a pinned version that is lost. Raises OlderVersion if `new` is older.
    """
    if new.version < old.version:
        raise OlderVersion(f"the member is on version {old.version}", subject=f"version {new.version}",
                           remedy="Publish what is wanted as a new version, and migrate to that.")  # fmt: skip
    before = evidence_of(state, old)
    usable = usable_rules(rules, old, new, before)
    lost = unmappable_of(old, new, rules, usable, state, before)
    mapping = _mapping(usable, new, before, lost)
    moved = _moved(state, old, new, mapping, usable.merges, (), as_of)
    kept = _kept_open(old, new, usable, before, evidence_of(moved, new), as_of)
    after_state = _moved(state, old, new, mapping, usable.merges, kept, as_of) if kept else moved
    after = evidence_of(after_state, new)
    heirs = {each for names in usable.carried.values() for each in names} | {row[0] for row in usable.merges}
    return Migration(
        from_version=old.version, to_version=new.version, mapping=mapping, merges=usable.merges, kept_open=kept,
        added=tuple(node.node_id for node in new.order
                    if not node.deprecated and node.node_id not in old.by_id and node.node_id not in heirs),
        outcomes=outcomes_of(old, new, rules, usable, state, before, after, lost),
        scores=_scores(old, new, before, after, as_of), state=after_state, evidence=after,
    )  # fmt: skip


def _mapping(usable: Rules, new: Graph, before: Evidence, lost: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return old id -> ids that hold its facts: for every node with work in it that is not lost, and for every rule."""
    names = {*before.completed, *before.started, *before.reflection_quality, *usable.carried} - lost.keys()
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        itself = (name,) if name in new.by_id else ()
        found[name] = (*itself, *(heir for heir in usable.heirs(name) if heir in new.by_id))
    return found


def _moved(
    state: FormationState, old: Graph, new: Graph, mapping: Mapping[str, tuple[str, ...]],
    merges: tuple[tuple[str, ...], ...], kept: tuple[str, ...], as_of: datetime,
) -> FormationState:  # fmt: skip
    """Return the state after the event: the reducer itself says what it will make of it."""
    data = {
        "fromVersion": old.version, "toVersion": new.version, "mapping": mapping, "merges": merges, "keptOpen": kept,
        "reason": "", "requestedBy": "", "report": {},
    }  # fmt: skip
    content, number = f"v{new.version}", state.journal_version + 1
    event = JournalEvent("", state.user_id, state.enrollment_id, "graph_migrated", content, as_of, data)
    return apply(state, number, event)


def _kept_open(old: Graph, new: Graph, usable: Rules, before: Evidence, moved: Evidence, as_of: datetime) -> tuple[str, ...]:
    """Return the nodes that were open, under their new names, and that the new graph would shut."""
    then, now = Standing(old, before, as_of), Standing(new, moved, as_of)
    granted = {node.node_id for node in old.nodes if not then.deficits(node)} | before.unlocked
    granted |= {heir for name in granted for heir in usable.heirs(name)}
    found = True
    while found:
        found = False
        for into, *parts in usable.merges:
            if into not in granted and granted.issuperset(parts):
                granted |= {into, *usable.heirs(into)}
                found = True
    live = {node.node_id for node in new.nodes if not node.deprecated}
    return tuple(
        node.node_id
        for node in new.order
        if node.node_id in granted and now.deficits(node)
        and not (node.deprecated and live.intersection(usable.heirs(node.node_id)))
    )  # fmt: skip


def _scores(old: Graph, new: Graph, before: Evidence, after: Evidence, as_of: datetime) -> tuple[ScoreChange, ...]:
    changes: list[ScoreChange] = []
    for phase in PHASES:
        if phase in old.live_phases or phase in new.live_phases:
            was = compute_formation_score(old, before, phase, as_of=as_of)
            is_now = compute_formation_score(new, after, phase, as_of=as_of)
            changes.append(ScoreChange(phase, was.bp, is_now.bp, was.verdict.reasons, is_now.verdict.reasons))
    return tuple(changes)
