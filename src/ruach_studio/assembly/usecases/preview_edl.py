"""Turn stored energy and other settings into the EDL they would give; save it only if the operator keeps it."""

import asyncio
from dataclasses import replace

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.energy import WINDOW_MS as PUBLISHED_WINDOW_MS
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.session_state import after
from ruach_studio.assembly.store import edls, sessions, syncs
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.assemble import checked, ids_of, save_draft, synced_version
from ruach_studio.assembly.usecases.decide import DraftOptions, decide
from ruach_studio.assembly.usecases.options import with_stored
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import Conflict


class NothingToPreview(Conflict):
    """The session has no stored energy for its accepted sync."""

    code = "nothing_to_preview"


async def preview_edl(
    services: AssemblyServices, session_id: str, options: DraftOptions, *, actor: str, keep: bool = False
) -> CanonicalEDL:
    """Return what `options` would make of the session around the locked cuts of its newest version.

    With `keep` it becomes the newest version, state draft. No media is read. Raises NothingToPreview (409) before the first
    assembly of the accepted sync, LockedCutLost (409) if a locked cut has no place any more.
    """
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        sync_version = synced_version(session)
        assets = await sessions.assets(conn, session_id)
        solution = (await syncs.get(conn, session_id, sync_version)).solution
        rows = await syncs.energy(conn, session_id, sync_version)
        options = await with_stored(conn, session_id, options)
    if not rows:
        raise NothingToPreview(subject=session_id, remedy="Assemble the session first.")
    data_dir = services.settings.data_dir
    wanted = {options.window_ms, PUBLISHED_WINDOW_MS} if options.extras.reads_silence else {options.window_ms}
    matrices = {
        length: await asyncio.to_thread(energy_files.recall, data_dir, rows[length])
        for length in sorted(wanted & rows.keys())
    }
    sources = SessionSources(tuple(asset.camera for asset in assets))
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=keep)
        head = await edls.head(tx, session_id, lock=keep)
        base = await edls.get(tx, session_id, head.version) if head else None
        decided = await in_long_thread(
            decide, session_id, sources, solution, matrices, options, sync_version=sync_version,
            version=head.version + 1 if head else 1, asset_ids=ids_of(assets), base=base,
        )  # fmt: skip
        decided = replace(decided, edl=replace(decided.edl, parent_version=head.version if head else None))
        checked(decided.edl)
        if keep:
            after(session.state, "assembled")
            note = f"kept a preview with {decided.edl.rules_version}"
            await save_draft(tx, services, session, decided, [], actor=actor, key=None, note=note)
    return decided.edl
