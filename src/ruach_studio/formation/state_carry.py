"""Turn facts recorded under the node ids of older graphs into facts of the nodes that hold them now.

A migration leaves two kinds of rules in the state. `carried`: every fact of the old node is one of the new nodes too
(renamed, split into several, or merged where any part is enough). `merges`: the new node has a fact only once all of its
parts have it; a part that is finished after the migration still counts. Facts keep their old names as well, so nothing is
ever taken away. Both kinds are followed through any number of migrations. Counterpart: migration.py makes the rules.
"""

from collections.abc import Mapping
from datetime import datetime

from ruach_studio.formation.graph import Graph
from ruach_studio.formation.state_facts import FormationState


def first_times(state: FormationState, times: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return node id -> first time, under old and new names; a merged node has the time of its last part."""
    found = _under_all_names(state, times)
    settled = not state.merges
    while not settled:
        settled = True
        for into, *parts in state.merges:
            if all(part in found for part in parts):
                at = max(found[part] for part in parts)
                for name in state.names_of(into):
                    if name not in found or at < found[name]:
                        found[name], settled = at, False
    return found


def begun_times(state: FormationState, graph: Graph) -> dict[str, datetime]:
    """Return when nodes were begun; a merged node is begun with its first part.

    A withdrawn node whose work goes on under a new name is left out, or the member would be sent to do it twice.
    """
    found = _under_all_names(state, state.started)
    settled = not state.merges
    while not settled:
        settled = True
        for into, *parts in state.merges:
            times = [found[part] for part in parts if part in found]
            for name in state.names_of(into) if times else ():
                if name not in found or min(times) < found[name]:
                    found[name], settled = min(times), False
    return {name: at for name, at in found.items() if not (state.carried and _is_superseded(state, graph, name))}


def qualities(state: FormationState, per_prompt: Mapping[str, int]) -> dict[str, int]:
    """Return node id -> best quality (per mille), where `per_prompt` names old and new prompts already.

    A merged prompt has the mean of its parts, floored, once all of them are written: what the parts were worth together.
    """
    found = dict(per_prompt)
    settled = not state.merges
    while not settled:
        settled = True
        for into, *parts in state.merges:
            if into not in parts and all(found.get(part, 0) > 0 for part in parts):
                mean = sum(found[part] for part in parts) // len(parts)
                for name in state.names_of(into):
                    if mean > found.get(name, 0):
                        found[name], settled = mean, False
    return found


def last_seen_by_tag(state: FormationState, graph: Graph) -> dict[str, datetime]:
    """Return tag -> when content with it was last touched, under any of its names."""
    seen: dict[str, datetime] = {}
    merged_into: dict[str, list[str]] = {}
    for into, *parts in state.merges:
        for part in parts:
            merged_into.setdefault(part, []).append(into)
    for node_id, at in state.touched.items():
        names = list(state.names_of(node_id))
        for name in names:
            names += [each for into in merged_into.get(name, ()) for each in state.names_of(into) if each not in names]
        for name in names:
            node = graph.by_id.get(name)
            for tag in node.tags if node is not None else ():
                seen[tag] = max(seen.get(tag, at), at)
    return dict(sorted(seen.items()))


def all_names_of(state: FormationState, node_id: str) -> frozenset[str]:
    """Return every id under which a node was or is known: the old ones, parts merged into it, and what it became."""
    names = {node_id}
    settled = False
    while not settled:
        before = len(names)
        names.update(old for old, new in state.carried.items() if not names.isdisjoint(new))
        names.update(part for into, *parts in state.merges if into in names for part in parts)
        settled = len(names) == before
    return frozenset(names.union(state.names_of(node_id)))


def _under_all_names(state: FormationState, times: Mapping[str, datetime]) -> dict[str, datetime]:
    if not state.carried:
        return dict(times)
    found: dict[str, datetime] = {}
    for node_id, at in times.items():
        for name in state.names_of(node_id):
            found[name] = min(found.get(name, at), at)
    return found


def _is_superseded(state: FormationState, graph: Graph, name: str) -> bool:
    node = graph.by_id.get(name)
    if node is None or not node.deprecated:
        return False
    heirs = [graph.by_id.get(each) for each in state.names_of(name)[1:]]
    return any(heir is not None and not heir.deprecated for heir in heirs)
