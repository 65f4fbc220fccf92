"""Turn a wish for a transcript into a job of the queue assembly-jobs."""

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, transcripts
from ruach_studio.assembly.usecases.free_sessions import QUEUE
from ruach_studio.assembly.usecases.request_sync import Queued
from ruach_studio.assembly.usecases.transcribe import recording_heard
from ruach_studio.infra.context import new_id

TRANSCRIBE_JOB = "transcribe"


async def request_transcription(
    services: AssemblyServices, session_id: str, *, camera_id: str | None, language: str | None, actor: str
) -> Queued:
    """Enqueue it; what is saved will follow the transcript that is the newest now.

    Raises SessionNotFound (404), BadInput (422) for a recording that is unknown or has no sound.
    """
    camera = await recording_heard(services, session_id, camera_id)
    automation_id = new_id()
    async with services.database.transaction() as tx:
        await sessions.get(tx, session_id, lock=True)
        newest = await transcripts.newest(tx, session_id)
        payload = {
            "sessionId": session_id, "cameraId": camera.camera_id, "language": language, "actor": actor,
            "baseVersion": newest.version if newest else 0,
        }  # fmt: skip
        job_id = await services.queue.add(tx, QUEUE, TRANSCRIBE_JOB, payload, automation_id=automation_id)
    return Queued(job_id, automation_id)
