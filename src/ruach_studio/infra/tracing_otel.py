"""Turn spans into OTLP over HTTP, by OpenTelemetry's own SDK. Loaded by app/telemetry.py and nobody else."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ruach_studio import __version__
from ruach_studio.infra.context import current
from ruach_studio.infra.tracing import Kind, Span, Value, root_span_id

_KINDS: dict[Kind, trace.SpanKind] = {
    "server": trace.SpanKind.SERVER, "consumer": trace.SpanKind.CONSUMER, "internal": trace.SpanKind.INTERNAL,
}  # fmt: skip
_W3C = TraceContextTextMapPropagator()
_SAMPLED = trace.TraceFlags(trace.TraceFlags.SAMPLED)
_begins_trace: ContextVar[bool] = ContextVar("ruach_begins_trace", default=False)


class _CorrelationIds(IdGenerator):
    """A trace is named by its correlation id, and the span that begins one by the lower half of it."""

    def generate_trace_id(self) -> int:
        correlation_id = current().correlation_id
        return secrets.randbits(128) or 1 if correlation_id is None else UUID(correlation_id).int

    def generate_span_id(self) -> int:
        correlation_id = current().correlation_id
        if _begins_trace.get() and correlation_id is not None:
            return root_span_id(correlation_id)
        return secrets.randbits(64) or 1


class OtelTracer:
    """tracing.Tracer that sends batches to `endpoint`/v1/traces from a thread of its own."""

    def __init__(self, endpoint: str) -> None:
        """Start the sender; a collector that is away costs log lines, never a request."""
        resource = Resource.create({"service.name": "ruach-studio", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, id_generator=_CorrelationIds(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=5)))
        self._tracer = self._provider.get_tracer("ruach_studio")

    @contextmanager
    def span(self, name: str, kind: Kind, facts: Mapping[str, Value], *, parent: str | None, fresh: bool) -> Iterator[Span]:
        """See tracing.Tracer."""
        under = Context() if fresh else _W3C.extract({"traceparent": parent}) if parent else _parent()
        mark = _begins_trace.set(fresh)
        try:
            opened = self._tracer.start_span(name, under, _KINDS[kind], {**_ids(), **facts})
        finally:
            _begins_trace.reset(mark)
        with trace.use_span(opened, end_on_exit=True):
            yield _Open(opened)

    def ended(self, name: str, began_ns: int, facts: Mapping[str, Value]) -> None:
        """See tracing.Tracer."""
        self._tracer.start_span(name, _parent(), attributes={**_ids(), **facts}, start_time=began_ns).end()

    def traceparent(self) -> str | None:
        """See tracing.Tracer."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, _parent())
        return carrier.get("traceparent")

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


class _Open:
    def __init__(self, opened: trace.Span) -> None:
        self._span = opened

    def set(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def failed(self, message: str) -> None:
        self._span.set_status(trace.StatusCode.ERROR, message)


def _parent() -> Context:
    """Return the span under way if it is of this correlation id's trace, else the (known) beginning of that trace."""
    correlation_id = current().correlation_id
    here = trace.get_current_span().get_span_context()
    if correlation_id is None:
        return trace.set_span_in_context(trace.get_current_span(), Context())
    trace_id = UUID(correlation_id).int
    if here.is_valid and here.trace_id == trace_id:
        return trace.set_span_in_context(trace.get_current_span(), Context())
    root = trace.SpanContext(trace_id, root_span_id(correlation_id), is_remote=True, trace_flags=_SAMPLED)
    return trace.set_span_in_context(trace.NonRecordingSpan(root), Context())


def _ids() -> dict[str, Value]:
    return {f"ruach.{name}": value for name, value in current().to_wire().items() if value is not None}
