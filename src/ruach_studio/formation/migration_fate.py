"""Turn mapping rules and a member's work into what becomes of each node that the member has worked on.

An heir must be in the new version and of the same kind: a section that is read says nothing of a checkpoint, and a
checkpoint that counts as done without a passage could never be passed. What such a rule would have carried is unmappable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Kind, Node
from ruach_studio.formation.migration_map import Rules
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.state_facts import FormationState

Outcome = Literal["carried", "carried-changed", "split", "merge", "partial", "retired-history", "unmappable"]


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What becomes of one node: `to` holds the nodes that have its facts now, or will once their other parts are done."""

    node_id: str
    outcome: Outcome
    to: tuple[str, ...]
    words: str


def usable_rules(rules: Rules, old: Graph, new: Graph, evidence: Evidence) -> Rules:
    """Return the rules without heirs that the new version does not have or that are of another kind.

    An id that only leads on to others (a node of a version in between) may be missing.
    """

    def fits(name: str, heir: str) -> bool:
        kind, other = _kind(name, old, new, evidence), _kind(heir, new, new, evidence)
        known = heir in new.by_id or heir in rules.carried or any(heir in row[1:] for row in rules.merges)
        return known and (kind is None or other is None or kind == other)

    carried = {name: tuple(heir for heir in heirs if fits(name, heir)) for name, heirs in rules.carried.items()}
    merges = tuple(row for row in rules.merges if row[0] in new.by_id and all(fits(part, row[0]) for part in row[1:]))
    return Rules({name: heirs for name, heirs in carried.items() if heirs}, merges, rules.fates)


def _kind(name: str, first: Graph, second: Graph, evidence: Evidence) -> Kind | None:
    node = first.by_id.get(name) or second.by_id.get(name)
    if node is not None:
        return node.kind
    if name in evidence.checkpoints_passed:
        return "checkpoint"
    if name in evidence.reflection_quality:
        return "reflection"
    return "section" if name in evidence.completed else None


def unmappable_of(
    old: Graph, new: Graph, rules: Rules, usable: Rules, state: FormationState, before: Evidence
) -> dict[str, str]:
    """Return the nodes with work in them that nothing leads on from, each with why."""
    parts = {part for row in usable.merges for part in row[1:]}
    found: dict[str, str] = {}
    for name in _told(state, before, old):
        heirs, node, fate = usable.heirs(name), new.by_id.get(name), rules.fates.get(name)
        if heirs or name in parts or (node is not None and not node.deprecated):
            continue
        why = "; ".join(_why_not(name, fate.to, old, new, before)) if fate else ""
        history = node is not None or (fate and fate.kind == "retired") or state.carried.get(name) == ()
        if why or not history:
            found[name] = why or f"version {new.version} has no node {name}, and no mapping names an heir"
    return found


def outcomes_of(
    old: Graph, new: Graph, rules: Rules, usable: Rules, state: FormationState, before: Evidence, after: Evidence,
    lost: Mapping[str, str],
) -> tuple[NodeOutcome, ...]:  # fmt: skip
    """Return an outcome for each node with work in it, in the old graph's order, then those that it does not know.

    A node whose facts an earlier migration carried on is not told again: its heir is. `lost`: see `unmappable_of`.
    """
    teller = _Teller(old, new, rules, usable, before, after)
    return tuple(
        NodeOutcome(name, "unmappable", (), lost[name]) if name in lost else teller.outcome(name)
        for name in _told(state, before, old)
    )


def _told(state: FormationState, before: Evidence, old: Graph) -> list[str]:
    worked = {*before.completed, *before.started, *before.reflection_quality}
    told = [name for name in worked if not any(heir in worked for heir in state.names_of(name)[1:])]
    return sorted(told, key=lambda name: (old.position.get(name, len(old.position)), name))


def _why_not(name: str, heirs: tuple[str, ...], old: Graph, new: Graph, evidence: Evidence) -> Iterator[str]:
    kind = _kind(name, old, new, evidence)
    for heir in heirs:
        node = new.by_id.get(heir)
        if node is None:
            yield f"its heir {heir} is not in version {new.version}"
        elif kind is not None and node.kind != kind:
            yield f"its heir {heir} is a {node.kind}, and it was a {kind}"


@dataclass(frozen=True, slots=True)
class _Teller:
    old: Graph
    new: Graph
    rules: Rules
    usable: Rules
    before: Evidence
    after: Evidence

    def outcome(self, name: str) -> NodeOutcome:
        heirs = self.usable.heirs(name)
        live = tuple(heir for heir in heirs if heir in self.new.by_id and not self.new.by_id[heir].deprecated)
        if live:
            return self._carried(name, live)
        for into, *parts in reversed(self.usable.merges):
            if {name, *heirs}.intersection(parts):
                return self._merged(name, into, parts)
        node = self.new.by_id.get(name)
        if node is not None and not node.deprecated:
            return self._same(name, node)
        return NodeOutcome(name, "retired-history", (), "it is withdrawn; what was done stays in the history")

    def _carried(self, name: str, live: tuple[str, ...]) -> NodeOutcome:
        fate = self.rules.fates.get(name)
        if len(live) > 1:
            return NodeOutcome(name, "split", live, f"it goes on as {', '.join(live)}, each of which has its facts")
        if fate and fate.kind == "merge":
            return NodeOutcome(name, "merge", live, f"it is part of {live[0]} now, for which any part is enough")
        changed = self._changes(name, self.new.by_id[live[0]])
        if changed:
            return NodeOutcome(name, "carried-changed", live, f"it is called {live[0]} now; {changed}")
        return NodeOutcome(name, "carried", live, f"it is called {live[0]} now")

    def _merged(self, name: str, into: str, parts: list[str]) -> NodeOutcome:
        done = sum(is_done(self.after, part) for part in parts)
        if done == len(parts):
            return NodeOutcome(name, "merge", (into,), f"it is part of {into} now, and all {len(parts)} parts are done")
        words = f"{done} of {len(parts)} parts of {into} are done; what is done stays in the history"
        return NodeOutcome(name, "partial", (into,), words)

    def _same(self, name: str, node: Node) -> NodeOutcome:
        changed = self._changes(name, node)
        if changed:
            return NodeOutcome(name, "carried-changed", (name,), changed)
        return NodeOutcome(name, "carried", (name,), "it is the same")

    def _changes(self, name: str, node: Node) -> str:
        """Say what is different about a node that is done; "" if nothing is, or if it still has to be done."""
        was = self.old.by_id.get(name)
        if was is None or not is_done(self.before, name):
            return ""
        changed = list(_differences(was, node))
        return f"changed since it was done: {', '.join(changed)}" if changed else ""


def _differences(was: Node, node: Node) -> Iterator[str]:
    if was.content_ref != node.content_ref:
        yield "its content"
    if (was.title, was.description) != (node.title, node.description):
        yield "its title or description"
    if was.phase != node.phase:
        yield f"its phase ({was.phase} to {node.phase})"
    if (was.min_dwell_s, was.min_words, was.pass_quality) != (node.min_dwell_s, node.min_words, node.pass_quality):
        yield "what it asks for"
