"""Turn the nodes of a version into numbers once, so that what a member may do next is found by a few sums over arrays.

A node is its place in the version's list. A journey of thousands of done nodes is then one array of flags, and "whose
prerequisites are all done" is one count over the edges, the same for a beginner and for a member near the end. Counterparts:
graph_columns.py lays authored nodes out for the check; reach.py puts a member over these places.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Placed(Protocol):
    """What is read of a node."""

    @property
    def node_id(self) -> str: ...
    @property
    def prerequisites(self) -> tuple[str, ...]: ...
    @property
    def deprecated(self) -> bool: ...
    @property
    def required(self) -> bool: ...
    @property
    def tags(self) -> frozenset[str]: ...
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True)
class Places:
    """The nodes as numbers 0..n-1, in the order of their list; then prerequisites that the version does not have: ghosts.

    `before[k]` -> `after[k]`: the edges, each once. Per place: `deprecated`; `entries` (a node that waits for none, or for
    deprecated ones, which nobody is asked for); `counted` (the rank of the phase of a node that is required and not
    deprecated, else 0). `tags`: per node, its tags or else its kind, as bits; bit k stands for `tag_names[k]`.
    """

    index: dict[str, int]
    before: Ints
    after: Ints
    deprecated: Flags
    entries: Flags
    counted: Ints
    tags: tuple[int, ...]
    tag_names: tuple[str, ...]

    def flags(self, names: Collection[str]) -> Flags:
        """Return, per place, whether it is among `names`; names that the version does not know are left out."""
        found = np.zeros(len(self.deprecated), np.bool_)
        if not names:
            return found
        try:
            places = itemgetter(*names)(self.index) if len(names) > 1 else [self.index[name] for name in names]
            found[np.fromiter(places, np.int64, len(names))] = True
        except KeyError:
            found[[self.index[name] for name in names if name in self.index]] = True
        return found


def places_of(nodes: Sequence[Placed], ranks: Sequence[int]) -> Places:
    """Return `nodes` as numbers; `ranks[k]`, from 1, is that of the phase of `nodes[k]`. Of an id twice, the last counts."""
    index = {node.node_id: place for place, node in enumerate(nodes)}
    pairs = [(index.setdefault(name, len(index)), place)
             for place, node in enumerate(nodes) for name in dict.fromkeys(node.prerequisites)]  # fmt: skip
    before, after = np.array(pairs, np.int64).reshape(-1, 2).T
    count = max(len(index), len(nodes))
    deprecated, counted, entries = np.zeros(count, np.bool_), np.zeros(count, np.int64), np.zeros(count, np.bool_)
    deprecated[: len(nodes)] = [node.deprecated for node in nodes]
    counted[: len(nodes)] = [rank if node.required and not node.deprecated else 0
                             for node, rank in zip(nodes, ranks, strict=True)]  # fmt: skip
    entries[: len(nodes)] = (np.bincount(after[~deprecated[before]], minlength=count) == 0)[: len(nodes)]
    bit_of: dict[str, int] = {}
    tags = tuple(sum(1 << bit_of.setdefault(tag, len(bit_of)) for tag in sorted(tags_of(node))) for node in nodes)
    return Places(index, before, after, deprecated, entries, counted, tags, tuple(bit_of))


def tags_of(node: Placed) -> frozenset[str]:
    """Return the node's tags, or its kind for a tag if it has none."""
    return node.tags or frozenset({f"kind:{node.kind}"})
