"""Turn a session's speech into the next version of its transcript, on the clock of the recording that was heard."""

import asyncio
from collections.abc import Callable
from typing import Any

from ruach_studio.assembly.edl import sound_order
from ruach_studio.assembly.ports import AssemblyServices, Transcriber
from ruach_studio.assembly.session import Camera, SessionSources
from ruach_studio.assembly.store import sessions, syncs, transcripts
from ruach_studio.assembly.transcript import tidy
from ruach_studio.assembly.transcript_place import Recorded
from ruach_studio.assembly.usecases.get_transcript import TranscriptView, clock_in_force, view_of
from ruach_studio.assembly.usecases.hear_speech import hear_speech
from ruach_studio.assembly.usecases.set_transcript import NewTranscript, newest_locked, save
from ruach_studio.infra.media import resolve_under
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import BadInput

Told = Callable[[float], None]


async def recording_heard(services: AssemblyServices, session_id: str, camera_id: str | None) -> Camera:
    """Return the camera or recorder whose sound is written down: the one named, else the programme's.

    Raises SessionNotFound, BadInput if it has no sound, or none is named before there is a sync.
    """
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        cameras = tuple(asset.camera for asset in await sessions.assets(conn, session_id))
        if camera_id is None:
            if session.sync_version is None:
                raise BadInput(
                    "before its sync is accepted nobody knows which recording sounds best", subject=session_id,
                    remedy="Name one, or sync the session first.",
                )  # fmt: skip
            solution = (await syncs.get(conn, session_id, session.sync_version)).solution
            camera_id = next(iter(sound_order(SessionSources(cameras), solution)), None)
    found = next((each for each in cameras if each.camera_id == camera_id), None)
    if found is None or not any(clip.has_audio for clip in found.clips):
        what = "no recording has sound" if camera_id is None else "the session has no such recording"
        raise BadInput(
            what if found is None else "it has no sound", subject=camera_id or session_id,
            remedy="Name one of " + ", ".join(c.camera_id for c in cameras if any(x.has_audio for x in c.clips)) + ".",
        )  # fmt: skip
    return found


async def transcribe(
    services: AssemblyServices, session_id: str, transcriber: Transcriber, *, actor: str, camera_id: str | None = None,
    language: str | None = None, base_version: int | None = None, tell: Told | None = None, job_id: str | None = None,
) -> TranscriptView:  # fmt: skip
    """Hear every clip of a recording and save what was said; `tell(part)` hears how far it is, from any thread.

    What somebody saved meanwhile stays the newest. A job that was killed after saving finds its own transcript.
    Raises TranscriberMissing (501), BadInput, BadMedia, PathRefused, TranscriptConflict (409).
    """
    camera = await recording_heard(services, session_id, camera_id)
    async with services.database.connection() as conn:
        newest = await transcripts.newest(conn, session_id)
        clock, sync_version = await clock_in_force(conn, session_id)
    if newest is not None and job_id is not None and newest.details.get("jobId") == job_id:
        return view_of(newest, clock, sync_version)
    base = (newest.version if newest else 0) if base_version is None else base_version
    made = dict(await in_long_thread(transcriber.prepare))
    whole_s, before_s = sum(clip.duration_s for clip in camera.clips), 0.0
    recorded: list[Recorded] = []
    for index, clip in enumerate(camera.clips):
        if clip.has_audio:
            path = await asyncio.to_thread(resolve_under, clip.path, services.settings.media_roots)
            done_s = before_s

            def told(at_s: float, done_s: float = done_s) -> None:
                if tell is not None:
                    tell(min(1.0, (done_s + at_s) / whole_s))

            speech = await hear_speech(transcriber, str(path), language, told)
            language = language or speech.language
            if speech.segments:
                tidied = tidy(speech.segments).segments
                recorded += [Recorded(len(recorded) + i, s, (camera.camera_id, index)) for i, s in enumerate(tidied, 1)]
        before_s += clip.duration_s
    if not recorded:
        raise BadInput("nobody is heard speaking in it", subject=camera.camera_id, remedy="Name another recording.")
    details: dict[str, Any] = {"camera": camera.camera_id, **made} | ({} if job_id is None else {"jobId": job_id})
    async with services.database.transaction() as tx:
        await newest_locked(tx, session_id, base)
        new = NewTranscript(recorded, "transcriber", language, details)
        row = await save(tx, services, session_id, new, base_version=base, actor=actor)
        clock, sync_version = await clock_in_force(tx, session_id)
    return view_of(row, clock, sync_version)
