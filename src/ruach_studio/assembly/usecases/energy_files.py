"""Turn energy matrices into files under the data folder and back; a row says where they lie and what they hash to.

A file appears whole (made aside, synced, renamed) or not at all. Reading checks the hash: what decided an EDL is what is
read again. A preview reads the same files again and again, so they are remembered (`recall`). Arrival order, where it was
measured, lies beside its energy (`.arrival.npz`), and its hash in the decisions.
"""

import errno
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ruach_studio.assembly.angles import energy_hash
from ruach_studio.assembly.arrival import ArrivalMatrix
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.store.syncs import EnergyRow
from ruach_studio.kernel.errors import OutOfSpace, RuachError

MEASURE_ANEW = 'Replay any stretch of it (`ruach ops assembly replay SESSION FROM_MS TO_MS "REASON"`): all is measured anew.'


class EnergyDamaged(RuachError):
    """A stored energy file is missing or not what was stored."""

    code = "energy_damaged"


def keep(data_dir: Path, session_id: str, sync_version: int, matrices: Mapping[int, EnergyMatrix]) -> list[EnergyRow]:
    """Write the matrices and return their rows. Raises OutOfSpace."""
    rows = []
    for window_ms, matrix in matrices.items():
        digest = energy_hash(matrix)
        path = Path("energy") / session_id / f"{sync_version}-{window_ms}ms-{digest[:16]}.npy"
        try:
            _write(data_dir / path, {"dbfs": matrix.dbfs})
            if matrix.arrival is not None:
                pairs = np.array(matrix.arrival.pairs, dtype=np.str_)
                _write(_beside(data_dir / path), {"pairs": pairs, "peaks": np.asarray(matrix.arrival.peaks)})
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise OutOfSpace(subject=str(data_dir), remedy="Free some megabytes.") from error
            raise
        rows.append(EnergyRow(window_ms, digest, path.as_posix(), matrix.dbfs.shape[0], list(matrix.cameras)))
    return rows


def load(data_dir: Path, row: EnergyRow) -> EnergyMatrix:
    """Read a matrix back. Raises EnergyDamaged if it is missing or altered."""
    path = data_dir / row.path
    try:
        levels = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise EnergyDamaged(str(error), subject=str(path), remedy=MEASURE_ANEW) from error
    matrix = EnergyMatrix(row.window_ms, tuple(row.cameras), levels, _arrival(_beside(path)))
    if energy_hash(matrix) != row.sha256:
        raise EnergyDamaged("its content is not what was stored", subject=str(path), remedy=MEASURE_ANEW)
    return matrix


def recall(data_dir: Path, row: EnergyRow) -> EnergyMatrix:
    """Return a matrix that this process has read before, else read it; a file that changed since is read and checked anew.

    Raises EnergyDamaged. What is remembered takes 64 MB at most; the least recently used goes first.
    """
    try:
        stat = (data_dir / row.path).stat()
    except OSError:
        return load(data_dir, row)  # which says what is wrong
    key = (str(data_dir / row.path), row.sha256, stat.st_mtime_ns, stat.st_size)
    with _LOCK:
        known = _KNOWN.pop(key, None)
        if known is not None:
            _KNOWN[key] = known
            return known
    read = load(data_dir, row)
    read.dbfs.flags.writeable = False
    matrix = replace(read, sha256=row.sha256)  # checked just now: no preview need hash it again
    with _LOCK:
        _KNOWN[key] = matrix
        while sum(each.dbfs.nbytes for each in _KNOWN.values()) > _KNOWN_BYTES_MAX:
            del _KNOWN[next(iter(_KNOWN))]
    return matrix


_KNOWN: dict[tuple[str, str, int, int], EnergyMatrix] = {}
_KNOWN_BYTES_MAX = 64 * 2**20
_LOCK = threading.Lock()


def _beside(path: Path) -> Path:
    """Return where the arrival order that belongs to an energy file lies, if it was measured."""
    return path.with_suffix(".arrival.npz")


def _arrival(path: Path) -> ArrivalMatrix | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            pairs = tuple((str(a), str(b)) for a, b in file["pairs"])
            return ArrivalMatrix(pairs, np.asarray(file["peaks"], np.float32))
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise EnergyDamaged(str(error), subject=str(path), remedy=MEASURE_ANEW) from error


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(prefix=".making-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if path.suffix == ".npz":
                np.savez(file, allow_pickle=False, **arrays)
            else:
                np.save(file, next(iter(arrays.values())), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
