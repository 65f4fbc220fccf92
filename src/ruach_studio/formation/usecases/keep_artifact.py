"""Turn the news of a published render into the catalogue's entry for it. A late word of an older EDL changes nothing."""

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.events.envelope import Envelope
from ruach_studio.formation.store import artifacts
from ruach_studio.formation.store.artifacts import Artifact


async def keep_artifact(tx: AsyncConnection, envelope: Envelope) -> bool:
    """Store the artifact of a `render.completed` event; say whether it is now the session's newest of its format.

    Raises KeyError or ValueError for a payload that lacks a field (the event is then parked for a person).
    """
    told = envelope.payload
    duration = told.get("durationMs")
    artifact = Artifact(
        session_id=str(told["sessionId"]),
        format=str(told["format"]),
        edl_version=int(str(told["edlVersion"])),
        render_job_id=str(told["renderJobId"]),
        url=str(told["url"]),
        content_type=str(told["contentType"]),
        size_bytes=int(str(told["sizeBytes"])),
        sha256=str(told["sha256"]),
        duration_ms=None if duration is None else float(str(duration)),
        published_at=envelope.occurred_at,
    )
    return await artifacts.keep(tx, artifact)
