"""Turn a session into its EDL as an operator reviews it: the cuts, what is wrong, which version is the newest."""

from dataclasses import dataclass

from ruach_studio.assembly.edl import CanonicalEDL, EdlReport, validate_edl
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import edls, sessions
from ruach_studio.assembly.store.edls import EdlNotFound, VersionRow


@dataclass(frozen=True, slots=True)
class EdlView:
    """A version in its present state, its findings, and the newest version's number."""

    edl: CanonicalEDL
    report: EdlReport
    head_version: int


async def get_edl(services: AssemblyServices, session_id: str, version: int | None = None) -> EdlView:
    """Return a version (default: the newest). Raises SessionNotFound, EdlNotFound (404)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        head = await edls.head(conn, session_id)
        if head is None:
            raise EdlNotFound("the session has no EDL yet", subject=session_id, remedy="Assemble the session first.")
        edl = await edls.get(conn, session_id, version)
    return EdlView(edl, validate_edl(edl), head.version)


async def list_versions(services: AssemblyServices, session_id: str) -> list[VersionRow]:
    """Return every version of a session's EDL, newest first. Raises SessionNotFound (404)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        return await edls.versions(conn, session_id)
