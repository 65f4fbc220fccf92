"""Turn requests, jobs, steps and deliveries into spans, if somebody configured a collector; otherwise into nothing at all.

The trace id of a span is its correlation id: both are 128 bits, so that whoever knows one knows the other, and what follows
a request hours later still lands in its trace. Jobs carry a `traceparent` (W3C) in their data; events do not need one.
Nothing of OpenTelemetry is imported here: app/telemetry.py installs tracing_otel.py's tracer if an endpoint is set.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol
from uuid import UUID

Value = str | int | float | bool
Kind = Literal["server", "consumer", "internal"]


class Span(Protocol):
    """A span under way."""

    def set(self, name: str, value: Value) -> None:
        """Add a fact to it."""
        ...

    def failed(self, message: str) -> None:
        """Mark it as failed. An exception that leaves the block does that by itself."""
        ...


class Tracer(Protocol):
    """Who makes spans; the real one is tracing_otel.OtelTracer."""

    def span(
        self, name: str, kind: Kind, facts: Mapping[str, Value], *, parent: str | None, fresh: bool
    ) -> AbstractContextManager[Span]:
        """Open a span under `parent` (a traceparent), or where the context says."""
        ...

    def ended(self, name: str, began_ns: int, facts: Mapping[str, Value]) -> None:
        """Write a span that began at `began_ns` (Unix time) and ends now."""
        ...

    def traceparent(self) -> str | None:
        """Return the traceparent of the span under way."""
        ...


class _Nothing:
    def set(self, name: str, value: Value) -> None:
        """Keep nothing."""

    def failed(self, message: str) -> None:
        """Keep nothing."""


_OFF: AbstractContextManager[Span] = nullcontext(_Nothing())
_tracer: Tracer | None = None


def span(
    name: str, kind: Kind = "internal", facts: Mapping[str, Value] | None = None, *, parent: str | None = None,
    fresh: bool = False,
) -> AbstractContextManager[Span]:  # fmt: skip
    """Return a span around a block. `parent`: the traceparent it came with; `fresh`: nobody outside knows its trace yet."""
    return _OFF if _tracer is None else _tracer.span(name, kind, facts or {}, parent=parent, fresh=fresh)


def ended(name: str, began_ns: int, facts: Mapping[str, Value]) -> None:
    """Write a span for something that began at `began_ns` (time.time_ns) and has just ended."""
    if _tracer is not None:
        _tracer.ended(name, began_ns, facts)


def traceparent() -> str | None:
    """Return what a job must carry to be traced under the present span; None while tracing is off."""
    return None if _tracer is None else _tracer.traceparent()


def root_span_id(correlation_id: str) -> int:
    """Return the id (64 bits, never 0) of the span that began the trace of this correlation id.

    >>> hex(root_span_id("9f1c1a52-0b7a-4d0e-8a39-0f6f5f5a7b11"))
    '0x8a390f6f5f5a7b11'
    """
    return UUID(correlation_id).int & (2**64 - 1)


def install(tracer: Tracer | None) -> Tracer | None:
    """Trace with `tracer` from now on (None: not at all); return the one before."""
    global _tracer
    before, _tracer = _tracer, tracer
    return before
