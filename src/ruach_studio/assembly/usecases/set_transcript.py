"""Turn a transcript with speakers into the next version of the session's; drafts that exist stay as they are."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, speakers
from ruach_studio.assembly.store.speakers import TranscriptRow
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict, NotFound


class TranscriptConflict(Conflict):
    """Somebody else has saved a newer transcript."""

    code = "transcript_conflict"


class TranscriptNotFound(NotFound):
    """The session has no transcript."""

    code = "transcript_not_found"


async def set_transcript(
    services: AssemblyServices, session_id: str, transcript: Transcript, *, base_version: int, actor: str
) -> TranscriptRow:
    """Save `transcript` as the version after `base_version` (0 = the first). Raises TranscriptConflict, SessionNotFound."""
    async with services.database.transaction() as tx:
        await sessions.get(tx, session_id, lock=True)
        newest = await speakers.newest_transcript(tx, session_id)
        current = newest.version if newest else 0
        if current != base_version:
            raise TranscriptConflict(
                f"version {base_version} was worked on, version {current} is the newest", subject=session_id,
                remedy="Load the newest version and make the change there.", base_version=base_version,
                current_version=current,
            )  # fmt: skip
        row = TranscriptRow(current + 1, transcript, actor, services.clock.now())
        await speakers.insert_transcript(tx, session_id, row)
        await record_transition(
            tx, entity="transcript", entity_id=session_id, from_state=str(current) if current else None,
            to_state=str(row.version), actor=actor, reason=f"{len(transcript.segments)} segments",
        )  # fmt: skip
    return row


async def get_transcript(services: AssemblyServices, session_id: str) -> TranscriptRow:
    """Return the newest transcript. Raises SessionNotFound, TranscriptNotFound (404)."""
    async with services.database.connection() as conn:
        await sessions.get(conn, session_id)
        row = await speakers.newest_transcript(conn, session_id)
    if row is None:
        raise TranscriptNotFound(subject=session_id, remedy="Save one first.")
    return row
