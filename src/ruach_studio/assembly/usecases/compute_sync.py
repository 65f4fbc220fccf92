"""Turn a session's footage into a new, immutable sync version that waits for a person."""

from collections.abc import Callable

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.session_state import after
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.store.syncs import SyncRow
from ruach_studio.assembly.usecases.footage import hear
from ruach_studio.assembly.usecases.hearing import Hearing, follow
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.assembly.usecases.place import check_master, place


async def compute_sync(
    services: AssemblyServices, session_id: str, *, actor: str, master: str | None = None, resumed: bool = False,
    hearing: Callable[[Hearing], None] | None = None,
) -> SyncRow:  # fmt: skip
    """Compute and save the sync of a session, which is syncing already or may start to.

    `resumed`: the session was moved to syncing when the job was queued; if it is not any more, an earlier run of the job
    has done the work, and its result is returned. `hearing` is told how far each file is.

    Raises BadMedia, SessionStateConflict (409).
    """
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        if session.state != "syncing":
            if resumed:
                return await syncs.get(conn, session_id)
            after(session.state, "sync-started")
        sources = SessionSources(tuple(asset.camera for asset in await sessions.assets(conn, session_id)))
    wanted = master or session.master_camera
    check_master(sources, wanted)
    scratch = services.settings.data_dir / "scratch"
    tracks = await hear(sources, scratch, follow(sources, hearing))
    solution = await place(sources, tracks, wanted, scratch=scratch)
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        if session.state != "syncing":
            if resumed:  # a second job was quicker
                return await syncs.get(tx, session_id)
            await move_session(tx, services, session, "sync-started", actor=actor, master_camera=solution.master)
            session = await sessions.get(tx, session_id)
        version = await syncs.insert(
            tx, session_id, solution, parent=None, origin="computed", actor=actor, notes="", at=services.clock.now()
        )
        classes = sorted({placement.classification for placement in solution.placements})
        await move_session(
            tx, services, session, "sync-finished", actor=actor, reason=f"sync version {version}: {', '.join(classes)}"
        )
        return await syncs.get(tx, session_id, version)
