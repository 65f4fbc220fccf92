"""Turn a session's stored transcript into what it says in master time, by the sync that is in force."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs, transcripts
from ruach_studio.assembly.store.syncs import SyncNotFound
from ruach_studio.assembly.store.transcripts import TranscriptNotFound, TranscriptRow
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.assembly.transcript_place import Clock, Recorded, on_master, placed


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """A version and its segments in the order of time: in master time by `sync_version`, or, where that is None and

    a recording has no place yet (`is_placed` False), each on its own clock.
    """

    row: TranscriptRow
    segments: tuple[Recorded, ...]
    sync_version: int | None
    is_placed: bool


def clock_of(solution: SyncSolution | None) -> Clock:
    """Return each clip's placement; nothing without a sync."""
    return {} if solution is None else {(p.camera_id, p.clip_index): p for p in solution.placements}


async def clock_in_force(conn: AsyncConnection, session_id: str) -> tuple[Clock, int | None]:
    """Return where each clip lies by the accepted sync, else by the newest; ({}, None) before the first."""
    session = await sessions.get(conn, session_id)
    try:
        row = await syncs.get(conn, session_id, session.sync_version)
    except SyncNotFound:
        return {}, None
    return clock_of(row.solution), row.version


async def get_transcript(services: AssemblyServices, session_id: str, version: int | None = None) -> TranscriptView:
    """Return a version (default: the newest). Raises SessionNotFound, TranscriptNotFound (404)."""
    async with services.database.connection() as conn:
        clock, sync_version = await clock_in_force(conn, session_id)
        row = await transcripts.newest(conn, session_id, version)
    if row is None:
        raise TranscriptNotFound(subject=session_id, remedy="Import one, or transcribe the session.")
    return view_of(row, clock, sync_version)


def view_of(row: TranscriptRow, clock: Clock, sync_version: int | None) -> TranscriptView:
    """Return the view of a version by `clock`."""
    known = all(each.of is None or each.of in clock for each in row.recorded)
    segments = placed(row.recorded, clock) if known else row.recorded
    moved = any(each.of is not None for each in row.recorded)
    return TranscriptView(row, segments, sync_version if moved and known else None, known)


async def spoken(conn: AsyncConnection, session_id: str) -> tuple[TranscriptRow, Transcript] | None:
    """Return the newest transcript in master time, as rules read it; None if there is none, or nothing in it.

    Raises BadTranscript if a recording in it has no place on the timeline.
    """
    row = await transcripts.newest(conn, session_id)
    if row is None:
        return None
    clock, _ = await clock_in_force(conn, session_id)
    transcript = on_master(row.recorded, clock)
    return None if transcript is None else (row, transcript)
