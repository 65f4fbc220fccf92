"""Each code that a formation-state job can die of has the playbook's cause; what the playbook does not know has none."""

from datetime import UTC, datetime, timedelta

import pytest

from ruach_studio.formation.entrypoints.jobs import hooks
from ruach_studio.formation.repair import JournalUnreadable
from ruach_studio.formation.state import OutOfOrder
from ruach_studio.formation.store.graphs import GraphVersionNotFound
from ruach_studio.formation.store.journal import DuplicateEvent, EnrollmentNotFound
from ruach_studio.formation.triage import PLAYBOOK, triage_event, triage_of, ways_back
from ruach_studio.infra.queues.failure import describe
from ruach_studio.kernel.errors import BadInput, Unavailable
from ruach_studio.kernel.playbook import Letter

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SPEC = {
    1: ("Duplicate event rejected", "Event store uniqueness constraint error. Check if this is a replay artifact.", "no",
        "The event already exists. Discard safely.", "Frequent duplicates → possible event bus retry storm."),
    2: ("Graph node not found", "Check if graph was mutated (should be versioned).", "no",
        "Run formation.repair(enrollmentId, 'replay', reason) instead",
        "Ghost state → graph versioning may have been bypassed."),
    3: ("Score computation error", "Check for null/undefined event fields", "yes", "If the bad event was corrected",
        "may not cover an edge case."),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "cause", "requeue"),
    [
        (DuplicateEvent("twice"), 1, "no"),
        (GraphVersionNotFound("gone"), 2, "no"),
        (BadInput("quality 1200 is outside 0..1000"), 3, "yes"),
        (JournalUnreadable("event 3"), 3, "yes"),
        (OutOfOrder("unknown type"), 3, "yes"),
        (KeyError("phase"), 3, "yes"),
        (TypeError("None is no number"), 3, "yes"),
    ],
)
def test_causes(error, cause, requeue):
    found = triage_of(describe(error).code)
    assert (found.cause, found.safe, found.discard) == (cause, requeue, cause == 1)


@pytest.mark.parametrize("error", [Unavailable("busy"), EnrollmentNotFound("x"), RuntimeError("?")])
def test_what_the_playbook_does_not_know(error):
    assert triage_of(describe(error).code) is None


def test_the_playbook_is_the_specification_s():
    assert list(PLAYBOOK) == list(SPEC)
    for cause, (title, check_first, safe, requeue_when, escalate_when) in SPEC.items():
        row = PLAYBOOK[cause]
        assert (row.cause, row.title, row.safe, row.dlq) == (cause, title, safe, "formation-state-dlq")
        assert check_first in row.check_first
        assert requeue_when in row.requeue_when
        assert escalate_when in row.escalate_when


def test_a_provider_that_is_away_has_a_row_of_ours():
    assert [triage_of(code).cause for code in ("assessor_unavailable", "embedder_answer_refused")] == [None, None]


def test_an_event_that_a_consumer_cannot_take_is_no_score_error():
    assert triage_event("bad_input") is None
    assert triage_event("duplicate_event") is PLAYBOOK[1]


def test_every_job_of_the_queue_is_triaged():
    found = hooks(None)
    assert {name: each.subject for (_, name), each in found.items()} == {
        "project": ("enrollmentId",), "assess": ("reflectionId",), "index": ("contentRef",),
    }  # fmt: skip
    error = describe(GraphVersionNotFound("gone"))
    assert {each.triage(None, error)["cause"] for each in found.values()} == {2}


def alarm(cause, *told):
    """Return (value, escalate) of a row's alarm for the last of letters told as (enrollment, minute)."""
    same = [
        Letter(str(number), "project", "x", "x", f"enrollmentId {who}", NOON + timedelta(minutes=minute))
        for number, (who, minute) in enumerate(told)
    ]
    (counter,) = PLAYBOOK[cause].counters(same[-1], same, None)
    return counter.value, counter.escalate


def test_when_each_alarm_rings():
    assert alarm(1, *(("a", minute) for minute in (0, 1, 2, 10))) == (4, False)
    assert alarm(1, *(("a", minute) for minute in (0, 1, 2, 3, 10))) == (5, True)
    assert alarm(1, *(("a", minute) for minute in (0, 1, 2, 3, 10.1))) == (4, False)
    assert alarm(2, ("a", 0)) == (1, True)
    assert alarm(3, ("a", 0)) == (1, False)
    assert alarm(3, ("a", 0), ("b", 60)) == (2, True)


def test_the_way_back_is_a_repair_and_a_duplicate_has_none():
    member = {"enrollmentId": "E"}
    assert ways_back("project", member, PLAYBOOK[1]) == ()
    assert [each.line for each in ways_back("project", member, PLAYBOOK[2])] == [
        'ruach ops formation repair E replay "REASON"'
    ]
    assert ways_back("project", member, PLAYBOOK[3])[0].line == 'ruach ops formation repair E reset-score "REASON"'
    assert ways_back("assess", member, PLAYBOOK[3])[0].line == 'ruach ops formation repair E reset-score "REASON"'
    assert ways_back("index", {}, PLAYBOOK[3])[0].line == "ruach formation index"
