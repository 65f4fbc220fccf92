"""Tracing off costs nothing and loads nothing; on, the trace id is the correlation id; without the extra, it says so."""

import subprocess
import sys

import pytest

from ruach_studio.app.telemetry import TelemetryMissing, open_tracing
from ruach_studio.infra import tracing
from ruach_studio.infra.context import bind
from ruach_studio.infra.settings import load_settings
from ruach_studio.kernel.errors import BadInput
from ruach_studio.testing.otlp import collector

GIVEN = "9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11"
TRACE = GIVEN.replace("-", "")


def test_off_nothing_is_loaded_and_every_block_is_the_same_nothing() -> None:
    said = (
        "import sys, ruach_studio.app.api, ruach_studio.app.background;"
        "from ruach_studio.infra import tracing;"
        "assert tracing.span('a') is tracing.span('b', 'server', {'x': 1}) and tracing.traceparent() is None;"
        "print([name for name in sys.modules if name.startswith('opentelemetry.exporter') or 'tracing_otel' in name])"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_a_request_begins_the_trace_and_a_job_far_away_goes_on_with_it() -> None:
    with collector() as received, open_tracing(load_settings(otel_endpoint=f"{received.address}/v1/traces")):
        with bind(correlation_id=GIVEN), tracing.span("POST", "server", {"n": 1}, fresh=True):
            carried = tracing.traceparent()
            with tracing.span("inside"):
                pass
        with bind(correlation_id=GIVEN, anew=True), tracing.span("job", "consumer", parent=carried) as span:
            span.failed("no room")
        with bind(correlation_id=GIVEN, anew=True), tracing.span("event", "consumer"):
            pass  # nothing was carried: the beginning is derived from the correlation id
        with pytest.raises(ZeroDivisionError), tracing.span("nobody's"):
            _ = 1 / 0
    spans = {each["name"]: each for each in received.spans()}
    root = spans["POST"]["span_id"]
    assert carried == f"00-{TRACE}-{root}-01"
    assert root == TRACE[16:] == f"{tracing.root_span_id(GIVEN):016x}"
    assert {each["trace_id"] for name, each in spans.items() if name != "nobody's"} == {TRACE}
    assert spans["nobody's"]["trace_id"] != TRACE
    parents = {name: each["parent"] for name, each in spans.items()}
    assert parents == {"POST": "", "inside": root, "job": root, "event": root, "nobody's": ""}
    assert (spans["POST"]["facts"]["n"], spans["POST"]["facts"]["ruach.correlationId"]) == (1, GIVEN)
    assert (spans["job"]["status"], spans["nobody's"]["status"], spans["POST"]["status"]) == (2, 2, 0)
    assert tracing.traceparent() is None


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruach_studio.infra.tracing_otel", None)
    with (
        pytest.raises(TelemetryMissing, match=r"RUACH_OTEL_ENDPOINT.*telemetry"),
        open_tracing(load_settings(otel_endpoint="http://127.0.0.1:4318")),
    ):
        pass


WRONG = (
    {"otel_endpoint": "4318"},
    {"otel_endpoint": "http://u:p@h"},
    {"metrics_token": "short"},
    {"request_log_days": -1},
)


@pytest.mark.parametrize("wrong", WRONG)
def test_settings_that_cannot_be_meant_are_refused(wrong) -> None:
    with pytest.raises(BadInput):
        load_settings(**wrong)
