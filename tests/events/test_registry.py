"""The bus carries exactly the events that were decided, each self-sufficient and plain JSON."""

from ruach_studio.events.assembly import EdlDraftCreated, EdlLocked
from ruach_studio.events.derivative import (
    DerivativeFailed,
    DerivativeMade,
    DerivativesRequested,
    DerivativeWithdrawn,
    Run,
    Wanted,
)
from ruach_studio.events.registry import EVENTS
from ruach_studio.kernel.hashing import canonical_json


def test_the_bus_carries_these_events_and_no_other():
    assert sorted(EVENTS) == [
        "dead-letter.created", "derivative.begun", "derivative.failed", "derivative.made", "derivative.withdrawn",
        "derivatives.requested", "edl.draft.created", "edl.locked", "formation.gated", "formation.ghost-state",
        "formation.unlocked",
        "membership.entitlement.changed", "queue.backpressure.degraded", "queue.backpressure.normal",
        "queue.backpressure.shedding", "queue.backpressure.warning", "queue.resumed", "render.completed", "render.failed",
    ]  # fmt: skip


def test_a_locked_edl_travels_whole():
    edl = {"schemaVersion": "1.0", "sources": {"A": {"clips": [{"path": "a.mp4"}]}}}
    assert EdlLocked("s", 3, "op", edl).payload() == {"sessionId": "s", "edlVersion": 3, "lockedBy": "op", "edl": edl}


def test_payloads_have_a_canonical_form():
    assert canonical_json(EdlDraftCreated("s", 1, 2, "angle-v2", 7).payload()) == (
        b'{"cutCount":7,"edlVersion":1,"rulesVersion":"angle-v2","sessionId":"s","syncVersion":2}'
    )


def test_a_derivative_is_asked_for_and_answered_without_looking_anything_up():
    wanted = Wanted("d" * 32, "j1", "proxy", "/m/a.mp4", 1)
    asked = {"derivativeId": "d" * 32, "jobId": "j1", "kind": "proxy", "path": "/m/a.mp4", "recipe": 1}
    assert DerivativesRequested("s", "op", [wanted]).payload() == {
        "sessionId": "s", "requestedBy": "op", "derivatives": [asked],
    }  # fmt: skip
    assert DerivativeWithdrawn("s", "op", "why", wanted).payload() == {
        "sessionId": "s", "withdrawnBy": "op", "reason": "why", **asked,
    }  # fmt: skip
    run = Run("s", "d" * 32, "proxy", "j2", ["j1"])
    told = {"sessionId": "s", "derivativeId": "d" * 32, "kind": "proxy", "jobId": "j2", "earlierJobIds": ["j1"]}
    assert DerivativeMade(run, "dd/x", {"files": []}).payload() == {**told, "key": "dd/x", "facts": {"files": []}}
    assert DerivativeFailed(run, {"code": "x"}, "j3").payload() == {**told, "error": {"code": "x"}, "retriedAs": "j3"}
