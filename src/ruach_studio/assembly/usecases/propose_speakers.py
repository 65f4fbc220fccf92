"""Turn a session's stored energy into a proposal of its speaker map, with the evidence; nothing is saved."""

import asyncio

from ruach_studio.assembly.angles import WINDOW_MS
from ruach_studio.assembly.mapping_proposal import Proposal, propose
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.usecases import energy_files
from ruach_studio.assembly.usecases.assemble import synced_version
from ruach_studio.assembly.usecases.preview_edl import NothingToPreview
from ruach_studio.infra.threads import in_long_thread


async def propose_speakers(services: AssemblyServices, session_id: str) -> Proposal:
    """Return the proposal. Raises SessionStateConflict, NothingToPreview (409) before the first assembly, BadInput (422)
    if no microphone proves a speaker."""
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        rows = await syncs.energy(conn, session_id, synced_version(session))
        cameras = [asset.camera for asset in await sessions.assets(conn, session_id)]
    row = rows.get(WINDOW_MS["angle-v2"])
    if row is None:
        raise NothingToPreview(subject=session_id, remedy="Assemble the session first.")
    matrix = await asyncio.to_thread(energy_files.recall, services.settings.data_dir, row)
    wide = next((camera.camera_id for camera in cameras if camera.role == "wide"), None)
    shown = [camera.camera_id for camera in cameras if camera.has_picture]
    return await in_long_thread(propose, matrix, shown, wide=wide)
