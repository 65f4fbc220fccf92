"""Turn "Assemble" into the draft that exists, or into a job that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session_state import after
from ruach_studio.assembly.store import edls, sessions
from ruach_studio.assembly.usecases.assemble import auto_key, synced_version
from ruach_studio.assembly.usecases.options import options_of, with_stored
from ruach_studio.assembly.usecases.request_sync import QUEUE, Queued
from ruach_studio.infra.context import new_id


@dataclass(frozen=True, slots=True)
class AssemblyAnswer:
    """Either the draft that exists for the accepted sync version, or the job that will make it."""

    existing: CanonicalEDL | None
    queued: Queued | None


async def request_assembly(
    services: AssemblyServices, session_id: str, *, options: Mapping[str, object], actor: str
) -> AssemblyAnswer:
    """Answer with the existing draft, or enqueue its making. Raises SessionStateConflict (409), BadInput (422)."""
    wanted = options_of(options)
    automation_id = new_id()
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        after(session.state, "assembled")
        existing = await edls.auto_version(tx, auto_key(session_id, synced_version(session)))
        if existing is not None:
            return AssemblyAnswer(await edls.get(tx, session_id, existing), None)
        await with_stored(tx, session_id, wanted)  # what is missing is said now, not by a dead job
        payload = {"sessionId": session_id, "options": dict(options), "actor": actor}
        job_id = await services.queue.add(tx, QUEUE, "assemble", payload, automation_id=automation_id)
    return AssemblyAnswer(None, Queued(job_id, automation_id))
