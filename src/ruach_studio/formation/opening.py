"""Turn a gated node's deficits into the fewest acts that would open it, in words.

Unmet prerequisites come first: there is no way around them. Then comes what the node's scope still asks for, what can be
begun at once before the rest (scope_standing.py). What the score then lacks is filled greedily by the largest
marginal gain (percent of the scope's score: checkpoint 35/b, reflection 25*(1000-q)/(1000*b), section 20/b), then by days of
activity. Gains add up, so the greedy set is also the smallest. Nothing counts that itself waits for the gated node, or whose
own score gate is still closed by then: it would send the member from one locked step to the other.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.graph import Graph, Kind, Node, ScoreGate
from ruach_studio.formation.scope_standing import scope_acts, waiting_for
from ruach_studio.formation.scoring import (
    CHECKPOINT_WEIGHT,
    FULL_DAYS,
    FULL_QUALITY,
    REFLECTION_WEIGHT,
    SECTION_WEIGHT,
    factors_of,
    total_bp,
)

_SOME_DAY = datetime.max.replace(tzinfo=UTC)  # when a supposed act was done; no score reads it
NAMED_ACTS = 3  # more are counted, not listed
_KINDS: Mapping[Kind, tuple[int, str, str]] = {  # weight in percent, what one does, with what
    "checkpoint": (CHECKPOINT_WEIGHT, "pass", "checkpoint"),
    "reflection": (REFLECTION_WEIGHT, "reflect on", "prompt"),
    "section": (SECTION_WEIGHT, "complete", "section"),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What would open a node: `acts` (node ids, in the order to do them), then `active_days` more days; `text` says it.

    `reachable` is False if everything within the member's reach is not enough; an operator has to look at the graph.
    """

    acts: tuple[str, ...] = ()
    active_days: int = 0
    reachable: bool = True
    text: str = ""


def all_done(evidence: Evidence) -> AbstractSet[str]:
    """Return the ids of all nodes that `is_done` is true of: made once, asked often."""
    return evidence.checkpoints_passed | evidence.completed.keys()


def is_done(evidence: Evidence, node_id: str) -> bool:
    """Return whether the member has this node behind them: read, reflected on or passed."""
    return node_id in evidence.completed or node_id in evidence.checkpoints_passed


def unmet_before(graph: Graph, evidence: Evidence, node: Node) -> tuple[str, ...]:
    """Return the ids of all unmet nodes that come before `node`, the earliest first; a missing one is among them.

    A deprecated prerequisite is asked of nobody. Raises nothing: a cycle, which no published graph has, is walked once.
    """
    found: dict[str, None] = {}
    seen = {node.node_id}
    pending: list[tuple[str, bool]] = [(name, False) for name in reversed(node.prerequisites)]
    while pending:
        name, walked = pending.pop()
        if walked:
            found[name] = None
        elif name not in seen and not is_done(evidence, name):
            seen.add(name)
            before = graph.by_id.get(name)
            if before is None or not before.deprecated:
                pending.append((name, True))
                pending.extend((each, False) for each in reversed(before.prerequisites if before else ()))
    return tuple(found)


def what_would_open(
    graph: Graph, evidence: Evidence, node: Node, *, gate: ScoreGate | None, waits: Sequence[str], as_of: datetime
) -> Opening:
    """Return the fewest acts that meet the prerequisites and `gate` (None: no score is lacking); `waits` are said last.

    `as_of` dates the days of activity that are still needed. Deficits that only time or an operator can lift are `waits`.
    """
    before = unmet_before(graph, evidence, node)
    forced = [graph.by_id[name] for name in before if name in graph.by_id]
    scoped = scope_acts(graph, _having(evidence, forced), node)
    reached = _having(evidence, [*forced, *scoped])
    fill: list[Node] = []
    days, others, reachable = 0, [], len(forced) == len(before)
    if gate:
        candidates = _candidates(graph, reached, gate, barred=waiting_for(graph, evidence, node))
        fill, days = _fill(graph, reached, gate, candidates, as_of)
        final = _with_days(_having(reached, fill), gate, days, as_of)
        reachable = reachable and _score(graph, final, gate) >= gate.minimum_bp
        if len(fill) == 1 and not forced and not scoped and not days:
            others = _alternatives(graph, reached, gate, candidates, fill[0])
    parts = [_named(evidence, each) for each in forced[:NAMED_ACTS]]
    if len(forced) > NAMED_ACTS:
        parts.append(f"{len(forced) - NAMED_ACTS} more steps before it")
    parts += [_named(evidence, each) for each in scoped[:NAMED_ACTS]]
    parts += _scope_rest(scoped[NAMED_ACTS:])
    parts += _counted(evidence, fill)
    if days:
        parts.append(f"be active on {days} more day{'s' * (days != 1)} in a row")
    said = ", or ".join([_listed(parts), *_counted(evidence, others)]) if parts else ""
    if not reachable:
        said = f"{said}; that is not enough: ask an operator" if said else "ask an operator: no act within reach opens it"
    text = "; ".join(part for part in (said, *waits) if part)
    return Opening((*before, *(each.node_id for each in (*scoped, *fill))), days, reachable, text)


def _candidates(graph: Graph, evidence: Evidence, gate: ScoreGate, barred: AbstractSet[str]) -> list[Node]:
    """Return what would still raise the score, the largest gain first; then what can be done at once; then by ordinal."""
    gains: list[tuple[Fraction, bool, int, Node]] = []
    for kind, (weight, *_) in _KINDS.items():
        required = graph.required_of(gate.scope, kind)
        for node in required:
            if node.node_id in barred:
                continue
            if kind == "reflection":
                left = FULL_QUALITY - evidence.reflection_quality.get(node.node_id, 0)
            else:
                done = node.node_id in (evidence.checkpoints_passed if kind == "checkpoint" else evidence.completed)
                left = 0 if done else FULL_QUALITY
            if left > 0:
                later = not all(is_done(evidence, name) for name in node.prerequisites)
                gains.append((-Fraction(weight * left, FULL_QUALITY * len(required)), later, node.ordinal, node))
    return [node for *_, node in sorted(gains, key=lambda each: each[:3])]


def _fill(
    graph: Graph, evidence: Evidence, gate: ScoreGate, candidates: Sequence[Node], as_of: datetime
) -> tuple[list[Node], int]:
    """Return the shortest head of `candidates` that reaches the gate, and how many days of activity it still takes then."""

    def short_by(count: int) -> bool:
        return _score(graph, _having(evidence, candidates[:count]), gate) < gate.minimum_bp

    count = bisect_left(range(len(candidates)), True, key=lambda tried: not short_by(tried))
    taken = list(candidates[:count])
    if all(_lets_in(graph, _having(evidence, taken[:n]), node) for n, node in enumerate(taken)):
        reached = _having(evidence, taken)
        for days in range(2 * FULL_DAYS):
            if _score(graph, _with_days(reached, gate, days, as_of), gate) >= gate.minimum_bp:
                return taken, days
        return taken, 0
    for days in range(2 * FULL_DAYS):
        taken = _in_turn(graph, _with_days(evidence, gate, days, as_of), gate, candidates)
        if _score(graph, _with_days(_having(evidence, taken), gate, days, as_of), gate) >= gate.minimum_bp:
            return taken, days
    return taken, 0


def _in_turn(graph: Graph, evidence: Evidence, gate: ScoreGate, candidates: Sequence[Node]) -> list[Node]:
    """Return candidates that can be done one after the other until the gate is reached, or none is left that can be."""
    taken: list[Node] = []
    left = list(candidates)
    while left and _score(graph, reached := _having(evidence, taken), gate) < gate.minimum_bp:
        node = next((each for each in left if _lets_in(graph, reached, each)), None)
        if node is None:
            break
        taken.append(node)
        left.remove(node)
    return taken


def _lets_in(graph: Graph, evidence: Evidence, node: Node) -> bool:
    """Say whether the node's own score gate would be open."""
    return node.gate is None or is_done(evidence, node.node_id) or _score(graph, evidence, node.gate) >= node.gate.minimum_bp


def _alternatives(graph: Graph, evidence: Evidence, gate: ScoreGate, candidates: Sequence[Node], chosen: Node) -> list[Node]:
    """Return one act of each other kind that would do as well by itself, so that a member may choose."""
    found: dict[Kind, Node] = {}
    for node in candidates:
        if node.kind == chosen.kind or node.kind in found or not _lets_in(graph, evidence, node):
            continue
        if _score(graph, _having(evidence, [node]), gate) >= gate.minimum_bp:
            found[node.kind] = node
    return list(found.values())


def _score(graph: Graph, evidence: Evidence, gate: ScoreGate) -> int:
    return total_bp(factors_of(graph, evidence, gate.scope))


def _having(evidence: Evidence, nodes: Sequence[Node]) -> Evidence:
    """Return `evidence` as it would be with `nodes` done as well as they can be."""
    if not nodes:
        return evidence
    names = {kind: [node.node_id for node in nodes if node.kind == kind] for kind in _KINDS}
    return replace(
        evidence,
        origin=None,
        completed={**dict.fromkeys([node.node_id for node in nodes], _SOME_DAY), **evidence.completed},
        reflection_quality={**evidence.reflection_quality, **dict.fromkeys(names["reflection"], FULL_QUALITY)},
        checkpoints_passed=evidence.checkpoints_passed | frozenset(names["checkpoint"]),
    )


def _with_days(evidence: Evidence, gate: ScoreGate, days: int, as_of: datetime) -> Evidence:
    """Return `evidence` with `days` more days of activity, from the day after the last one or today, whichever is later."""
    active = evidence.active_days.get(gate.scope, frozenset())
    first = max([as_of.date(), *(day + timedelta(days=1) for day in active)])
    more = frozenset(first + timedelta(days=n) for n in range(days))
    return replace(evidence, origin=None, active_days={**evidence.active_days, gate.scope: active | more})


def _named(evidence: Evidence, node: Node) -> str:
    again = "again " if node.kind == "reflection" and is_done(evidence, node.node_id) else ""
    verb = _KINDS[node.kind][1].replace("reflect ", f"reflect {again}")
    return f"{verb} {node.title}"


def _counted(evidence: Evidence, nodes: Sequence[Node]) -> list[str]:
    """Return "pass 2 more checkpoints", "reflect on X": prompts by name, for it matters which; the others by number."""
    parts: list[str] = []
    for kind, count in Counter(node.kind for node in nodes).items():
        if kind == "reflection" and count <= NAMED_ACTS:
            parts += [_named(evidence, node) for node in nodes if node.kind == kind]
        else:
            _, verb, what = _KINDS[kind]
            parts.append(f"{verb} {count} more {what}{'s' * (count != 1)}")
    return parts


def _scope_rest(nodes: Sequence[Node]) -> list[str]:
    """Return "4 more steps of Individual work": what a scope counts and is not named."""
    counts = Counter(node.scope for node in nodes)
    return [f"{count} more step{'s' * (count != 1)} of {scope} work" for scope, count in counts.items()]


def _listed(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
