"""Turn the error of a dead job of media-transcoding into a row: what to check first, whether to requeue, when to escalate.

The specification has no table for `media-transcoding-dlq`: these rows are ours and have no cause number. What nobody
foresaw gives None, and is shown as unknown. A letter's fact: `largestFileBytes`, the size of its file.
"""

from collections.abc import Mapping
from typing import Any

from ruach_studio.kernel.playbook import (
    NO_ROOM,
    NO_ROOM_CODES,
    Alarm,
    Row,
    WayBack,
    again_on_large_files,
    fact,
    file_is_corrupt,
)

_DECODER = frozenset({
    "bad_media", "undecodable_sound", "media_failure", "silent_camera", "path_refused", "source_changed",
})  # fmt: skip
_MEMORY = frozenset({"MemoryError", "_ArrayMemoryError", "stalled"})
_DECODER_ROW = Row(
    None, "Footage that cannot be decoded", "Is the file that the error names there, and does a player open it?",
    "after-repair", "Put the file back or replace it; then ask for the derivative again.",
    "The file is really corrupt: mark the session for re-upload.",
    alarms=(Alarm("the decoder refuses the file itself", 1, "yes or no", "mark the session for re-upload",
                  fact(file_is_corrupt)),),
)  # fmt: skip
_MEMORY_ROW = Row(
    None, "Memory exhaustion, or a worker that was killed", "The kernel's log, the worker's memory, the file's size.",
    "yes", "If memory was freed.", "Again on the same file: FFmpeg streams, so keep the file and report it.",
    alarms=(Alarm("again on files over 2 GB", 2, "dead jobs",
                  "need streaming analysis (ours streams: report it, and keep the file)", again_on_large_files),),
)  # fmt: skip
_PROGRAM = frozenset({"ffmpeg_missing", "ffmpeg_filter_missing"})
_PROGRAM_ROW = Row(
    None, "A program or filter of this machine is missing", "What the error names, and RUACH_FFMPEG_BIN.",
    "after-repair", "Install it or correct the setting on every worker; then ask for it again.",
    "After an upgrade of the machine: others will fail the same way.",
)  # fmt: skip
_RELEASE_ROW = Row(
    None, "Workers of another release", "The releases of the processes that serve assembly and render.",
    "after-repair", "Start render's workers of the release that asks; then ask for it again.",
    "All are of one release, and it is said anyway.",
)  # fmt: skip


def triage_of(code: str, message: str = "") -> Row | None:
    """Return the row for an error; None where nobody knows."""
    if code in NO_ROOM_CODES:
        return NO_ROOM
    if code in _MEMORY or "Cannot allocate memory" in message:
        return _MEMORY_ROW
    if code in _PROGRAM:
        return _PROGRAM_ROW
    if code == "recipe_unknown":
        return _RELEASE_ROW
    return _DECODER_ROW if code in _DECODER else None


def ways_back(name: str, payload: Mapping[str, Any], row: Row) -> tuple[WayBack, ...]:
    """Return what an operator can do: ask for the same again by the ordinary request; its success settles the letter."""
    if name != "derive":
        return ()
    session_id = str(payload.get("sessionId", "SESSION"))
    return (WayBack(f"POST /sessions/{session_id}/derivatives", f"{row.requeue_when} Its success settles this letter."),)
