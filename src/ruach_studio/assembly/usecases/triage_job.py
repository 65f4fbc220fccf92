"""Turn the error of a dead job into the playbook's cause: what to check first, whether to requeue, when to escalate.

The playbook for assembly-jobs-dlq knows three causes: the sound cannot be decoded, an offset is out of range, memory ran
out. A job of media-transcoding that dies of its footage has the first or the third. Offsets of minutes are normal: what
escalates is low confidence, so the second cause is a pair that shares no sound.
"""

from collections.abc import Mapping
from typing import Any

from ruach_studio.infra.queues import Execution, JobError

_DECODER = {
    "bad_media", "undecodable_sound", "media_failure", "silent_camera", "ffmpeg_missing", "path_refused",
}  # fmt: skip
_OFFSET = {"not_the_same_event", "bad_session", "offset_out_of_range"}
_MEMORY = {"MemoryError", "_ArrayMemoryError", "stalled"}
PLAYBOOK: Mapping[int, Mapping[str, Any]] = {
    1: {
        "cause": 1, "title": "FFmpeg or decoder failure", "safeToRequeue": True,
        "checkFirst": "Is the file that the error names still there, and does a player open it? Was it deleted meanwhile?",
        "escalateWhen": "The file is really corrupt: mark the session for re-upload.",
    },
    2: {
        "cause": 2, "title": "Sync offset out of range", "safeToRequeue": False,
        "checkFirst": "GET /sessions/{id}/sync: confidence and reasons of each clip. Were the cameras at the same event?",
        "escalateWhen": "Confidence below 0.5: likely a wrong camera; an offset above 60 s alone is normal.",
    },
    3: {
        "cause": 3, "title": "Memory exhaustion, or a worker that was killed", "safeToRequeue": True,
        "checkFirst": "The kernel's log for the worker's end, its memory, and the sizes of the session's files.",
        "escalateWhen": "Again on the same files: listening streams, so it is a defect of ours; keep the file.",
    },
}  # fmt: skip


def triage_job(_execution: Execution, error: JobError) -> Mapping[str, Any] | None:
    """Name the playbook's cause for a dead job of this pillar; None where the playbook knows none."""
    if error.code in _MEMORY or "Cannot allocate memory" in error.message:
        return PLAYBOOK[3]
    if error.code in _DECODER:
        return PLAYBOOK[1]
    return PLAYBOOK[2] if error.code in _OFFSET else None
