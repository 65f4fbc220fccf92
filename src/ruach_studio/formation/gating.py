"""Turn a graph and a member's facts into 'granted' or 'gated' for one node, with what is lacking and what would open it.

gate-v1, in this order: a missing node is a ghost and blocks until an operator repairs it; what was unlocked or completed
stays open, whatever the graph or the rules say later; a deprecated node is hidden unless it was started; then every
prerequisite must be done (a deprecated one is asked of nobody), the phase before must have lasted 7 * 24 h, the work that
the node's guidebook scope asks for must be done (scope_plan.py), and the node's score gate must be reached. All deficits are
named, not only the first. Counterpart: opening.py finds the way in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.evidence_text import named
from ruach_studio.formation.graph import Graph, Node, Phase, phase_rank
from ruach_studio.formation.opening import Opening, all_done, is_done, what_would_open
from ruach_studio.formation.scope_standing import ScopeWork
from ruach_studio.formation.scoring import (
    PHASE_MINIMUM,
    Factor,
    check_aware,
    factors_of,
    phase_began,
    ratio_words,
    span_words,
    total_bp,
)
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash

GATE_RULES = "gate-v1"

# "covenant" is lacking only by covenant.py's rules
Lack = Literal["ghost", "deprecated", "prerequisite", "scope", "score", "phase_minimum", "covenant"]


@dataclass(frozen=True, slots=True)
class Deficit:
    """One thing that is lacking. `subject`: the node, phase or scope that it is about. `have` of `needed`: basis points of
    score, or whole seconds in the phase, or done nodes. `words` says it to the member."""

    lack: Lack
    subject: str
    have: int
    needed: int
    words: str


@dataclass(frozen=True, slots=True)
class Access:
    """The verdict on one node. `opens_at` is set if time alone will open it. `ghost`: a node is missing (its id is the first
    deficit's subject). `opening` holds the fewest acts that would open it; `inputs` is what the verdict's hash covers."""

    node_id: str
    verdict: Verdict[Literal["granted", "gated"]]
    deficits: tuple[Deficit, ...]
    opens_at: datetime | None
    ghost: bool
    opening: Opening
    inputs: Mapping[str, object]


@dataclass(frozen=True)
class Standing:
    """One member at one moment; scores and phase entries are worked out once for all the nodes that are asked about."""

    graph: Graph
    evidence: Evidence
    as_of: datetime
    _factors: dict[Phase, tuple[Factor, ...]] = field(default_factory=dict, repr=False)
    _entries: dict[Phase, tuple[Deficit, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def done(self) -> frozenset[str]:
        """Return what the member has behind them."""
        return frozenset(all_done(self.evidence))

    @cached_property
    def scope_work(self) -> ScopeWork:
        """Return what is done of each guidebook scope."""
        return ScopeWork(self.graph, self.evidence)

    def sticky(self, node_id: str) -> bool:
        """Return whether the node is open for good: unlocked once, or already done."""
        return node_id in self.done or node_id in self.evidence.unlocked

    def deficits(self, node: Node) -> tuple[Deficit, ...]:
        """Return all that keeps `node` shut, () if it is open. Prerequisites first, then time, scope, score."""
        if self.sticky(node.node_id):
            return ()
        if node.deprecated and node.node_id not in self.evidence.started:
            version = f"version {self.graph.version} of the path"
            return (Deficit("deprecated", node.node_id, 0, 1, f"{node.title} is withdrawn from {version}"),)
        before = () if self.done.issuperset(node.prerequisites) else self._prerequisites(node)
        scope = self._scope(node) if node.scope else ()
        return (*before, *self.entry(node.phase), *scope, *self._score(node))

    def is_open(self, node: Node) -> bool:
        """Return whether nothing keeps `node` shut: the same as no deficits, without a word about them."""
        if is_done(self.evidence, node.node_id) or node.node_id in self.evidence.unlocked:
            return True
        if node.deprecated and node.node_id not in self.evidence.started:
            return False
        met = all(map(self._behind, node.prerequisites))
        return met and not (self.entry(node.phase) or (node.scope and self._scope(node)) or self._score(node))

    def _behind(self, name: str) -> bool:
        """Return whether a prerequisite is done, or withdrawn, which is asked of nobody."""
        before = self.graph.by_id.get(name)
        return is_done(self.evidence, name) or (before is not None and before.deprecated)

    def phase_before(self, phase: Phase) -> Phase | None:
        """Return the nearest earlier phase that has anything to do in it."""
        earlier = [each for each in self.graph.live_phases if phase_rank(each) < phase_rank(phase)]
        return earlier[-1] if earlier else None

    def minimum_ends(self, phase: Phase) -> datetime | None:
        """Return when the phase before `phase` will have lasted its seven days; None if it has not begun."""
        before = self.phase_before(phase)
        began = phase_began(self.graph, self.evidence, before) if before else None
        return began + PHASE_MINIMUM if began else None

    def _prerequisites(self, node: Node) -> tuple[Deficit, ...]:
        lacking: list[Deficit] = []
        for name in node.prerequisites:
            if self._behind(name):
                continue
            before = self.graph.by_id.get(name)
            if before is None:
                lacking.insert(0, ghost_deficit(self.graph, name))
            else:
                lacking.append(Deficit("prerequisite", name, 0, 1, f"{before.title} is not done"))
        return tuple(lacking)

    def entry(self, phase: Phase) -> tuple[Deficit, ...]:
        """Return what keeps all of `phase` shut: the phase before it has not lasted its seven days, or ()."""
        if phase not in self._entries:
            lacking = self._phase_minimum(self.phase_before(phase))
            self._entries[phase] = (lacking,) if lacking else ()
        return self._entries[phase]

    def _phase_minimum(self, before: Phase | None) -> Deficit | None:
        if before is None:
            return None
        started = self.evidence.phase_started.get(before)
        if started is not None and self.as_of - started >= PHASE_MINIMUM:
            return None  # what was done before its first start, if anything, began it even earlier
        needed = PHASE_MINIMUM // timedelta(seconds=1)
        began = phase_began(self.graph, self.evidence, before)
        if began is None:
            return Deficit("phase_minimum", before, 0, needed, f"{before} has not begun; it lasts at least 7 days")
        spent = self.as_of - began
        if spent >= PHASE_MINIMUM:
            return None
        words = f"{before} lasts at least 7 days: {span_words(PHASE_MINIMUM - spent)} to go"
        return Deficit("phase_minimum", before, max(spent // timedelta(seconds=1), 0), needed, words)

    def _scope(self, node: Node) -> tuple[Deficit, ...]:
        unmet = [each for each in self.scope_work.standings(node) if not each.met]
        return tuple(Deficit("scope", each.need.scope, each.have, each.need.needed, each.words) for each in unmet)

    def _score(self, node: Node) -> tuple[Deficit, ...]:
        if node.gate is None:
            return ()
        scope, needed = node.gate.scope, node.gate.minimum_bp
        if scope not in self._factors:
            self._factors[scope] = factors_of(self.graph, self.evidence, scope)
        factors = self._factors[scope]
        have = total_bp(factors)
        if have >= needed:
            return ()
        weakest = max(factors, key=lambda factor: factor.missing)  # the first of equals, in the specification's order
        words = (
            f"score {ratio_words(have)} in {scope}, threshold {ratio_words(needed)}, {ratio_words(needed - have)} short; "
            f"most is lacking in {weakest.words}"
        )
        return (Deficit("score", scope, have, needed, words),)


def can_access_node(graph: Graph, evidence: Evidence, node_id: str, *, as_of: datetime) -> Access:
    """Decide whether the member may open `node_id` at `as_of` (aware; BadInput if naive). Rules: module docstring.

    A ghost comes even before an unlock: there is nothing to show. The unlock itself stands and holds again once repaired.
    """
    check_aware(as_of)
    node = graph.by_id.get(node_id)
    standing = Standing(graph, evidence, as_of)
    deficits = standing.deficits(node) if node else (ghost_deficit(graph, node_id),)
    ghost = any(deficit.lack == "ghost" for deficit in deficits)
    opening = _opening(standing, node, deficits) if node else Opening(reachable=False, text=_GHOST_REMEDY)
    timed = len(deficits) == 1 and deficits[0].lack == "phase_minimum"
    opens_at = standing.minimum_ends(node.phase) if node and timed else None
    reasons = _granted_words(standing, node) if node and not deficits else _gated_words(node, deficits, opening)
    inputs = {
        "path": graph.path_id, "graphVersion": graph.version, "node": node_id, "asOf": as_of.isoformat(),
        "evidence": named(evidence),
    }  # fmt: skip
    decision: Literal["granted", "gated"] = "gated" if deficits else "granted"
    verdict = Verdict(decision, reasons, inputs_hash(inputs), GATE_RULES)
    return Access(node_id, verdict, deficits, opens_at, ghost, opening, inputs)


_GHOST_REMEDY = "an operator repairs the path; your progress is kept"


def ghost_deficit(graph: Graph, node_id: str) -> Deficit:
    """Return the deficit of a node that the pinned version should have and has not."""
    return Deficit("ghost", node_id, 0, 1, f"node {node_id} is missing from version {graph.version} of the path")


def _opening(standing: Standing, node: Node, deficits: tuple[Deficit, ...]) -> Opening:
    lacks = {deficit.lack for deficit in deficits}
    if not deficits:
        return Opening()
    if "deprecated" in lacks:
        return Opening(reachable=False, text="nothing: go on with the rest of the path")
    waits = [_GHOST_REMEDY] if "ghost" in lacks else []
    for deficit in deficits:
        if deficit.lack == "phase_minimum":
            ends = standing.minimum_ends(node.phase)
            waits.append(f"{span_words(ends - standing.as_of)} to go" if ends else f"begin {deficit.subject}, then 7 days")
    gate = node.gate if "score" in lacks else None
    return what_would_open(standing.graph, standing.evidence, node, gate=gate, waits=waits, as_of=standing.as_of)


def _gated_words(node: Node | None, deficits: tuple[Deficit, ...], opening: Opening) -> tuple[str, ...]:
    unmet = [each.words for each in deficits if each.lack == "prerequisite"]
    words = [each.words for each in deficits if each.lack != "prerequisite"]
    if node and unmet:
        count = len(node.prerequisites)
        ghosts = sum(each.lack == "ghost" for each in deficits)
        words.append(f"prerequisites met {count - len(unmet) - ghosts} of {count}: {', '.join(unmet)}")
    return (*words, f"to open it: {opening.text}")


def _granted_words(standing: Standing, node: Node) -> tuple[str, ...]:
    evidence, count = standing.evidence, len(node.prerequisites)
    if is_done(evidence, node.node_id):
        return ("already done; what was done stays open",)
    if node.node_id in evidence.unlocked:
        return ("unlocked before; what was unlocked stays open",)
    words = [f"prerequisites met {count} of {count}" if count else "it has no prerequisites"]
    words += [each.words for each in standing.scope_work.standings(node)]
    if node.gate:
        bp = total_bp(factors_of(standing.graph, evidence, node.gate.scope))
        words.append(f"score {ratio_words(bp)} in {node.gate.scope}, threshold {ratio_words(node.gate.minimum_bp)}")
    return tuple(words)
