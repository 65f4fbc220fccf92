"""Turn footage into a locked EDL in one go, going on from wherever the session stands.

create -> register cameras -> sync -> approve -> assemble -> submit -> approve -> lock. Each step commits by itself, so a
killed run is continued by the next one: it looks at the session's state and does what is left. What an operator changed in
between stands. Counterpart: the single use cases, which the service's routes call one by one.
"""

import hashlib
from collections.abc import Callable, Sequence

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import edls, sessions, syncs, transcripts
from ruach_studio.assembly.store.sessions import SessionRow
from ruach_studio.assembly.usecases.add_camera import add_camera
from ruach_studio.assembly.usecases.approve_sync import approve_sync
from ruach_studio.assembly.usecases.assemble import assemble
from ruach_studio.assembly.usecases.compute_sync import compute_sync
from ruach_studio.assembly.usecases.create_session import SessionExists, create_session
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.footage import CameraFiles
from ruach_studio.assembly.usecases.import_transcript import TranscriptFile, import_transcript
from ruach_studio.assembly.usecases.lock_edl import lock_edl
from ruach_studio.assembly.usecases.move_edl import move_edl
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Conflict

log = get_logger(__name__)
Tell = Callable[[str, float], None]


class AnotherSession(Conflict):
    """The session stands on other footage or other settings."""

    code = "another_session"


async def run_to_lock(
    services: AssemblyServices, session_id: str, cameras: Sequence[CameraFiles], options: DraftOptions, *, actor: str,
    title: str = "", transcript: TranscriptFile | None = None, tell: Tell,
) -> CanonicalEDL:  # fmt: skip
    """Return the session's locked EDL, making what is missing; every step is recorded under `actor`.

    The same command given twice at once does it once: the second waits, then finds everything made.
    Raises AnotherSession (409) if the session was made of other files, another master or another ruleset; and whatever
    the single steps raise.
    """
    async with services.database.transaction() as tx:
        await sessions.alone(tx, session_id)
        await _go_on(services, session_id, cameras, options, actor, title, tell)
        if transcript is not None:
            await _import(services, session_id, transcript, actor)
        tell("lock", 0.9)
        return await _lock(services, session_id, options, actor)


async def _go_on(
    services: AssemblyServices, session_id: str, cameras: Sequence[CameraFiles], options: DraftOptions, actor: str,
    title: str, tell: Tell,
) -> None:  # fmt: skip
    try:
        await create_session(services, actor=actor, session_id=session_id, title=title)
    except SessionExists:
        log.info("session.continued", session=session_id)
    await _register(services, session_id, cameras, actor)
    tell("sync", 0.1)
    session = await _get(services, session_id)
    if session.state in ("ingesting", "syncing"):
        await compute_sync(services, session_id, actor=actor, master=options.master)
        session = await _get(services, session_id)
    if session.state == "needs-review":
        async with services.database.connection() as conn:
            newest = await syncs.get(conn, session_id)
        await approve_sync(services, session_id, version=newest.version, actor=actor, notes="by the main job")
        session = await _get(services, session_id)
    tell("assemble", 0.5)
    if session.state == "synced":
        await assemble(services, session_id, options=options, actor=actor)


async def _import(services: AssemblyServices, session_id: str, file: TranscriptFile, actor: str) -> None:
    """Import the transcript unless the newest came from this very file. Raises AnotherSession once the EDL is locked."""
    async with services.database.connection() as conn:
        newest = await transcripts.newest(conn, session_id)
        edl = await edls.get(conn, session_id)
    if newest is not None and newest.details.get("fileSha256") == hashlib.sha256(file.data).hexdigest():
        return
    if edl.status == "locked":
        raise AnotherSession("its EDL is locked with another transcript, or none", subject=session_id, remedy=_REMEDY)
    await import_transcript(services, session_id, file, base_version=newest.version if newest else 0, actor=actor)


async def _register(services: AssemblyServices, session_id: str, cameras: Sequence[CameraFiles], actor: str) -> None:
    async with services.database.connection() as conn:
        there = {asset.camera.camera_id: asset.camera for asset in await sessions.assets(conn, session_id)}
    for name in there.keys() - {files.camera_id for files in cameras}:
        raise AnotherSession(f"it has a camera {name} that is not given now", subject=session_id, remedy=_REMEDY)
    for files in cameras:
        camera = there.get(files.camera_id)
        if camera is None:
            paths = [str(path.resolve()) for path in files.paths]
            await add_camera(services, session_id, files.camera_id, paths, role=files.role, actor=actor)
        elif [clip.path for clip in camera.clips] != [str(path.resolve()) for path in files.paths]:
            raise AnotherSession(
                f"its camera {files.camera_id} lies at {camera.clips[0].path}", subject=session_id, remedy=_REMEDY
            )


async def _lock(services: AssemblyServices, session_id: str, options: DraftOptions, actor: str) -> CanonicalEDL:
    async with services.database.connection() as conn:
        edl = await edls.get(conn, session_id)
    if edl.rules_version != options.ruleset or options.master not in (None, edl.master_camera):
        raise AnotherSession(
            f"its EDL was made by {edl.rules_version} with master {edl.master_camera}", subject=session_id, remedy=_REMEDY
        )
    if edl.status == "draft":
        edl = await move_edl(services, session_id, "submit", version=edl.version, actor=actor)
    if edl.status == "in_review":
        edl = await move_edl(services, session_id, "approve", version=edl.version, actor=actor)
    if edl.status == "approved":
        edl = await lock_edl(services, session_id, version=edl.version, actor=actor)
    return edl


async def _get(services: AssemblyServices, session_id: str) -> SessionRow:
    async with services.database.connection() as conn:
        return await sessions.get(conn, session_id)


_REMEDY = "Give the same files and settings to go on with it, or another --session name to start anew."
