"""Turn HTTP requests for a session's loudness into JSON, or into the bytes of a Float32Array."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from ruach_studio.assembly.energy import WINDOW_MS
from ruach_studio.assembly.entrypoints.http_edl import Reader
from ruach_studio.assembly.entrypoints.wire import Wire
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store.sessions import SessionNotFound
from ruach_studio.assembly.usecases.get_energy import EnergyNotFound, PublishedEnergy, float32_bytes, get_energy
from ruach_studio.infra.http.openapi import problem_responses
from ruach_studio.infra.routes import Routes
from ruach_studio.kernel.hashing import plain

WindowMs = Annotated[int, Query(alias="windowMs", ge=10, le=60_000)]


class EnergyColumn(Wire):
    """One camera (or one channel of it). `values`: dBFS, "-Infinity" for silence, "NaN" where it was not recording."""

    column: str
    url: str
    values: list[Any]


class EnergyView(Wire):
    """Loudness per window of master time; `sha256` is what an EDL made of it names."""

    window_ms: int
    unit: str
    sync_version: int
    sha256: str
    windows: int
    cameras: list[EnergyColumn]

    @classmethod
    def of(cls, session_id: str, found: PublishedEnergy) -> "EnergyView":
        """Return the view of a stored matrix."""
        matrix, query = found.matrix, f"?windowMs={found.matrix.window_ms}"
        columns = [
            EnergyColumn(
                column=name, url=f"/sessions/{session_id}/energy/{quote(name, safe='')}.f32{query}",
                values=[plain(float(value)) for value in matrix.dbfs[:, index]],
            )
            for index, name in enumerate(matrix.cameras)
        ]  # fmt: skip
        return cls(
            window_ms=matrix.window_ms, unit="dBFS", sync_version=found.sync_version, sha256=found.sha256,
            windows=len(matrix.dbfs), cameras=columns,
        )  # fmt: skip


def add(routes: Routes, services: AssemblyServices) -> None:
    """Add the routes under /sessions/{session_id}/energy."""
    missing = problem_responses(SessionNotFound, EnergyNotFound)

    @routes.get("/{session_id}/energy", summary="Show the loudness of every camera per 500 ms", responses=missing)
    async def show(session_id: str, _operator: Reader, window_ms: WindowMs = WINDOW_MS) -> EnergyView:
        return EnergyView.of(session_id, await get_energy(services, session_id, window_ms=window_ms))

    @routes.get("/{session_id}/energy/{column}.f32", summary="Read one camera's loudness as little-endian float32",
                response_class=Response, responses=missing)  # fmt: skip
    async def raw(session_id: str, column: str, _operator: Reader, window_ms: WindowMs = WINDOW_MS) -> Response:
        found = await get_energy(services, session_id, window_ms=window_ms)
        headers = {"X-Window-Ms": str(window_ms), "X-Sync-Version": str(found.sync_version)}
        return Response(float32_bytes(found.matrix, column), media_type="application/octet-stream", headers=headers)
