"""Turn the nodes of a version into numbers once, so that what a member may do next is found by a few sums over arrays.

A node is its place in the version's list. A journey of thousands of done nodes is then one array of flags, and "whose
prerequisites are all done" is one count over the edges, the same for a beginner and for a member near the end. Counterparts:
graph_columns.py lays authored nodes out for the check; reach.py puts a member over these places.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]


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
    @property
    def gate(self) -> object | None: ...
    @property
    def scope(self) -> str | None: ...


@dataclass(frozen=True)
class Places:
    """The nodes as numbers 0..n-1, in the order of their list; then prerequisites that the version does not have: ghosts.

    `before[k]` -> `after[k]`: the edges, each once. Per place: `deprecated`; `entries` (a node that waits for none, or for
    deprecated ones, which nobody is asked for); `counted` (the rank of the phase of a node that is required and not
    deprecated, else 0). Per node: the rank of its phase; `asks` (it has a gate or a scope). `tags`: its tags or else its
    kind, as numbers of `tag_names`.
    """

    index: dict[str, int]
    before: Ints
    after: Ints
    deprecated: Flags
    entries: Flags
    counted: Ints
    ranks: Ints
    asks: Flags
    tags: tuple[tuple[int, ...], ...]
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

    @cached_property
    def waits(self) -> Ints:
        """Return, per place, how many prerequisites it has, withdrawn ones too."""
        return np.bincount(self.after, minlength=len(self.deprecated))

    @cached_property
    def followers(self) -> "Lists":
        """Return, per place, the places that wait for it."""
        order = np.argsort(self.before, kind="stable")
        return Lists(self.after[order], np.bincount(self.before, minlength=len(self.deprecated)))

    @cached_property
    def tag_lists(self) -> "Lists":
        """Return, per node, its tags as numbers: at least one."""
        lengths = np.array([len(each) for each in self.tags], np.int64)
        return Lists(np.array([tag for each in self.tags for tag in each], np.int64), lengths)

    @cached_property
    def tag_words(self) -> Words:
        """Return, per node, its tags as bits, 64 a word: what two nodes share is then one `and`."""
        found = np.zeros((len(self.tags), -(-len(self.tag_names) // 64)), np.uint64)
        for place, each in enumerate(self.tags):
            for tag in each:
                found[place, tag // 64] |= np.uint64(1 << tag % 64)
        return found

    @cached_property
    def tag_number(self) -> dict[str, int]:
        """Return the number of each tag."""
        return {name: number for number, name in enumerate(self.tag_names)}


class Lists:
    """A list of numbers per place, one after another in one array."""

    def __init__(self, flat: Ints, lengths: Ints) -> None:
        """Take all numbers and how many each place has."""
        self.flat, self.lengths = flat, lengths
        self._ends = np.cumsum(lengths)

    def of(self, places: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of `places`, one list after another, and where each list begins among them."""
        lengths = self.lengths[places]
        ends = np.cumsum(lengths)
        heads = ends - lengths
        total = int(ends[-1]) if len(ends) else 0
        return self.flat[np.repeat(self._ends[places] - lengths - heads, lengths) + np.arange(total)], heads


def places_of(nodes: Sequence[Placed], ranks: Sequence[int]) -> Places:
    """Return `nodes` as numbers; `ranks[k]`, from 1, is that of the phase of `nodes[k]`. Of an id twice, the last counts."""
    index = {node.node_id: place for place, node in enumerate(nodes)}
    pairs = [(index.setdefault(name, len(index)), place)
             for place, node in enumerate(nodes) for name in dict.fromkeys(node.prerequisites)]  # fmt: skip
    before, after = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
    count = max(len(index), len(nodes))
    deprecated, counted, entries = np.zeros(count, np.bool_), np.zeros(count, np.int64), np.zeros(count, np.bool_)
    deprecated[: len(nodes)] = [node.deprecated for node in nodes]
    counted[: len(nodes)] = [rank if node.required and not node.deprecated else 0
                             for node, rank in zip(nodes, ranks, strict=True)]  # fmt: skip
    entries[: len(nodes)] = (np.bincount(after[~deprecated[before]], minlength=count) == 0)[: len(nodes)]
    asks = np.array([node.gate is not None or bool(node.scope) for node in nodes], np.bool_)
    number_of: dict[str, int] = {}
    tags = tuple(tuple(number_of.setdefault(tag, len(number_of)) for tag in sorted(tags_of(node))) for node in nodes)
    return Places(
        index, before, after, deprecated, entries, counted, np.array(ranks, np.int64), asks, tags, tuple(number_of)
    )


def tags_of(node: Placed) -> frozenset[str]:
    """Return the node's tags, or its kind for a tag if it has none."""
    return node.tags or frozenset({f"kind:{node.kind}"})
