"""Turn a file of subtitles or of a transcriber into the next version of a session's transcript, whole or not at all."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import programme_of
from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import Camera, SessionSources
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.sync_model import ClipKey
from ruach_studio.assembly.transcript import tidy
from ruach_studio.assembly.transcript_place import Recorded, within
from ruach_studio.assembly.transcript_read import Format, read_transcript_file
from ruach_studio.assembly.usecases.get_transcript import TranscriptView, clock_in_force, view_of
from ruach_studio.assembly.usecases.set_transcript import NewTranscript, newest_locked, save
from ruach_studio.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class TranscriptFile:
    """A file and how it is to be read; `of` says on whose clock its times are (None = the master timeline's)."""

    data: bytes
    name: str
    form: Format | None = None
    encoding: str | None = None
    language: str | None = None
    of: ClipKey | None = None
    leave_out: bool = False


def recording_of(text: str) -> ClipKey:
    """Read CAMERA or CAMERA:CLIP (clips counted from 1). Raises BadInput."""
    camera, mark, number = text.rpartition(":")
    if not mark:
        return text, 0
    if not number.isdecimal() or not 1 <= int(number) <= 100_000:
        raise BadInput(f"{number!r} is no clip's number", subject=text, remedy="Write CAMERA or CAMERA:CLIP, as in A:2.")
    return camera, int(number) - 1


async def import_transcript(
    services: AssemblyServices, session_id: str, file: TranscriptFile, *, base_version: int, actor: str
) -> TranscriptView:
    """Save what `file` says after `base_version` (0 = the first); the file's own hash and what was left out are recorded.

    Raises BadTranscript (422) naming cue and line, BadSession (422) for an unknown camera, TranscriptConflict (409).
    """
    read = await asyncio.to_thread(read_transcript_file, file.data, file.name, form=file.form, encoding=file.encoding)
    async with services.database.transaction() as tx:
        await newest_locked(tx, session_id, base_version)
        duration_ms = await _length_ms(tx, session_id, file.of)
        kept = within(read.segments, read.cues, duration_ms, leave_out=file.leave_out, subject=file.name)
        recorded = [Recorded(i, segment, file.of) for i, segment in enumerate(tidy(kept.segments).segments, 1)]
        details: dict[str, Any] = {
            "file": file.name, "format": read.format, "fileSha256": hashlib.sha256(file.data).hexdigest(),
            "leftOut": list(kept.left_out), "emptyCues": read.empty,
        }  # fmt: skip
        new = NewTranscript(recorded, "import", file.language or read.language, details)
        row = await save(tx, services, session_id, new, base_version=base_version, actor=actor)
        clock, sync_version = await clock_in_force(tx, session_id)
    return view_of(row, clock, sync_version)


async def _length_ms(tx: AsyncConnection, session_id: str, of: ClipKey | None) -> float | None:
    """Return how long the recording is; the programme's length for the master timeline, None before there is a sync."""
    cameras = tuple(asset.camera for asset in await sessions.assets(tx, session_id))
    if of is not None:
        camera = next((each for each in cameras if each.camera_id == of[0]), None)
        if camera is None or of[1] >= len(camera.clips):
            known = ", ".join(map(_clips_of, cameras)) or "none yet"
            raise BadInput("the session has no such recording", subject=f"{of[0]}:{of[1] + 1}", remedy=f"It has {known}.")
        return round(camera.clips[of[1]].duration_s * 1000.0, 3)
    session = await sessions.get(tx, session_id)
    if session.sync_version is None:
        return None
    row = await syncs.get(tx, session_id, session.sync_version)
    return round(programme_of(SessionSources(cameras), row.solution).duration_s * 1000.0, 3)


def _clips_of(camera: Camera) -> str:
    name, clips = camera.camera_id, len(camera.clips)
    return f"{name}:1" if clips == 1 else f"{name}:1 to {name}:{clips}"
