"""Turn authored nodes into columns: one row of values per fact, in the order in which ties are broken (phase, then ordinal).

The check of a large graph is bound by memory, so each node is looked at once, a block that fits the cache at a time, and the
rest is done on whole arrays. Counterparts: graph_check.py finds faults in the columns, graph_reach.py opens gates over them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.graph import PHASES, Kind, Node, ScoreGate, phase_rank

KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")
RANKS = {phase: phase_rank(phase) for phase in PHASES}
_KIND = {kind: code for code, kind in enumerate(KINDS)}
_BLOCK = 2048  # nodes
T = TypeVar("T")
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """`nodes` with, per node: id, rank 1..5 of the phase, ordinal, kind (place in KINDS), named prerequisites, gate.

    `counted`: a score counts it (required and not deprecated). `live`: not deprecated. `guided`: nodes with guidebook words.
    """

    nodes: Sequence[Node]
    ids: Sequence[str]
    ranks: Ints
    ordinals: Ints
    kinds: NDArray[np.uint8]
    named: Sequence[tuple[str, ...]] = field(repr=False)
    gates: Sequence[ScoreGate | None]
    counted: Flags
    live: Flags
    guided: Sequence[Node]

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the place of each id; of one that stands twice, the last."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    @property
    def ids_differ(self) -> bool:
        """Say whether no id stands twice."""
        return len(self.index) == len(self.ids)

    @cached_property
    def by_ordinal(self) -> Ints:
        """Return the places in the order of the ordinals."""
        if (self.ordinals[1:] > self.ordinals[:-1]).all():
            return np.arange(len(self.ordinals))
        return np.argsort(self.ordinals)

    @cached_property
    def ordinals_differ(self) -> bool:
        """Say whether no ordinal stands twice."""
        ascending = self.ordinals[self.by_ordinal]
        return bool((ascending[1:] != ascending[:-1]).all())

    def names_of(self, places: Sequence[int]) -> tuple[str, ...]:
        """Return the ids at these places."""
        return _pick(self.ids, places)

    def named_edges(self) -> tuple[Ints, Ints]:
        """Return (before, after), one an edge: node `after` names node `before`, -1 if there is no node of that name."""
        before, sizes = [np.empty(0, np.int64)], list[int]()
        for block in _blocks(self.named):
            before.append(places_of(list(chain.from_iterable(block)), self.index))
            sizes += [len(names) for names in block]
        return np.concatenate(before), np.repeat(np.arange(len(sizes)), np.array(sizes, np.int64))

    def keeps(self, old: Sequence[Node]) -> bool:
        """Say whether each of the `old` nodes stands here under its id, ordinal and kind; ordinals must not stand twice.

        The ordinals tell where to look, so that ids are only compared, in the order of memory, and not looked up.
        """
        if len(old) > len(self.ids):
            return False
        ascending = self.ordinals[self.by_ordinal]
        for block in _blocks(old):
            ordinals = np.array([node.ordinal for node in block], np.int64)
            found = np.minimum(np.searchsorted(ascending, ordinals), len(ascending) - 1)
            places = self.by_ordinal[found]
            kinds = bytes([_KIND[node.kind] for node in block])
            if not np.array_equal(ascending[found], ordinals) or self.kinds[places].tobytes() != kinds:
                return False
            if self.names_of(places.tolist()) != tuple([node.node_id for node in block]):
                return False
        return True


def columns_of(nodes: Iterable[Node]) -> Columns:
    """Return `nodes` as columns, however they were listed; ids after ordinals, so that a faulty graph reads the same."""
    columns = _read(list(nodes))
    ranks, ordinals = columns.ranks, columns.ordinals
    if ((ranks[1:] > ranks[:-1]) | ((ranks[1:] == ranks[:-1]) & (ordinals[1:] > ordinals[:-1]))).all():
        return columns
    by_id = columns if columns.ordinals_differ else _read(sorted(columns.nodes, key=lambda node: node.node_id))
    places = np.lexsort((by_id.ordinals, by_id.ranks))  # stable: equal ordinals stay by id
    return _read(_pick(by_id.nodes, places.tolist()))


def places_of(names: Sequence[str], index: Mapping[str, int]) -> Ints:
    """Return the place of each name, -1 where it has none."""
    try:
        found: Iterable[int] = itemgetter(*names)(index) if len(names) > 1 else [index[name] for name in names]
        return np.fromiter(found, np.int64, len(names))
    except KeyError:
        return np.fromiter(map(index.get, names, repeat(-1)), np.int64, len(names))


def _read(nodes: Sequence[Node]) -> Columns:
    ids, ordinals, named, gates = list[str](), list[int](), list[tuple[str, ...]](), list[ScoreGate | None]()
    guided: list[Node] = []
    ranks, kinds, required, deprecated = bytearray(), bytearray(), bytearray(), bytearray()
    for block in _blocks(nodes):
        ids += [node.node_id for node in block]
        ordinals += [node.ordinal for node in block]
        named += [node.prerequisites for node in block]
        gates += [node.gate for node in block]
        guided += [node for node in block if node.scope or node.node_type or node.checkpoint_type or node.sensitivity]
        ranks += bytes([RANKS[node.phase] for node in block])
        kinds += bytes([_KIND[node.kind] for node in block])
        required += bytes([node.required for node in block])
        deprecated += bytes([node.deprecated for node in block])
    live = ~np.frombuffer(deprecated, np.bool_)
    return Columns(
        nodes, ids, np.frombuffer(ranks, np.uint8).astype(np.int64), np.array(ordinals, np.int64),
        np.frombuffer(kinds, np.uint8), named, gates, np.frombuffer(required, np.bool_) & live, live, guided,
    )  # fmt: skip


def _blocks(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def _pick(rows: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    """Return the rows at `places`. itemgetter is one loop in C, about twice as fast as a comprehension."""
    return itemgetter(*places)(rows) if len(places) > 1 else tuple([rows[place] for place in places])
