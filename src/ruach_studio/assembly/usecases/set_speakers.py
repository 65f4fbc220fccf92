"""Turn an operator's word on who speaks where and who is filmed by what into the next version of the session's map."""

from ruach_studio.assembly.mapping import SpeakerMap
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, speakers
from ruach_studio.assembly.store.speakers import MapOrigin, SpeakersRow
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict

CHANNELS_MAX = 16


class SpeakersConflict(Conflict):
    """Somebody else has saved a newer version."""

    code = "speakers_conflict"


async def set_speakers(
    services: AssemblyServices, session_id: str, wanted: SpeakerMap, *, base_version: int, actor: str, notes: str = "",
    origin: MapOrigin = "operator",
) -> SpeakersRow:  # fmt: skip
    """Save `wanted` as the version after `base_version` (0 = the first). Drafts that exist stay; the next one obeys it.

    Raises SpeakersConflict (409, details carry both versions), BadInput (422) for a camera or microphone that the session
    does not have, SessionNotFound (404).
    """
    async with services.database.transaction() as tx:
        await sessions.get(tx, session_id, lock=True)
        newest = await speakers.newest_map(tx, session_id)
        current = newest.version if newest else 0
        if current != base_version:
            raise SpeakersConflict(
                f"version {base_version} was worked on, version {current} is the newest", subject=session_id,
                remedy=f"Look at version {current}, make the change there, and name {current} as the base version.",
                base_version=base_version, current_version=current,
            )  # fmt: skip
        cameras = [asset.camera for asset in await sessions.assets(tx, session_id)]
        heard = {c.camera_id: CHANNELS_MAX for c in cameras if any(clip.has_audio for clip in c.clips)}
        wanted.check(heard, [camera.camera_id for camera in cameras if camera.has_picture])
        row = SpeakersRow(current + 1, origin, wanted, notes, actor, services.clock.now())
        await speakers.insert_map(tx, session_id, row)
        await record_transition(
            tx, entity="speakers", entity_id=session_id, from_state=str(current) if current else None,
            to_state=str(row.version), actor=actor, reason=notes or f"{len(wanted.speakers)} speakers",
        )  # fmt: skip
    return row
