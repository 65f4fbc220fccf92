"""Turn a transcript with speakers into the next version of the session's; drafts and locked EDLs stay as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, transcripts
from ruach_studio.assembly.store.transcripts import TranscriptOrigin, TranscriptRow
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.assembly.transcript_place import Recorded, sha256_of
from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import Conflict


class TranscriptConflict(Conflict):
    """Somebody else has saved a newer transcript."""

    code = "transcript_conflict"


@dataclass(frozen=True, slots=True)
class NewTranscript:
    """What is to be saved, and where it comes from."""

    recorded: Sequence[Recorded]
    origin: TranscriptOrigin
    language: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


async def set_transcript(
    services: AssemblyServices, session_id: str, transcript: Transcript, *, base_version: int, actor: str,
    language: str | None = None,
) -> TranscriptRow:  # fmt: skip
    """Save `transcript` (master time) after `base_version` (0 = the first). Raises TranscriptConflict, SessionNotFound."""
    recorded = [Recorded(number, segment) for number, segment in enumerate(transcript.segments, 1)]
    async with services.database.transaction() as tx:
        await newest_locked(tx, session_id, base_version)
        return await save(
            tx, services, session_id, NewTranscript(recorded, "operator", language), base_version=base_version, actor=actor
        )


async def newest_locked(tx: AsyncConnection, session_id: str, base_version: int) -> TranscriptRow | None:
    """Hold the session and return its newest transcript, which must be `base_version`. Raises TranscriptConflict."""
    await sessions.get(tx, session_id, lock=True)
    newest = await transcripts.newest(tx, session_id)
    current = newest.version if newest else 0
    if current != base_version:
        raise TranscriptConflict(
            f"version {base_version} was worked on, version {current} is the newest", subject=session_id,
            remedy=f"Look at version {current}, make the change there, and name {current} as the base version.",
            base_version=base_version, current_version=current,
        )  # fmt: skip
    return newest


async def save(
    tx: AsyncConnection, services: AssemblyServices, session_id: str, new: NewTranscript, *, base_version: int, actor: str
) -> TranscriptRow:
    """Save the version after `base_version`, with its audit row; the caller holds the session."""
    recorded = tuple(new.recorded)
    row = TranscriptRow(
        base_version + 1, recorded, new.origin, new.language, sha256_of(recorded, new.language), new.details, actor,
        services.clock.now(),
    )  # fmt: skip
    await transcripts.insert(tx, session_id, row)
    await record_transition(
        tx, entity="transcript", entity_id=session_id, from_state=str(base_version) if base_version else None,
        to_state=str(row.version), actor=actor,
        reason=f"{len(recorded)} segments, {new.origin}, sha256 {row.sha256[:12]}",
    )  # fmt: skip
    return row
