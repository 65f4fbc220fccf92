"""Turn the error of a dead formation-state job into the playbook's row: what to check, whether to requeue, when to ask.

The specification's triage playbook for `formation-state-dlq`, by error code. Not everything is to be requeued: a duplicate
is there already, a missing node needs a repair, and a score that cannot be computed needs its bad event corrected first.
Nothing is lost meanwhile: readers fold the journal themselves. kernel/playbook.py counts.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ruach_studio.kernel.playbook import Alarm, Row, WayBack, letters_within, subjects_within

DLQ = "formation-state-dlq"
_DUPLICATE = frozenset({"duplicate_event", "IntegrityError", "UniqueViolation"})
_GHOST = frozenset({"graph_version_not_found", "path_not_found", "node_not_found", "ghost_node"})
_SCORE = frozenset({
    "bad_input", "journal_unreadable", "out_of_order", "other_reducer", "needs_whole_journal",
    "KeyError", "TypeError", "ValueError", "AttributeError", "IndexError", "InvalidOperation", "OverflowError",
    "ZeroDivisionError",
})  # fmt: skip
_PROVIDER = frozenset({
    "assessor_unavailable", "assessor_answer_refused", "embedder_unavailable", "embedder_answer_refused",
})  # fmt: skip
STORM_LETTERS, STORM_WINDOW = 5, timedelta(minutes=10)
RECURRING, RECURRING_WINDOW = 2, timedelta(days=7)
PLAYBOOK: Mapping[int, Row] = {
    1: Row(
        1, "Duplicate event rejected",
        "Event store uniqueness constraint error. Check if this is a replay artifact.",
        "no", "The event already exists. Discard safely.",
        "Frequent duplicates → possible event bus retry storm.", DLQ, discard=True,
        alarms=(Alarm("duplicates within 10 minutes", STORM_LETTERS, "letters", "possible event bus retry storm",
                      letters_within(STORM_WINDOW)),),
    ),
    2: Row(
        2, "Graph node not found",
        "`formation.dependency` table, the pinned version. Check if graph was mutated (should be versioned).",
        "no", "Run formation.repair(enrollmentId, 'replay', reason) instead; then migrate to a version that has the node.",
        "Ghost state → graph versioning may have been bypassed.", DLQ,
        alarms=(Alarm("members in a ghost state", 1, "members", "graph versioning may have been bypassed",
                      subjects_within(RECURRING_WINDOW)),),
    ),
    3: Row(
        3, "Score computation error",
        "The events that the score reads. Check for null/undefined event fields: `ruach ops formation repair ENROLLMENT"
        " reset-score --dry-run` lists the bad ones.",
        "yes", "If the bad event was corrected (reset-score with --void EVENT).",
        "Recurring → the journal's door (Zod schema) may not cover an edge case.", DLQ,
        alarms=(Alarm("score errors in 7 days", RECURRING, "letters", "the journal's door may not cover an edge case",
                      letters_within(RECURRING_WINDOW)),),
    ),
}  # fmt: skip
_PROVIDER_ROW = Row(
    None, "The language model or the embedder does not answer", "Its address, key and status page; the error's last lines.",
    "yes", "Once it answers again.", "It stays so for an hour: texts wait unread.",
)  # fmt: skip


def triage_of(error_code: str) -> Row | None:
    """Return the row for an error code (a RuachError's, or the class name of another); None if nobody knows."""
    for cause, codes in ((1, _DUPLICATE), (2, _GHOST), (3, _SCORE)):
        if error_code in codes:
            return PLAYBOOK[cause]
    return _PROVIDER_ROW if error_code in _PROVIDER else None


def triage_event(error_code: str) -> Row | None:
    """Return the row for an event that a consumer could not take; what else it raises is no matter of a score."""
    row = triage_of(error_code)
    return None if row is PLAYBOOK[3] else row


def ways_back(name: str, payload: Mapping[str, Any], row: Row) -> tuple[WayBack, ...]:
    """Return what an operator can do about a dead job: repair the enrollment, index again; none for a duplicate."""
    if row.discard:
        return ()
    if name == "index":
        return (WayBack("ruach formation index", "Gives every passage its vector; the job's success settles this letter."),)
    member = payload.get("enrollmentId")
    strategy = "reset-score" if name == "assess" or row.cause == PLAYBOOK[3].cause else "replay"
    says = f"{row.requeue_when} What it makes anew settles this letter."
    if name == "assess":
        says = "Has the member's unread texts read again."
    line = f'ruach ops formation repair {member or "ENROLLMENT"} {strategy} "REASON"'
    params = {"strategy": strategy} | ({"enrollmentId": str(member)} if member else {})
    return (WayBack(line, says, "formation.repair", params),)
