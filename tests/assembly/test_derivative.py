"""What render tells of a derivative leads to the same row in any order and however often it is told."""

from itertools import permutations

import pytest

from ruach_studio.assembly.derivative import heard
from ruach_studio.events.derivative import DerivativeBegun, DerivativeFailed, DerivativeMade, Run

FIRST, SECOND = Run("talk", "d" * 32, "peaks", "1", []), Run("talk", "d" * 32, "peaks", "2", ["1"])
FACTS = {"files": [{"name": "peaks.bin"}]}
ERROR = {"code": "media_failure", "message": "why"}
RETRIED = [DerivativeBegun(FIRST), DerivativeFailed(FIRST, ERROR, "2"), DerivativeBegun(SECOND)]


def told(row, events):
    for event in events:
        row = {**row, **(heard(row["state"], row["job_id"], event.event_type, event.payload()) or {})}
    return row


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (DerivativeMade(SECOND, "dd/d", FACTS), {"state": "ready", "job_id": "2", "facts": FACTS}),
        (DerivativeFailed(SECOND, ERROR), {"state": "failed", "job_id": "2", "error": ERROR}),
    ],
)
def test_no_order_and_no_repetition_matters(last, expected):
    for order in permutations([*RETRIED, last]):
        for events in (order, [each for event in order for each in (event, event)], [*order, *order]):
            assert told({"state": "queued", "job_id": "1"}, events) == expected, order


def test_each_step_shows():
    row, seen = {"state": "queued", "job_id": "1"}, []
    for event in (*RETRIED, DerivativeMade(SECOND, "dd/d", FACTS)):
        row = told(row, [event])
        seen.append((row["state"], row["job_id"]))
    assert seen == [("running", "1"), ("queued", "2"), ("running", "2"), ("ready", "2")]


@pytest.mark.parametrize("state", ["ready", "failed", "cancelled"])
def test_what_has_ended_stays_and_so_does_the_row_of_another_wish(state):
    events = [*RETRIED, DerivativeMade(SECOND, "dd/d", FACTS), DerivativeFailed(SECOND, ERROR)]
    assert told({"state": state, "job_id": "1"}, events) == {"state": state, "job_id": "1"}
    assert told({"state": "queued", "job_id": "3"}, events) == {"state": "queued", "job_id": "3"}
