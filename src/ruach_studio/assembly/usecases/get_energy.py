"""Turn a session's stored energy into the published array: dBFS per 500 ms on the master timeline, one column per camera.

Nothing is decoded. -inf is digital silence, NaN means "not recording". As bytes a column is little-endian float32, which a
browser reads as a Float32Array without a copy. Counterpart: energy.py makes it, energy_files.py keeps it.
"""

import asyncio
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.energy import WINDOW_MS, EnergyMatrix
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.kernel.errors import NotFound


class EnergyNotFound(NotFound):
    """There is no such energy."""

    code = "energy_not_found"


@dataclass(frozen=True, slots=True)
class PublishedEnergy:
    """The array with the sync version that it stands on and the hash of its levels."""

    sync_version: int
    sha256: str
    matrix: EnergyMatrix


async def get_energy(
    services: AssemblyServices, session_id: str, *, sync_version: int | None = None, window_ms: int = WINDOW_MS
) -> PublishedEnergy:
    """Return the stored energy of the accepted sync version, or of the one given.

    Raises SessionNotFound, EnergyNotFound (404) before the session was assembled, EnergyDamaged.
    """
    async with services.database.connection() as conn:
        version = sync_version or (await sessions.get(conn, session_id)).sync_version
        rows = await syncs.energy(conn, session_id, version) if version is not None else {}
    row = rows.get(window_ms)
    if row is None or version is None:
        kept = f"; there is {', '.join(f'{ms} ms' for ms in sorted(rows))}" if rows else ""
        raise EnergyNotFound(
            f"no energy of {window_ms} ms is stored{kept}", subject=session_id, remedy="Assemble the session first."
        )
    matrix = await asyncio.to_thread(energy_files.load, services.settings.data_dir, row)
    return PublishedEnergy(version, row.sha256, matrix)


def float32_bytes(matrix: EnergyMatrix, column: str) -> bytes:
    """Return one column as little-endian float32. Raises EnergyNotFound naming the columns that there are."""
    if column not in matrix.cameras:
        raise EnergyNotFound(
            f"there is no column {column}", subject="energy", remedy=f"Choose one of {', '.join(matrix.cameras)}."
        )
    return np.ascontiguousarray(matrix.dbfs[:, matrix.cameras.index(column)], "<f4").tobytes()
