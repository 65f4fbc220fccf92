"""Turn names into the places of the ids they mean, by comparing them as rows of machine words instead of as objects.

In a large graph each look into a dict of strings misses the cache four times: its table, its entry, the id and the number.
Here the names are read once, in the order of memory, into one text; cut into words of eight bytes they are looked up in
arrays of 3 MB (100,000 ids). Every hit is compared word by word, so that a hash only says
where to look, and never what is equal. What the words cannot tell (an id twice, over 64 bytes, with a zero byte) is refused:
the caller then looks into a dict. Counterpart: graph_columns.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]  # one column a name, zeros behind its end
END = "\0"
WIDEST, LEVELS = 8, 16  # words of an id; tables. Each table leaves out a tenth of its ids: 5 suffice for 100,000
_RUN = 16384  # names at a time: their words and what is made of them stay in the cache
_ONES = np.uint64(2**64 - 1)  # no word of any name: no byte of UTF-8 is 255
_KEEP = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # the first bytes of a word
_ODD = [np.uint64((0x9E3779B97F4A7C15 * (2 * level + 1)) % 2**64) for level in range(LEVELS)]  # golden ratio; all odd


@dataclass(frozen=True)
class Packed:
    """Names as one text, each with a zero byte behind it; `ends` says where those stand."""

    text: bytes
    ends: Ints

    @property
    def longest(self) -> int:
        """Return the bytes of the longest name; 0 if there is none."""
        return int(np.diff(self.ends, prepend=-1).max(initial=1)) - 1

    def between(self, first: int, last_exclusive: int) -> bytes:
        """Return the part of the text that holds these names."""
        start = int(self.ends[first - 1]) + 1 if first else 0
        return self.text[start : int(self.ends[last_exclusive - 1]) + 1]

    def words(self, width: int) -> Iterable[Words]:
        """Return the names as `width` words each, a run at a time; a name that is longer as ones, which no id is."""
        whole = np.frombuffer(self.text + bytes(8 * width + 16 - len(self.text) % 8), "<u8")
        for start in range(0, len(self.ends), _RUN):
            ends = self.ends[start : start + _RUN]
            starts = np.concatenate([self.ends[start - 1 : start] if start else [-1], ends[:-1]]) + 1
            yield _cut(whole, starts, ends - starts, width)


@dataclass(frozen=True)
class NameTable:
    """The words of all ids with, at last, ones; and tables of their places, each with those left out of the one before."""

    words: Words
    tables: tuple[NDArray[np.int32], ...]

    def places(self, names: Packed) -> Ints:
        """Return the place of each name, -1 where no id is the same."""
        found = [self._run(words) for words in names.words(len(self.words))]
        return np.concatenate([np.empty(0, np.int32), *found]).astype(np.int64)

    def _run(self, words: Words) -> NDArray[np.int32]:
        mixed, found, missed = _mix(words), np.full(words.shape[1], -1, np.int32), np.arange(words.shape[1])
        for level, table in enumerate(self.tables):
            at = table.take(_slots(mixed, level, table))
            found[missed] = at
            differ = np.flatnonzero((words != self.words.take(at, axis=1)).any(axis=0))
            missed, mixed, words = missed.take(differ), mixed.take(differ), words.take(differ, axis=1)
        found[missed] = -1
        return found


def pack(names: Iterable[str]) -> bytes:
    """Return the names as UTF-8 with a zero byte behind each; lone surrogates, which authors cannot type, as they are."""
    text = END.join([*names, ""])
    return text.encode("utf-8", "surrogatepass")


def packed(parts: Iterable[bytes], count: int) -> Packed | None:
    """Return the names of `pack`ed parts; None if they are not `count`, because a name holds a zero byte."""
    text = b"".join(parts)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 0)
    return Packed(text, ends) if len(ends) == count else None


def table_of(ids: Packed) -> NameTable | None:
    """Return a table of the ids; None if one stands twice, is too long, or if too many fall together in every table."""
    width = max(1, -(-ids.longest // 8))
    if width > WIDEST:
        return None
    words = np.concatenate([np.empty((width, 0), np.uint64), *ids.words(width)], axis=1)
    mixed, places, tables = _mix(words), np.arange(len(ids.ends), dtype=np.int32), list[NDArray[np.int32]]()
    while places.size:
        if len(tables) == LEVELS:
            return None
        table = np.full(1 << (2 * len(places)).bit_length(), -1, np.int32)  # a quarter to a half is taken
        slots = _slots(mixed, len(tables), table)
        table[slots] = places
        tables.append(table)
        held = table.take(slots)
        left = np.flatnonzero(held != places)
        if (words.take(places.take(left), axis=1) == words.take(held.take(left), axis=1)).all(axis=0).any():
            return None
        places, mixed = places.take(left), mixed.take(left)
    return NameTable(np.concatenate([words, np.full((width, 1), _ONES)], axis=1), tuple(tables))


def _cut(whole: Words, starts: Ints, sizes: Ints, width: int) -> Words:
    """Return the bytes at `starts` as words: of two neighbours in `whole`, the end of one and the start of the other."""
    words, at = np.empty((width, len(starts)), np.uint64), starts >> 3
    bits = (starts & 7).astype(np.uint64) << np.uint64(3)
    back, here = np.uint64(64) - bits, whole.take(at)  # a shift by 64 leaves nothing
    for k in range(width):
        behind = whole.take(at + (k + 1))
        words[k] = (here >> bits | behind << back) & _KEEP.take(np.clip(sizes - 8 * k, 0, 8))
        here = behind
    words[:, sizes > 8 * width] = _ONES
    return words


def _mix(words: Words) -> Words:
    """Return one word of each name's words, all bits of which depend on all of theirs."""
    mixed: Words = words[0] * _ODD[0]
    for each in words[1:]:
        mixed = ((mixed ^ mixed >> np.uint64(32)) + each) * _ODD[0]
    mixed ^= mixed >> np.uint64(32)
    return mixed


def _slots(mixed: Words, level: int, table: NDArray[np.int32]) -> Ints:
    """Return where to look in a table: the high bits of a product, for a power of two of slots."""
    slots: Ints = (mixed * _ODD[level] >> np.uint64(65 - len(table).bit_length())).view(np.int64)
    return slots
