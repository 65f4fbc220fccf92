"""Turn the error of a dead render job into the playbook's cause: what to check, whether to requeue, when to escalate.

The specification's triage playbook for `render-jobs-dlq`, by error code. What the playbook has no row for has no `cause`
number; where the house knows the answer all the same (a full disk, an EDL that cannot be read) it stands there without one.
An error that nobody foresaw gives None, and is shown as unknown.
"""

from collections.abc import Mapping

Entry = Mapping[str, object]

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

PLAYBOOK: Mapping[int, Entry] = {
    1: {
        "cause": 1, "title": "Lambda timeout", "safeToRequeue": True,
        "checkFirst": "The invocation's log, and the input's length against the timeout.",
        "escalateWhen": "3 or more timeouts on the same session: likely a media format issue.",
    },
    2: {
        "cause": 2, "title": "Upload failure", "safeToRequeue": True,
        "checkFirst": "The store's status and credentials, and the HTTP status in the error.",
        "escalateWhen": "401/403: rotate credentials. 5xx for more than 10 minutes: escalate to the provider.",
    },
    3: {
        "cause": 3, "title": "FFmpeg crash", "safeToRequeue": False,
        "checkFirst": "The error's last lines: usually a codec issue or a corrupt input frame.",
        "escalateWhen": "Crashes on several sessions: possibly an FFmpeg version regression.",
    },
}  # fmt: skip
_BAD_INPUT: Entry = {
    **PLAYBOOK[3], "title": "Footage that cannot be rendered",
    "checkFirst": "The file that the error names: is it there, whole, and the one that the EDL was made from?",
    "instead": "Put the original file back, or assemble the session again; then render.retry.",
}  # fmt: skip
_BESIDE: tuple[tuple[frozenset[str], Entry], ...] = (
    (_PROGRAM, {
        "cause": None, "title": "A program, codec or font of this machine is missing", "safeToRequeue": True,
        "checkFirst": "What the error names, and the settings that name it (RUACH_FFMPEG_BIN).",
        "instead": "Install it or correct the setting on every worker, then render.retry.",
        "escalateWhen": "After an upgrade of the machine: others will fail the same way.",
    }),
    (_ROOM, {
        "cause": None, "title": "No room, or no right to write", "safeToRequeue": True,
        "checkFirst": "Free space and permissions of the folder (or the quota of the store) that the error names.",
        "instead": "Make room or give the right, then render.retry: it goes on after the last finished step.",
        "escalateWhen": "It fills again within a day: the disk is too small for the load.",
    }),
    (_EDL, {
        "cause": None, "title": "The EDL cannot be rendered", "safeToRequeue": False,
        "checkFirst": "The field that the error names, in the session's locked EDL.",
        "instead": "Correct it in the review, approve and lock a new version, and render that.",
        "escalateWhen": "An EDL that no import or API client made: the validator has a hole.",
    }),
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


def triage_of(error_code: str) -> Entry | None:
    """Return the entry for an error code; None where nobody knows."""
    if error_code in _TIMEOUT:
        return PLAYBOOK[1]
    if error_code in _LAMBDA:
        safe, check_first, escalate_when = _LAMBDA[error_code]
        title = error_code.replace("_", " ").capitalize()
        return {"cause": None, "title": title, "safeToRequeue": safe, "checkFirst": check_first,
                "escalateWhen": escalate_when}  # fmt: skip
    if error_code in _REFUSED:
        return {**PLAYBOOK[2], "safeToRequeue": False}
    if error_code in _UPLOAD:
        return PLAYBOOK[2]
    if error_code in _CRASH:
        return PLAYBOOK[3]
    if error_code in _FOOTAGE:
        return _BAD_INPUT
    return next((entry for codes, entry in _BESIDE if error_code in codes), None)
