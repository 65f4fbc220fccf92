"""The next steps, found over arrays, are those that one finds by following the rule's words, node by node."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ruach_studio.formation.evidence import Evidence
from ruach_studio.formation.gating import Standing
from ruach_studio.formation.graph import PHASES, Graph, Node, ScoreGate, phase_rank
from ruach_studio.formation.next_step import rank_next_steps

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = [f"n{i}" for i in range(14)]
KNOWN = NAMES[:12]  # the others are ghosts
TAGS = [f"t{i:02}" for i in range(70)]  # more than fit into one word; by name in the order of their numbers
KINDS = ("section", "reflection", "checkpoint")
tags = st.frozensets(st.sampled_from([*TAGS[:2], TAGS[32], TAGS[64], *TAGS[-2:]]), max_size=3)
times = st.integers(0, 12 * 24).map(lambda hours: NOW - timedelta(hours=hours))


@st.composite
def graphs(draw):
    """Return a graph whose nodes wait for each other, for ghosts, gates and withdrawn ones, and whose first has all tags."""
    nodes = []
    for i in range(draw(st.integers(1, len(KNOWN)))):
        before = draw(st.lists(st.sampled_from([*NAMES[:i], *NAMES[12:]]), max_size=2))
        rank = i * 5 // 12
        gate = ScoreGate(draw(st.integers(0, 5000)), PHASES[rank - 1]) if rank and draw(st.booleans()) else None
        nodes.append(Node(KNOWN[i], i, PHASES[rank], KINDS[i % 3], f"N{i}", f"content/{i}", prerequisites=tuple(before),
                          tags=draw(tags) if i else frozenset(TAGS), required=draw(st.booleans()),
                          deprecated=draw(st.integers(0, 4)) == 0, gate=gate))  # fmt: skip
    return Graph(1, tuple(draw(st.permutations(nodes))))


members = st.builds(
    Evidence,
    completed=st.dictionaries(st.sampled_from(NAMES), times),
    started=st.dictionaries(st.sampled_from(NAMES), times, max_size=3),
    checkpoints_passed=st.frozensets(st.sampled_from(NAMES), max_size=3),
    unlocked=st.frozensets(st.sampled_from(NAMES)),
    phase_started=st.dictionaries(st.sampled_from(PHASES), times),
    last_seen_by_tag=st.dictionaries(st.sampled_from([*TAGS, "elsewhere"]), times, max_size=8),
)


def tags_of(node):
    return node.tags or {f"kind:{node.kind}"}


def open_nodes(graph, member):
    """Return the nodes that are neither done nor shut."""
    standing = Standing(graph, member, NOW)
    left = [n for n in graph.nodes if n.node_id not in member.completed and n.node_id not in member.checkpoints_passed]
    shown = [n for n in left if not n.deprecated or n.node_id in member.started]
    return [n for n in sorted(shown, key=lambda n: n.ordinal) if not standing.deficits(n)]


def plain(graph, member, limit):
    """Return (node id, days since, diversity, opens) of what next-v1 ranks, after (node id,) of what was begun."""
    done = {*member.completed, *member.checkpoints_passed}
    known = {n.node_id: n for n in graph.nodes}
    usable = open_nodes(graph, member)
    begun = [n for n in usable if n.node_id in member.started]
    begun = sorted(begun, key=lambda n: (NOW - member.started[n.node_id], n.ordinal))[:limit]
    fresh = [n for n in usable if n.node_id not in member.started]
    seen = dict(member.last_seen_by_tag)
    for touched in (member.started, member.completed):
        for name, at in touched.items():
            if name in known and not known[name].tags:
                tag = f"kind:{known[name].kind}"
                seen[tag] = max(seen.get(tag, at), at)
    last = sorted((at, known[name].ordinal, name) for name, at in member.completed.items() if name in known)[-5:]
    chosen = [known[name] for *_, name in last] + begun

    def lacking(node):
        return {x for x in node.prerequisites if x not in done and not (x in known and known[x].deprecated)}

    def opens(node):
        return 0 if node.deprecated else sum(
            lacking(n) == {node.node_id} for n in graph.nodes if not n.deprecated and n.node_id not in done
        )  # fmt: skip

    def days(node):
        return min((max((NOW.date() - seen[t].date()).days, 0) for t in tags_of(node) if t in seen), default=None)

    def diversity(node):
        alike = [1000 * len(tags_of(node) & tags_of(o)) // len(tags_of(node) | tags_of(o)) for o in chosen]
        return 1000 - max(alike, default=0)

    def depth(node):
        return 1 + max((depth(known[x]) if x in known else -1 for x in node.prerequisites), default=-1)

    def rank(node):
        since = days(node)
        recency = 1000 if since is None else 1000 * min(since, 7) // 7
        score = (500 * recency + 500 * diversity(node)) // 1000
        return -score, -opens(node), phase_rank(node.phase), depth(node), node.ordinal

    found = [(n.node_id,) for n in begun]
    while fresh and len(found) < limit:
        best = min(fresh, key=rank)
        found.append((best.node_id, days(best), diversity(best), opens(best)))
        fresh.remove(best)
        chosen.append(best)
    return found


def told(step):
    """Return a step as `plain` does, from its words."""
    if step.offer == "continue":
        return (step.node.node_id,)
    _, similar, diversity, opens = (each.split() for each in (x.split(";")[0] for x in step.verdict.reasons))
    days = None if similar[0] == "no" else int(similar[0])
    return step.node.node_id, days, diversity[1], 0 if opens[1] == "no" else int(opens[1])


def worded(row):
    """Return a row of `plain` with its diversity in words, as a member is told it."""
    return row if len(row) == 1 else (*row[:2], f"{row[2] // 1000}.{row[2] % 1000 // 10:02d}", row[3])


@settings(max_examples=30)  # the default tests are at their limit
@given(graphs(), members, st.integers(1, 8))
def test_equals_the_rule_followed_node_by_node(graph, member, limit):
    steps = [each for each in rank_next_steps(graph, member, as_of=NOW, limit=limit) if each.offer in ("continue", "open")]
    assert list(map(told, steps)) == list(map(worded, plain(graph, member, limit)))
