"""Turn the error of a dead render job into the playbook's row: what to check, whether to requeue, when to escalate.

The specification's triage playbook for `render-jobs-dlq`, by error code, with its escalation limits as counts. Where the
playbook has no row but the house knows the answer (a full disk, an EDL that cannot be read) the row is ours: it has no
cause number. An error that nobody foresaw gives None, and is shown as unknown. kernel/playbook.py counts.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ruach_studio.kernel.playbook import (
    Alarm,
    Letter,
    Row,
    WayBack,
    fact,
    letters_within,
    minutes_failing,
    on_the_same_subject,
    subjects_within,
)  # fmt: skip

DLQ = "render-jobs-dlq"
_TIMEOUT = frozenset({"lambda_timeout", "remotion_timeout", "ffmpeg_stalled"})
_UPLOAD = frozenset({"checksum_mismatch", "unavailable", "store_unavailable", "bad_key"})
_REFUSED = frozenset({"store_refused", "no_such_bucket"})  # 401, 403 and the like: it stays so until somebody corrects it
_CRASH = frozenset({
    "media_failure", "frame_count_wrong", "not_spliced", "unorderable", "undecodable_sound", "unmeasurable", "no_picture",
    "mapping_inexpressible", "remotion_failed",
})  # fmt: skip
_FOOTAGE = frozenset({"bad_media", "media_changed", "source_changed"})
_PROGRAM = frozenset(
    {"ffmpeg_missing", "ffmpeg_filter_missing", "font_missing", "remotion_missing", "lambda_client_missing"}
)
_ROOM = frozenset({"out_of_space", "not_writable"})
_EDL = frozenset({"edl_unreadable", "edl_not_locked", "no_locked_edl", "transcript_unreadable"})
TIMEOUTS_PER_SESSION = 3
OUTAGE_MIN = 10.0
CRASHING_SESSIONS = 2
CRASH_WINDOW = timedelta(days=7)
_SERVER_ERROR, _UNAUTHORIZED, _FORBIDDEN = 500, 401, 403


def _server_side(letter: Letter) -> bool:
    """Say whether the store failed, rather than refused: an HTTP 5xx, or no answer at all."""
    status = letter.details.get("httpStatus")
    return letter.code not in _REFUSED and (status is None or int(status) >= _SERVER_ERROR)


def _bad_credentials(letter: Letter) -> bool:
    return letter.details.get("httpStatus") in (_UNAUTHORIZED, _FORBIDDEN)


_UPLOAD_ALARMS = (
    Alarm("credentials refused", 1, "401 or 403", "credential rotation needed", fact(_bad_credentials)),
    Alarm("5xx persisting", OUTAGE_MIN, "minutes without a finished job", "escalate to the store's provider",
          minutes_failing(_server_side)),
)  # fmt: skip
PLAYBOOK: Mapping[int, Row] = {
    1: Row(
        1, "Lambda timeout",
        "CloudWatch logs for the function invocation. Check input duration vs Lambda timeout setting.",
        "yes", "If the timeout was transient. Increase the timeout if recurring.",
        "3+ timeouts on same session → likely a media format issue.", DLQ,
        alarms=(Alarm("timeouts on the same session", TIMEOUTS_PER_SESSION, "dead jobs", "likely a media format issue",
                      on_the_same_subject),),
    ),
    2: Row(
        2, "R2 upload failure",
        "R2 status page + credentials validity. The error names the HTTP status.",
        "yes", "If R2 was temporarily down.",
        "401/403 → credential rotation needed. 5xx persisting >10min → escalate to Cloudflare.", DLQ, alarms=_UPLOAD_ALARMS,
    ),
    3: Row(
        3, "FFmpeg crash (exit code 1)",
        "The error's last lines are FFmpeg's own. Usually a codec issue or corrupt input frame.",
        "no", "Requeue will hit the same error. Fix input or skip frame.",
        "Crash on multiple sessions → possible FFmpeg version regression.", DLQ,
        alarms=(Alarm("crashes on different sessions in 7 days", CRASHING_SESSIONS, "sessions",
                      "possible FFmpeg version regression", subjects_within(CRASH_WINDOW)),),
    ),
}  # fmt: skip
_REFUSED_ROW = Row(
    2, PLAYBOOK[2].title, PLAYBOOK[2].check_first, "after-repair",
    "Not before the keys, the policy or the bucket's name are corrected.", PLAYBOOK[2].escalate_when, DLQ,
    alarms=_UPLOAD_ALARMS,
)  # fmt: skip
_FOOTAGE_ROW = Row(
    3, "Footage that cannot be rendered",
    "The file that the error names: is it there, whole, and the one that the EDL was made from?",
    "no", "Put the original file back, or assemble the session again; then retry.",
    PLAYBOOK[3].escalate_when, DLQ,
)  # fmt: skip
_BESIDE: tuple[tuple[frozenset[str], Row], ...] = (
    (_PROGRAM, Row(
        None, "A program, codec or font of this machine is missing",
        "What the error names, and the settings that name it (RUACH_FFMPEG_BIN).",
        "after-repair", "Install it or correct the setting on every worker, then retry.",
        "After an upgrade of the machine: others will fail the same way.",
    )),
    (_ROOM, Row(
        None, "No room, or no right to write",
        "Free space and permissions of the folder (or the quota of the store) that the error names.",
        "after-repair", "Make room or give the right, then retry: it goes on after the last finished step.",
        "It fills again within a day: the disk is too small for the load.",
        alarms=(Alarm("letters within a day", 3, "dead jobs", "the disk is too small for the load",
                      letters_within(timedelta(days=1))),),
    )),
    (_EDL, Row(
        None, "The EDL cannot be rendered", "The field that the error names, in the session's locked EDL.",
        "no", "Correct it in the review, approve and lock a new version, and render that.",
        "An EDL that no import or API client made: the validator has a hole.",
    )),
)  # fmt: skip
# What else Remotion Lambda dies of: may it be requeued, what to look at first, when to escalate.
_LAMBDA: Mapping[str, tuple[bool, str, str]] = {
    "lambda_throttled": (True, "The account's concurrent executions, and what else runs there.",
                         "It stays so for an hour: ask AWS for a higher quota."),
    "lambda_out_of_memory": (False, "The function's memory (10240 MB) and the sources' size.", "It dies with 10240 MB."),
    "lambda_disk_full": (False, "The function's disk (10240 MB) and the sources' size.", "It dies with 10240 MB."),
    "lambda_version_mismatch": (False, "Function, site and client must be of one version.", "They are of one."),
    "lambda_access_denied": (False, "The key and its policy.", "Rotate the credentials."),
    "lambda_failed": (False, "The function's log for the render that the error names.", "Again on other footage."),
    "lambda_unreachable": (True, "The network to AWS, and its status page.", "It stays so for 10 minutes."),
    "lambda_not_found": (False, "RUACH_LAMBDA_FUNCTION, _SITE and _BUCKET.", "They are there, and it is said anyway."),
    "cost_cap_exceeded": (False, "`ruach lambda costs`, and RUACH_LAMBDA_MONTHLY_CAP_USD.", "Nobody asked for that much."),
    "rendering_disabled": (False, "Who set RUACH_LAMBDA_DISABLED, and why.", "The reason is gone and the switch is not."),
}  # fmt: skip


def triage_of(error_code: str) -> Row | None:
    """Return the row for an error code; None where nobody knows."""
    if error_code in _TIMEOUT:
        return PLAYBOOK[1]
    if error_code in _LAMBDA:
        safe, check_first, escalate_when = _LAMBDA[error_code]
        title, when = error_code.replace("_", " ").capitalize(), "Once what it names is over." if safe else "Mend it first."
        return Row(None, title, check_first, "yes" if safe else "after-repair", when, escalate_when)
    if error_code in _REFUSED:
        return _REFUSED_ROW
    if error_code in _UPLOAD:
        return PLAYBOOK[2]
    if error_code in _CRASH:
        return PLAYBOOK[3]
    if error_code in _FOOTAGE:
        return _FOOTAGE_ROW
    return next((row for codes, row in _BESIDE if error_code in codes), None)


def ways_back(job_id: str, payload: Mapping[str, Any], row: Row) -> tuple[WayBack, ...]:
    """Return what an operator can do about a dead render: retry, at an upload also resume; or render a new EDL version."""
    retry = WayBack(f'ruach ops render retry {job_id} "REASON"', row.requeue_when, "render.retry", {"renderJobId": job_id})
    session_id = str(payload.get("sessionId", "SESSION"))
    if row.cause == PLAYBOOK[2].cause:
        resume = f'ruach ops render resume {session_id} upload "REASON"'
        params = {"step": "upload"} | ({"sessionId": session_id} if "sessionId" in payload else {})
        return WayBack(resume, f"{row.requeue_when} Nothing is drawn again.", "render.resume", params), retry
    if row.safe == "no":
        when = "Once the cause is mended, or a new version of the EDL is locked: its render settles this letter."
        return WayBack(f"POST /render-jobs/render-all/{session_id}", when), retry
    return (retry,)
