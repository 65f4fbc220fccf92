"""A decision says what, why, from what and under which rules, in the specification's words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ruach_studio.kernel.decision import DecisionResult, Verdict

VERDICT = Verdict("camera_b", ("8.2 dB lead over Camera A at 14:32",), "ab" * 32, "angle-v1", 0.75)
AT = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=2)))


def test_the_wire_form_is_the_specifications():
    assert DecisionResult(VERDICT, AT, "c0ffee00-0000-4000-8000-000000000000").to_wire() == {
        "decision": "camera_b",
        "reasons": ["8.2 dB lead over Camera A at 14:32"],
        "inputsHash": "ab" * 32,
        "rulesVersion": "angle-v1",
        "confidence": 0.75,
        "timestamp": "2026-11-23T10:00:00Z",
        "correlationId": "c0ffee00-0000-4000-8000-000000000000",
    }


def test_confidence_is_left_out_when_there_is_none():
    assert "confidence" not in DecisionResult(Verdict("granted", ("free",), "", "g"), AT.astimezone(UTC), "x").to_wire()


@pytest.mark.parametrize("confidence", [-0.01, 1.01])
def test_confidence_is_bounded(confidence):
    with pytest.raises(ValueError, match="outside"):
        Verdict("a", ("b",), "", "r", confidence)


def test_a_decision_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="reason"):
        Verdict("a", (), "", "r")
