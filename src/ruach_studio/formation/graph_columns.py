"""Turn authored nodes into columns: one row of values per fact, in the order in which ties are broken (phase, then ordinal).

The check of a large graph is bound by memory, so each node is looked at once, a block that fits the cache at a time, and the
rest is done on whole arrays. Counterparts: graph_check.py finds faults in the columns, graph_reach.py opens gates over them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, compress, repeat
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ruach_studio.formation.graph import PHASES, Kind, Node, phase_rank
from ruach_studio.formation.graph_names import NameTable, Packed, pack, packed, table_of

KINDS: tuple[Kind, ...] = ("section", "reflection", "checkpoint")
RANKS = {phase: phase_rank(phase) for phase in PHASES}
_KIND = {kind: code for code, kind in enumerate(KINDS)}
_BLOCK = 1024  # rows: a block of nodes with their names is less than half a megabyte
T = TypeVar("T")
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """`nodes` with, per node: id, rank 1..5 of the phase, ordinal, kind (place in KINDS), how many prerequisites it names.

    `gated`: the places of the nodes with a score gate.
    `counted`: a score counts it (required and not deprecated). `live`: not deprecated. `guided`: nodes with guidebook words.
    """

    nodes: Sequence[Node]
    ids: Sequence[str]
    ranks: Ints
    ordinals: Ints
    kinds: NDArray[np.uint8]
    packed_ids: Sequence[bytes] = field(repr=False)  # see graph_names.py
    packed_befores: Sequence[bytes] = field(repr=False)
    sizes: Ints
    gated: Sequence[int]
    counted: Flags
    live: Flags
    guided: Sequence[Node]

    @cached_property
    def index(self) -> dict[str, int]:
        """Return the place of each id; of one that stands twice, the last."""
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    @cached_property
    def named(self) -> list[str]:
        """Return the prerequisites of all nodes, one after the other."""
        return list(chain.from_iterable(node.prerequisites for node in self.nodes))

    @property
    def ids_differ(self) -> bool:
        """Say whether no id stands twice."""
        return self.table is not None or len(self.index) == len(self.ids)

    @cached_property
    def names(self) -> Packed | None:
        """Return the ids as one text; None if one holds a zero byte."""
        return packed(self.packed_ids, len(self.ids))

    @cached_property
    def table(self) -> NameTable | None:
        """Return where to look for ids in arrays; None if they cannot be told apart in these."""
        return table_of(self.names) if self.names else None

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
        named = packed(self.packed_befores, int(self.sizes.sum()))
        before = self.table.places(named) if self.table and named else places_of(self.named, self.index)
        return before, np.repeat(np.arange(len(self.sizes)), self.sizes)

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
            if not self._ids_are(places, [node.node_id for node in block]):
                return False
        return True

    def _ids_are(self, places: Ints, names: list[str]) -> bool:
        first = int(places[0])
        if self.names and (np.diff(places) == 1).all():  # usual: one text, and not name by name
            return self.names.between(first, first + len(places)) == pack(names)
        return list(self.names_of(places.tolist())) == names


def columns_of(nodes: Iterable[Node]) -> Columns:
    """Return `nodes` as columns, however they were listed; ids after ordinals, so that a faulty graph reads the same."""
    listed = list(nodes)
    if _ascend(*_keys(listed[:_BLOCK])):  # spares most lists that are in no order a reading
        columns = _read(listed)
        if _ascend(columns.ranks, columns.ordinals):
            return columns
    return _read(_in_order(listed))


def places_of(names: Sequence[str], index: Mapping[str, int]) -> Ints:
    """Return the place of each name, -1 where it has none. itemgetter is one loop in C."""
    try:
        rows: Iterable[int] = itemgetter(*names)(index) if len(names) > 1 else [index[name] for name in names]
    except KeyError:
        rows = map(index.get, names, repeat(-1))
    return np.fromiter(rows, np.int64, len(names))


def _read(nodes: Sequence[Node]) -> Columns:
    ids, ranks, ordinals = list[str](), [np.empty(0, np.uint8)], [np.empty(0, np.int64)]
    packed_ids, packed_befores, sizes = list[bytes](), list[bytes](), [np.empty(0, np.int64)]
    gated, guided = list[int](), list[Node]()
    kinds, required, deprecated = bytearray(), bytearray(), bytearray()
    for block in _blocks(nodes):
        start = len(ids)
        block_ranks, block_ordinals = _keys(block)
        ranks.append(block_ranks)
        ordinals.append(block_ordinals)
        block_ids = [node.node_id for node in block]
        ids += block_ids
        packed_ids.append(pack(block_ids))
        block_befores = [node.prerequisites for node in block]
        sizes.append(np.fromiter(map(len, block_befores), np.int64, len(block)))
        packed_befores.append(pack(chain.from_iterable(block_befores)))
        gated += compress(range(start, len(ids)), [node.gate for node in block])
        guided += [node for node in block if node.scope or node.node_type or node.checkpoint_type or node.sensitivity]
        kinds += bytes([_KIND[node.kind] for node in block])
        required += bytes([node.required for node in block])
        deprecated += bytes([node.deprecated for node in block])
    live = ~np.frombuffer(deprecated, np.bool_)
    return Columns(
        nodes, ids, np.concatenate(ranks).astype(np.int64), np.concatenate(ordinals),
        np.frombuffer(kinds, np.uint8), packed_ids, packed_befores, np.concatenate(sizes), gated,
        np.frombuffer(required, np.bool_) & live, live, guided,
    )  # fmt: skip


def _ascend(ranks: NDArray[np.uint8] | Ints, ordinals: Ints) -> bool:
    """Say whether the rows go up by rank, then by ordinal, and none stands twice."""
    return bool(((ranks[1:] > ranks[:-1]) | ((ranks[1:] == ranks[:-1]) & (ordinals[1:] > ordinals[:-1]))).all())


def _in_order(nodes: Sequence[Node]) -> Sequence[Node]:
    """Return `nodes` by rank, then by ordinal; those with the same by id."""
    ranks, ordinals = _keys(nodes)
    if len(np.unique(ordinals)) < len(ordinals):
        nodes = sorted(nodes, key=lambda node: node.node_id)
        ranks, ordinals = _keys(nodes)
    return _pick(nodes, np.lexsort((ordinals, ranks)).tolist())  # stable


def _keys(nodes: Sequence[Node]) -> tuple[NDArray[np.uint8], Ints]:
    ranks = np.frombuffer(bytes([RANKS[node.phase] for node in nodes]), np.uint8)
    return ranks, np.array([node.ordinal for node in nodes], np.int64)


def _blocks(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def _pick(rows: Sequence[T], places: Sequence[int]) -> tuple[T, ...]:
    """Return the rows at `places`. itemgetter is one loop in C, about twice as fast as a comprehension."""
    return itemgetter(*places)(rows) if len(places) > 1 else tuple([rows[place] for place in places])
