"""Turn events named noun.verb into lines on standard error, each with the four ids of the work at hand.

JSON (one object a line, all four ids always there) for machines, coloured text for a desk. Standard output stays free
for results. Lines of libraries (uvicorn, Alembic) take the same form. Passwords and tokens are masked before rendering.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ruach_studio.infra.context import current, new_id
from ruach_studio.infra.masking import masked

if TYPE_CHECKING:
    from ruach_studio.infra.settings import Settings

_PROCESS = new_id()
_SECRET_NAME = re.compile(r"(?i)(passw|secret|token|authorization|cookie|api_?key|credential|dsn$)")
_NOISY = dict.fromkeys(("alembic", "sqlalchemy", "httpx", "urllib3"), logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; call as `get_logger(__name__).info("render.step.finished", step="upload")`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure(settings: "Settings") -> None:
    """Send every line of the process to standard error in the form that `settings` asks for; safe to call twice."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # the usual one shows every frame's locals: a member's words and a thousand rows, at a second of work each
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    ids = _add_ids if settings.log_json else _add_bound_ids
    tail: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if settings.log_json:
        tail.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_SHARED, ids],
        processors=[ids, *tail, mask_secrets, renderer],
    )
    handler = _StandardError()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _StandardError)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name, level in _NOISY.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of secret-looking fields, and passwords inside addresses, by `***`."""
    return {name: _masked_field(name, value) for name, value in event.items()}


def _masked_field(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and value is not None:
        return "***"
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _masked_field(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_field("", each) for each in value]
    return value


def _add_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    ids = current().to_wire()
    ids["correlationId"] = ids["correlationId"] or _PROCESS  # no line is without: what nobody asked for is the process's own
    return {**ids, **event}


def _add_bound_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**{name: value for name, value in current().to_wire().items() if value is not None}, **event}


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever sys.stderr is at that moment, so that a test's or a daemon's redirection holds."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise AttributeError(f"the stream is always sys.stderr, not {value!r}")


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# At import: a library that nobody configured stays quiet below WARNING and never writes to standard output.
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)
