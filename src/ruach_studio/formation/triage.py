"""Turn the error of a dead formation-state job into the playbook's cause: what to check, whether to requeue, when to ask.

The specification's triage playbook for `formation-state-dlq`, by error code. Not everything is to be requeued: a duplicate
is there already, a missing node needs a repair, and a score that cannot be computed needs its bad event corrected first.
Nothing is lost meanwhile: readers fold the journal themselves.
"""

from collections.abc import Mapping

_DUPLICATE = frozenset({"duplicate_event", "IntegrityError", "UniqueViolation"})
_GHOST = frozenset({"graph_version_not_found", "path_not_found", "node_not_found", "ghost_node"})
_SCORE = frozenset({
    "bad_input", "journal_unreadable", "out_of_order", "other_reducer", "needs_whole_journal",
    "KeyError", "TypeError", "ValueError", "AttributeError", "IndexError", "InvalidOperation", "OverflowError",
    "ZeroDivisionError",
})  # fmt: skip
PLAYBOOK: Mapping[int, Mapping[str, object]] = {
    1: {
        "cause": 1, "title": "Duplicate event rejected", "safeToRequeue": False,
        "checkFirst": "The journal's uniqueness error: is this an artefact of a replay?",
        "instead": "The event already exists: discard the job, with a reason.",
        "escalateWhen": "Frequent duplicates: possibly a retry storm of the event bus.",
    },
    2: {
        "cause": 2, "title": "Graph node not found", "safeToRequeue": False,
        "checkFirst": "The table formation.dependency for the pinned version: was the graph changed instead of versioned?",
        "instead": "ruach ops formation repair ENROLLMENT replay --reason … ; then migrate to a version that has the node.",
        "escalateWhen": "Ghost state: graph versioning may have been bypassed.",
    },
    3: {
        "cause": 3, "title": "Score computation error", "safeToRequeue": True,
        "checkFirst": "The events that the score reads, for missing values: ruach ops formation repair ENROLLMENT"
                      " reset-score --dry-run lists the bad ones.",
        "instead": "Requeue once the bad event is corrected (reset-score with --void EVENT).",
        "escalateWhen": "Recurring: the journal's door may not cover an edge case.",
    },
}  # fmt: skip


def triage_of(error_code: str) -> Mapping[str, object] | None:
    """Return the playbook's entry for an error code (a RuachError's, or the class name of another); None if it has none."""
    for cause, codes in ((1, _DUPLICATE), (2, _GHOST), (3, _SCORE)):
        if error_code in codes:
            return PLAYBOOK[cause]
    return None
