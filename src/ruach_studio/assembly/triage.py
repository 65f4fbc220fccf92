"""Turn the error of a dead job into the playbook's row: what to check first, whether to requeue, when to escalate.

The specification's playbook for `assembly-jobs-dlq` knows three causes: the sound cannot be decoded, an offset is out of
range, memory ran out. Rows of ours have no cause number. What nobody foresaw gives None, and is shown as unknown. Offsets of
minutes are normal; the second cause is a pair that shares no sound. kernel/playbook.py counts. A letter's facts:
`largestFileBytes` of its session, `largestOffsetS` of its newest sync.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ruach_studio.kernel.playbook import (
    NO_ROOM,
    NO_ROOM_CODES,
    Alarm,
    Letter,
    Row,
    WayBack,
    again_on_large_files,
    fact,
    file_is_corrupt,
)

DLQ = "assembly-jobs-dlq"
_DECODER = frozenset({
    "bad_media", "undecodable_sound", "media_failure", "silent_camera", "ffmpeg_missing", "path_refused", "source_changed",
})  # fmt: skip
_OFFSET = frozenset({"not_the_same_event", "bad_session", "offset_out_of_range"})
_MEMORY = frozenset({"MemoryError", "_ArrayMemoryError", "stalled"})
LARGE_OFFSET_S = 60.0


def _offset_s(letter: Letter, _same: Sequence[Letter], _done: datetime | None) -> float:
    return float(letter.facts.get("largestOffsetS", 0.0))


PLAYBOOK: Mapping[int, Row] = {
    1: Row(
        1, "FFmpeg astats failure",
        "Input WAV file existence + codec. Check if file was deleted mid-analysis.",
        "yes", "If the file exists and is valid.", "File genuinely corrupt → mark session for re-upload.", DLQ,
        alarms=(Alarm("the decoder refuses the file itself", 1, "yes or no", "mark the session for re-upload",
                      fact(file_is_corrupt)),),
    ),
    2: Row(
        2, "Sync offset out of range",
        "GET /sessions/{id}/sync: offset, confidence and reasons. Check if cameras were started at vastly different times.",
        "no", "Requeue won't help. Operator must verify camera sync.", "Offset >60s → likely wrong camera pairing.", DLQ,
        alarms=(
            Alarm("no sound in common", 1, "yes or no", "likely wrong camera pairing",
                  fact(lambda letter: letter.code == "not_the_same_event")),
            Alarm("largest offset", LARGE_OFFSET_S, "seconds", "likely wrong camera pairing", _offset_s),
        ),
    ),
    3: Row(
        3, "Memory exhaustion", "Worker memory usage log (and the kernel's, if it was killed). Check input file sizes.",
        "yes", "If memory was freed. Consider splitting into chunks.",
        "Recurring on files >2GB → need streaming analysis.", DLQ,
        alarms=(Alarm("again on files over 2 GB", 2, "dead jobs",
                      "need streaming analysis (ours streams: report it, and keep the file)", again_on_large_files),),
    ),
}  # fmt: skip
_TRANSCRIBER_ROW = Row(
    None, "No transcriber on this machine", "Is the extra `transcribe` installed on every worker?",
    "after-repair", "Install it, or import a transcript instead.", "It is installed, and it is said anyway.",
)  # fmt: skip


def triage_of(code: str, message: str = "") -> Row | None:
    """Return the row for an error of a job; None where nobody knows."""
    if code in NO_ROOM_CODES:
        return NO_ROOM
    if code == "transcriber_missing":
        return _TRANSCRIBER_ROW
    if code in _MEMORY or "Cannot allocate memory" in message:
        return PLAYBOOK[3]
    if code in _DECODER:
        return PLAYBOOK[1]
    return PLAYBOOK[2] if code in _OFFSET else None


def ways_back(name: str, payload: Mapping[str, Any], row: Row) -> tuple[WayBack, ...]:
    """Return what an operator can do: ask for the same again by the ordinary request; its success settles the letter."""
    session_id = str(payload.get("sessionId", "SESSION"))
    request = {"sync": "sync", "assemble": "assemble", "transcribe": "transcript/transcribe"}.get(name)
    if request is None:
        return ()
    again = WayBack(f"POST /sessions/{session_id}/{request}", f"{row.requeue_when} Its success settles this letter.")
    if row.cause == PLAYBOOK[2].cause:
        place = WayBack(f"POST /sessions/{session_id}/sync/correct", "Place the clip by hand, if it was the same event.")
        return place, again
    return (again,)
