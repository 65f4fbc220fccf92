"""Turn a digest's arrays on disk into arrays that are read a part at a time: nothing of them stays in memory.

A mapped file would count every page that was looked at as this process's memory until somebody gives it back; a glance at
each second of three recordings of four hours makes 690 MB of that. Here a part is read when it is asked for (`pread`: many
threads, no position), from the system's cache as a rule, and is gone with the array that it came in.

Counterpart: listen.py writes the files; the rules ask for `digest.Stored`.
"""

import errno
import math
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def put_aside(scratch: Path, values: npt.NDArray[Any]) -> "StoredArray | npt.NDArray[Any]":
    """Return the rows of an array (n, ...) from a file without a name under `scratch`; the array if none can be written.

    What a killed process leaves there is cleared away with half-made digests.
    """
    digests = scratch / "digests"
    try:
        digests.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=digests) as folder:
            path = Path(folder) / "aside"
            values.tofile(path)
            return StoredArray(path, values.dtype, values.shape[1:])
    except OSError:  # a full disk: memory has to do
        return values


class StoredArray:
    """A file of numbers as an array that is read by slices of its first axis; readable even if the file is removed.

    Shape (n,), (n, columns), or (n, *columns). `np.asarray` reads all of it. A slice is a new, read-only array; steps are
    not offered (TypeError). Raises FileNotFoundError, OSError if the file became shorter meanwhile.
    """

    def __init__(self, path: Path, dtype: npt.DTypeLike, columns: int | tuple[int, ...] | None = None) -> None:
        self._path, self.dtype = path, np.dtype(dtype)
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._fd)
        self._row = () if columns is None else columns if isinstance(columns, tuple) else (columns,)
        self._row_bytes = self.dtype.itemsize * math.prod(self._row)
        self._rows = os.fstat(self._fd).st_size // self._row_bytes

    @property
    def shape(self) -> tuple[int, ...]:
        """Return rows and columns."""
        return self._rows, *self._row

    @property
    def size(self) -> int:
        """Return how many numbers there are."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, part: slice) -> npt.NDArray[Any]:
        if part.step not in (None, 1):
            raise TypeError("stored arrays are read without a step")
        first, last, _ = part.indices(len(self))
        wanted, at = max(0, last - first) * self._row_bytes, first * self._row_bytes
        read = os.pread(self._fd, wanted, at)
        if len(read) < wanted:  # a call reads 2 GB at most; a digest of 30 hours is shorter
            raise OSError(errno.EIO, "the digest's file is shorter than it was", str(self._path))
        return np.frombuffer(read, self.dtype).reshape(-1, *self._row)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("a stored array is in memory only as a copy")
        return np.asarray(self[:], dtype)
