"""Turn a person's yes to a sync version into the session's accepted sync."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.store.syncs import SyncRow
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.kernel.errors import Conflict


class SyncVersionConflict(Conflict):
    """The sync that was looked at is not the newest."""

    code = "sync_version_conflict"


async def approve_sync(services: AssemblyServices, session_id: str, *, version: int, actor: str, notes: str = "") -> SyncRow:
    """Accept the newest sync version, however unsure it is: the person decides, and it is on record who did.

    Raises SyncVersionConflict (409) if `version` is not the newest, SessionStateConflict (409), SyncNotFound (404).
    """
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        newest = await syncs.get(tx, session_id)
        if newest.version != version:
            raise SyncVersionConflict(
                f"version {version} was looked at, version {newest.version} is the newest", subject=session_id,
                remedy="Look at the newest version and approve that.", base_version=version, current_version=newest.version,
            )  # fmt: skip
        await syncs.approve(tx, session_id, version, actor=actor, notes=notes, at=services.clock.now())
        await move_session(
            tx, services, session, "sync-accepted", actor=actor, reason=f"sync version {version} approved {notes}".strip(),
            sync_version=version, master_camera=newest.solution.master,
        )  # fmt: skip
        return await syncs.get(tx, session_id, version)
