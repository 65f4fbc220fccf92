"""Turn a graph and a member's facts into the few nodes to do next, each with its reasons; never none on an unfinished path.

next-v1, in whole per mille. First what was started and not finished, the newest first. Then greedily by
R = (500*V + 500*D) / 1000: V = 1000 * min(d, 7) / 7 with d the days since content sharing a tag (none yet: 1000), and
D = 1000 - the largest Jaccard overlap of tags with the last 5 completed and those already picked. A node without tags has
its kind for a tag. Ties: more steps opened, then phase, depth, ordinal. Fewer than asked are filled up with the nearest
locked nodes and what would open them; when nothing is open, with done nodes worth going back to. A finished path says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.evidence_text import named
from ruach_studio.formation.gating import Access, Standing, can_access_node
from ruach_studio.formation.graph import PHASES, Graph, Node, Phase, phase_rank
from ruach_studio.formation.graph_places import Ints
from ruach_studio.formation.instants import Instants
from ruach_studio.formation.next_step_order import Ranked, rank_by_recency_and_diversity
from ruach_studio.formation.opening import is_done
from ruach_studio.formation.reach import Reach
from ruach_studio.formation.scoring import check_aware, span_words
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

NEXT_RULES = "next-v1"
MOST_STEPS = 50

# "covenant" is offered by covenant.py alone, to those who have none yet
Offer = Literal["continue", "open", "locked", "revisit", "path_complete", "covenant"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Required, not deprecated nodes done, in the step's phase and on the whole path. `phase` is None for the whole path."""

    phase: Phase | None
    phase_done: int
    phase_of: int
    path_done: int
    path_of: int


@dataclass(frozen=True, slots=True)
class NextStep:
    """One offer. `verdict.decision` is the node's id, or "path_complete" with no node.

    `access` tells a locked one's deficits. `inputs` is what the verdict's hash covers: one object for all steps of a call.
    """

    verdict: Verdict[str]
    offer: Offer
    node: Node | None
    progress: Progress
    access: Access | None
    inputs: Mapping[str, object]


def rank_next_steps(graph: Graph, evidence: Evidence, *, as_of: datetime, limit: int = 3) -> tuple[NextStep, ...]:
    """Return at most `limit` (1..50) steps, the best first; days are counted at the offset of `as_of` (aware).

    Rules: module docstring. Never empty. Raises BadInput for a naive `as_of` or a limit out of range.
    """
    check_aware(as_of)
    if not 1 <= limit <= MOST_STEPS:
        raise BadInput(f"{limit} steps were asked for", subject="limit", remedy=f"Ask for 1 to {MOST_STEPS}.")
    standing = Standing(graph, evidence, as_of)
    reach = Reach(graph, evidence)
    open_places = _open_places(standing, reach)
    begun_places = graph.places.flags(evidence.started.keys())[open_places]
    usable = [graph.nodes[place] for place in open_places.tolist()]
    writer = _Writer(graph, evidence, reach, as_of, limit)
    begun = sorted((graph.nodes[place] for place in open_places[begun_places].tolist()),
                   key=lambda node: (as_of - evidence.started[node.node_id], node.ordinal))[:limit]  # fmt: skip
    fresh = open_places[~begun_places]
    ranked = rank_by_recency_and_diversity(graph, evidence, reach, fresh, begun, as_of=as_of, limit=limit - len(begun))
    steps = [writer.begun(node) for node in begun] + [writer.open(each) for each in ranked]
    if len(steps) < limit and not (complete := writer.is_complete()):
        steps += [writer.locked(node) for node in _nearest(standing, reach.near, usable)[: limit - len(steps)]]
    elif not steps and complete:
        steps.append(writer.complete())
    if not usable:
        steps += [writer.revisit(node) for node in _revisits(graph, evidence, steps)[: limit - len(steps)]]
    return tuple(steps)


def _open_places(standing: Standing, reach: Reach) -> Ints:
    """Return the places of `reach.ready` that `standing` finds open: by one question a phase, and one per gate or scope."""
    graph, ready = standing.graph, reach.ready_places
    unlocked, ranks, asks = reach.unlocked[ready], graph.places.ranks[ready], graph.places.asks[ready]
    entered = np.zeros(len(PHASES) + 1, np.bool_)
    for rank in set(ranks[~unlocked].tolist()):
        entered[rank] = not standing.entry(PHASES[rank - 1])
    shown = unlocked | entered[ranks]
    for k in np.flatnonzero(shown & asks & ~unlocked).tolist():
        shown[k] = standing.is_open(graph.nodes[ready[k]])
    return ready[shown]


def progress_of(graph: Graph, evidence: Evidence, phase: Phase) -> Progress:
    """Return how far the member is in `phase` and on the whole path."""
    return _progress(phase, Reach(graph, evidence).done_in, graph.counts)


def _progress(phase: Phase, done: Mapping[Phase, int], of: Mapping[Phase, int]) -> Progress:
    return Progress(phase, done[phase], of[phase], sum(done.values()), sum(of.values()))


def _nearest(standing: Standing, near: tuple[Node, ...], usable: list[Node]) -> list[Node]:
    """Return locked nodes, the fewest deficits first, ghosts last; from all that is left if none is within reach."""
    graph, evidence = standing.graph, standing.evidence
    names = dict.fromkeys(node.node_id for node in near)
    names.update(dict.fromkeys(name for node in usable for name in graph.opens.get(node.node_id, ())))
    found = [graph.by_id[name] for name in names]
    for nodes in (found, graph.nodes):
        keyed: list[tuple[bool, int, int, int, Node]] = []
        for node in nodes:
            if node.deprecated or is_done(evidence, node.node_id):
                continue
            if deficits := standing.deficits(node):
                ghost = any(each.lack == "ghost" for each in deficits)
                keyed.append((ghost, len(deficits), phase_rank(node.phase), node.ordinal, node))
        if keyed or usable:
            return [node for *_, node in sorted(keyed, key=lambda each: each[:4])]
    return []


def _revisits(graph: Graph, evidence: Evidence, steps: list[NextStep]) -> list[Node]:
    """Return done nodes worth going back to: those that would open a locked one, then what was done longest ago."""
    asked = [name for step in steps if step.access for name in step.access.opening.acts]
    us = Instants.of(evidence.completed).us
    by_age = sorted(us, key=lambda name: (us[name], name))
    names = [name for name in dict.fromkeys((*asked, *by_age)) if is_done(evidence, name)]
    return [node for name in names if (node := graph.by_id.get(name)) and not node.deprecated]


class _Writer:
    """Puts into words, for one member and moment, why each step is offered."""

    def __init__(self, graph: Graph, evidence: Evidence, reach: Reach, as_of: datetime, limit: int) -> None:
        self.graph, self.evidence, self.as_of = graph, evidence, as_of
        self.inputs = {
            "path": graph.path_id, "graphVersion": graph.version, "asOf": as_of.isoformat(), "limit": limit,
            "evidence": named(evidence),
        }  # fmt: skip
        self.hash = inputs_hash(self.inputs)
        self.done, self.of = reach.done_in, graph.counts

    def is_complete(self) -> bool:
        return self.done == self.of

    def begun(self, node: Node) -> NextStep:
        since = self.as_of - self.evidence.started[node.node_id]
        return self._step("continue", node, (f"started {span_words(since)} ago, not finished", self._met(node)))

    def open(self, ranked: Ranked) -> NextStep:
        days, opens = ranked.days_since, ranked.opens
        similar = "no similar content yet" if days is None else f"{days} day{'s' * (days != 1)} since similar content"
        diversity = f"diversity {ranked.diversity // 1000}.{ranked.diversity % 1000 // 10:02d}"
        further = f"opens {opens} further step{'s' * (opens != 1)}" if opens else "opens no further step by itself"
        return self._step("open", ranked.node, (self._met(ranked.node), similar, diversity, further))

    def locked(self, node: Node) -> NextStep:
        access = can_access_node(self.graph, self.evidence, node.node_id, as_of=self.as_of)
        opens = f"opens in {_short(span_words(access.opens_at - self.as_of))}" if access.opens_at else "not open yet"
        return self._step("locked", node, (opens, *access.verdict.reasons), access)

    def revisit(self, node: Node) -> NextStep:
        at = self.evidence.completed.get(node.node_id)
        when = f"done {span_words(self.as_of - at)} ago" if at else "done before"
        again = {"section": ": reading it again", "reflection": ": writing on it again"}.get(node.kind, "")
        counts = f"{again} counts as an active day" if again else ""  # a checkpoint is passed once
        return self._step("revisit", node, (when, f"nothing new is open{counts}"))

    def complete(self) -> NextStep:
        done, of = sum(self.done.values()), sum(self.of.values())
        verdict = Verdict("path_complete", (f"all required steps are done, {done} of {of}",), self.hash, NEXT_RULES)
        return NextStep(verdict, "path_complete", None, Progress(None, done, of, done, of), None, self.inputs)

    def _met(self, node: Node) -> str:
        met = sum(is_done(self.evidence, name) or ((before := self.graph.by_id.get(name)) is not None and before.deprecated)
                  for name in node.prerequisites)  # fmt: skip
        told = f"prerequisites met {met} of {len(node.prerequisites)}" if node.prerequisites else "no prerequisites"
        return f"{told}; unlocked before" if node.node_id in self.evidence.unlocked else told

    def _step(self, offer: Offer, node: Node, reasons: tuple[str, ...], access: Access | None = None) -> NextStep:
        progress = _progress(node.phase, self.done, self.of)
        return NextStep(Verdict(node.node_id, reasons, self.hash, NEXT_RULES), offer, node, progress, access, self.inputs)


def _short(words: str) -> str:
    counts, units = words.split()[::2], words.split()[1::2]
    return " ".join(
        f"{count} {'min' if unit.startswith('minute') else unit[0]}" for count, unit in zip(counts, units, strict=True)
    )
