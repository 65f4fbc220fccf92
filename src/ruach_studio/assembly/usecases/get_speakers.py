"""Turn a session into its speaker map: the one that was saved, else the plain one that its cameras mean."""

from dataclasses import dataclass

from ruach_studio.assembly.mapping import SpeakerMap, map_of_mics
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, speakers
from ruach_studio.assembly.store.speakers import SpeakersRow
from ruach_studio.kernel.errors import Conflict


class NobodyToMap(Conflict):
    """The session has no camera with sound besides the wide."""

    code = "nobody_to_map"


@dataclass(frozen=True, slots=True)
class SpeakersView:
    """The map in force. Without a saved version, `saved` is None and every camera but the wide hears its own subject."""

    speakers: SpeakerMap
    saved: SpeakersRow | None


async def get_speakers(services: AssemblyServices, session_id: str, version: int | None = None) -> SpeakersView:
    """Return a version (default: what is in force). Raises SessionNotFound, SpeakerMapNotFound (404), NobodyToMap (409)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        row = await speakers.newest_map(conn, session_id, version)
        if row is not None:
            return SpeakersView(row.speakers, row)
        cameras = [asset.camera for asset in await sessions.assets(conn, session_id)]
    own = {c.camera_id: c.camera_id for c in cameras if c.role == "camera" and any(clip.has_audio for clip in c.clips)}
    if not own:
        raise NobodyToMap(subject=session_id, remedy="Register the cameras first.")
    return SpeakersView(map_of_mics(own), None)
