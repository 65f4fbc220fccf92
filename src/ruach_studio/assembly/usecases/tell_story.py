"""Turn a session's rows into the lines of its story: each sync, who accepted it, each version of the EDL."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import story
from ruach_studio.infra.signals.story import Line, Scope


async def find_scope(services: AssemblyServices, asked: str) -> Scope:
    """Return the session, if `asked` names one."""
    async with services.database.connection() as conn:
        known = await story.exists(conn, asked)
    return Scope(asked, sessions=frozenset({asked}) if known else frozenset())


async def tell_story(services: AssemblyServices, scope: Scope) -> list[Line]:
    """Return the lines of the sessions in `scope`. These rows bear no request's id, so only a session's story has them."""
    if not scope.sessions:
        return []
    async with services.database.connection() as conn:
        found = await story.of_sessions(conn, scope.sessions)
    lines = []
    for row in found["sync"]:
        facts = {"sessionId": row.session_id, "syncVersion": row.version, "origin": row.origin, "actor": row.actor}
        lines.append(Line(row.at, "sync.saved", f"sync {row.version} ({row.origin}) saved by {row.actor}", facts=facts))
    for row in found["approval"]:
        facts = {"sessionId": row.session_id, "syncVersion": row.version, "actor": row.actor}
        lines.append(Line(row.at, "sync.approved", f"sync {row.version} approved by {row.actor}", facts=facts))
    for row in found["edl"]:
        facts = {
            "sessionId": row.session_id, "edlVersion": row.version, "source": row.source, "syncVersion": row.sync_version,
            "rulesVersion": row.rules_version, "actor": row.actor,
        }  # fmt: skip
        lines.append(Line(row.at, "edl.saved", f"EDL {row.version} ({row.source}) saved by {row.actor}", facts=facts))
    return lines
