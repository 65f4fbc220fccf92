"""Turn arrays that lie apart, on disk for one, into one that is read a slice at a time.

Counterpart: sync_features.py and arrival.py put what grows with the length aside in parts, so that one is in memory at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.digest import Stored

Array = npt.NDArray[Any]


class Parts:
    """Parts of `rows` rows, the last one shorter, read as one."""

    def __init__(self, parts: Sequence[Stored[Array]], rows: int) -> None:
        self._parts, self._rows = parts, rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return (len(self._parts) - 1) * self._rows + len(self._parts[-1])

    def __getitem__(self, part: slice) -> Array:
        """Return the rows of a slice without a step, as a new array."""
        first, last, _ = part.indices(len(self))
        found = []
        for number in range(first // self._rows, max(-(-last // self._rows), first // self._rows + 1)):
            start = number * self._rows
            found.append(self._parts[min(number, len(self._parts) - 1)][max(0, first - start) : max(0, last - start)])
        return found[0] if len(found) == 1 else np.concatenate(found)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        """Return all of it."""
        if copy is False:
            raise ValueError("parts are one array only as a copy")
        return np.asarray(self[:], dtype)
