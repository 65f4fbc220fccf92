"""Turn two versions of a session's EDL into what changed from one to the other."""

from ruach_studio.assembly.edl_diff import EdlDiff, diff
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import edls, sessions


async def compare_edl(services: AssemblyServices, session_id: str, from_version: int, to_version: int) -> EdlDiff:
    """Return the difference. Raises SessionNotFound, EdlNotFound (404). Works in both directions."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        before = await edls.get(conn, session_id, from_version)
        after = await edls.get(conn, session_id, to_version)
    return diff(before, after)
