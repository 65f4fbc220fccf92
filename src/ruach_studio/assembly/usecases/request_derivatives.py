"""Turn "show me this session's footage" into what is there and a wish for the rest; asking again adds nothing.

The row and the wish commit together, with the id of the job to be; render hears of it and enqueues that job. Asking again
before it has heard repeats the same wish with the same id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.assembly.derivative import UNFINISHED
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import Clip
from ruach_studio.assembly.store import derivatives, sessions
from ruach_studio.assembly.store.derivatives import DerivativeRow
from ruach_studio.events.derivative import DerivativesRequested, Wanted
from ruach_studio.infra.context import bind, new_id
from ruach_studio.infra.outbox import publish
from ruach_studio.infra.queues import get_execution
from ruach_studio.kernel.derivative import KINDS, RECIPES, Kind, name_of, place_of
from ruach_studio.kernel.errors import NotFound


class CameraNotFound(NotFound):
    """The session has no such camera."""

    code = "camera_not_found"


class DerivativeNotFound(NotFound):
    """There is no such proxy, waveform or thumbnail of this session."""

    code = "derivative_not_found"


@dataclass(frozen=True, slots=True)
class ClipDerivative:
    """What one clip has, or could have, of one kind; `row` None: nobody asked yet, or the file changed since."""

    camera_id: str
    clip_index: int
    kind: Kind
    name: str | None  # None: the file is not there
    path: str
    row: DerivativeRow | None


async def list_derivatives(services: AssemblyServices, session_id: str) -> list[ClipDerivative]:
    """Return every kind that each clip can have, in the order of the cameras. Raises SessionNotFound."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        cameras = [asset.camera for asset in await sessions.assets(conn, session_id)]
        wanted = [
            (camera.camera_id, index, kind, clip.path)
            for camera in cameras
            for index, clip in enumerate(camera.clips)
            for kind in KINDS
            if _possible(clip, kind)
        ]
        names = await asyncio.to_thread(lambda: [_name(path, kind) for _, _, kind, path in wanted])
        rows = await derivatives.find(conn, [name for name in names if name is not None])
    return [
        ClipDerivative(camera_id, index, kind, name, path, rows.get(name or ""))
        for (camera_id, index, kind, path), name in zip(wanted, names, strict=True)
    ]


async def request_derivatives(
    services: AssemblyServices, session_id: str, *, kinds: Sequence[Kind], camera_id: str | None, actor: str
) -> list[ClipDerivative]:
    """Ask render for what is not ready and not on its way; return all that was asked for.

    Raises SessionNotFound, CameraNotFound.
    """
    every = await list_derivatives(services, session_id)
    if camera_id is not None and all(each.camera_id != camera_id for each in every):
        raise CameraNotFound(subject=camera_id, remedy="List the session's assets.")
    chosen = [each for each in every if each.kind in kinds and camera_id in (None, each.camera_id)]
    automation_id = new_id()
    asked_by = {"sessionId": session_id, "automationId": automation_id}
    wanted: list[Wanted] = []
    async with services.database.transaction() as tx:
        for each in sorted(
            (each for each in chosen if each.name), key=lambda each: str(each.name)
        ):  # one order: no deadlock
            name, at = str(each.name), services.clock.now()
            row = await derivatives.hold(tx, name, each.kind, each.path, actor=actor, at=at)
            run = None if row.job_id is None else await get_execution(tx, row.job_id)
            if row.state == "ready" and folder_of(services, name).is_dir():
                continue
            if row.state in UNFINISHED and run is not None and run.state != "cancelled":
                continue
            job_id = row.job_id if row.state in UNFINISHED and run is None else None
            if job_id is None:
                job_id, values = new_id(), {"error": None, "facts": asked_by, "requested_by": actor}
                await derivatives.put(tx, name, at=at, state="queued", job_id=job_id, **values)
            wanted.append(Wanted(name, job_id, each.kind, each.path, RECIPES[each.kind]))
        if wanted:
            with bind(automation_id=automation_id):
                await publish(tx, DerivativesRequested(session_id, actor, wanted))
    found = {(each.camera_id, each.clip_index, each.kind): each for each in await list_derivatives(services, session_id)}
    return [found[each.camera_id, each.clip_index, each.kind] for each in chosen]


async def find_file(services: AssemblyServices, session_id: str, name: str, file: str) -> tuple[Path, dict[str, object]]:
    """Return where a ready derivative's file lies, and its facts. Raises SessionNotFound, DerivativeNotFound."""
    for each in await list_derivatives(services, session_id):
        if each.name == name and each.row is not None and each.row.state == "ready":
            for facts in each.row.facts.get("files", ()):
                path = folder_of(services, name) / file
                if facts["name"] == file and path.is_file():
                    return path, dict(facts)
    raise DerivativeNotFound(subject=f"{name}/{file}"[:120], remedy="Ask for it with POST .../derivatives, then list them.")


def folder_of(services: AssemblyServices, name: str) -> Path:
    """Return where the files of a derivative are or will be."""
    return services.settings.data_dir / "derivatives" / place_of(name)


def _possible(clip: Clip, kind: Kind) -> bool:
    return {"proxy": True, "peaks": clip.has_audio, "thumbnails": clip.has_picture}[kind]


def _name(path: str, kind: Kind) -> str | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return name_of(str(Path(path)), stat.st_size, stat.st_mtime_ns, kind)
