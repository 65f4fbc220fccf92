"""Turn an operator's corrections into the next version of a session's transcript: all of them or none."""

from collections.abc import Sequence

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store.transcripts import TranscriptNotFound
from ruach_studio.assembly.transcript_edit import TextEdit, edited
from ruach_studio.assembly.usecases.get_transcript import TranscriptView, clock_in_force, view_of
from ruach_studio.assembly.usecases.set_transcript import NewTranscript, newest_locked, save


async def edit_transcript(
    services: AssemblyServices, session_id: str, edits: Sequence[TextEdit], *, base_version: int, actor: str
) -> TranscriptView:
    """Save `edits` of version `base_version` as the next one.

    Raises TranscriptConflict (409) if it is not the newest, TranscriptNotFound (404), BadTranscript (422).
    """
    async with services.database.transaction() as tx:
        base = await newest_locked(tx, session_id, base_version)
        if base is None:
            raise TranscriptNotFound(subject=session_id, remedy="Import one, or transcribe the session.")
        clock, sync_version = await clock_in_force(tx, session_id)
        recorded = edited(base.recorded, edits, clock)
        details = {**base.details, "editedFrom": base.version, "firstOrigin": base.details.get("firstOrigin", base.origin)}
        new = NewTranscript(recorded, "operator", base.language, details)
        row = await save(tx, services, session_id, new, base_version=base_version, actor=actor)
    return view_of(row, clock, sync_version)
