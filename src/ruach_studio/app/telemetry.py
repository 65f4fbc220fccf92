"""Turn RUACH_OTEL_ENDPOINT into traces, or leave everything of OpenTelemetry unloaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from ruach_studio.infra.settings import Settings
from ruach_studio.infra.tracing import install
from ruach_studio.kernel.errors import BadInput


class TelemetryMissing(BadInput):
    """RUACH_OTEL_ENDPOINT is set, but the extra `telemetry` is not installed."""

    code = "telemetry_missing"


@contextmanager
def open_tracing(settings: Settings) -> Iterator[None]:
    """Trace inside the block if an endpoint is set; send what is left at its end. Raises TelemetryMissing."""
    if settings.otel_endpoint is None:
        yield
        return
    try:
        from ruach_studio.infra.tracing_otel import OtelTracer
    except ImportError as error:
        raise TelemetryMissing(
            str(error), subject="RUACH_OTEL_ENDPOINT", remedy="pip install 'ruach-studio[telemetry]', or unset it."
        ) from error
    tracer = OtelTracer(settings.otel_endpoint)
    before = install(tracer)
    try:
        yield
    finally:
        install(before)
        tracer.close()
