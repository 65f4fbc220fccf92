"""Turn every error into one RFC 9457 answer: application/problem+json with a code, a remedy and the correlation id.

`type` is `urn:ruach:problem:<code>`, `title` the first sentence of the error class, `detail` its message. An error that
nobody foresaw becomes a 500 that names only the correlation id; the log has the rest. 503 and 429 carry Retry-After.
"""

import inspect
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ruach_studio.infra.context import current
from ruach_studio.infra.faults import words_of
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import BadInput, Malformed, NotFound, RuachError, Unavailable
from ruach_studio.kernel.hashing import plain

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
LEAST_BYTES_S = 8000  # what a request body must bring on average once the first patience is over
_SPEED = f"Send it again, over a line that carries {LEAST_BYTES_S // 1000} kB a second and without pauses."
_TITLE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


class UnsuitableMethod(RuachError):
    """This path does not know that method."""

    code, status = "method_not_allowed", 405


class TooLarge(BadInput):
    """The request body is larger than this service takes."""

    code, status = "too_large", 413


class TooSlow(RuachError):
    """The request body did not arrive in time."""

    code, status, retryable = "request_timeout", 408, True


class TooManyRequests(RuachError):
    """Too many attempts; wait before the next one."""

    code, status, retryable = "too_many_requests", 429, True


class Stopping(Unavailable):
    """This process is ending and could not wait for the answer."""

    code = "stopping"


class Unforeseen(RuachError):
    """Something went wrong on our side."""

    code = "internal"


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    app.add_exception_handler(RuachError, _on_ruach_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unforeseen)


def problem(error: RuachError, *, instance: str, errors: list[dict[str, str]] | None = None) -> ProblemResponse:
    """Return the answer for `error`; `instance` is the request path, `errors` the wrong fields of the input."""
    retryable = error.retryable
    body: dict[str, Any] = {
        "type": f"urn:ruach:problem:{error.code}",
        "title": title_of(type(error)),
        "status": error.status,
        "detail": str(error),
        "instance": instance,
        "code": error.code,
        "subject": error.subject,
        "remedy": error.remedy,
        "retryable": retryable,
        "correlationId": current().correlation_id,
    }
    if errors is not None:
        body["errors"] = errors
    details = {name: value for name, value in error.details.items() if name != "retry_after_s"}
    if details and error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
        body["details"] = _wire(details)
    return ProblemResponse(body, status_code=error.status, headers=_headers(error))


def title_of(kind: type[RuachError]) -> str:
    """Return the first sentence of the class docstring.

    >>> title_of(NotFound)
    'There is no such thing.'
    """
    text = " ".join((inspect.getdoc(kind) or "").split())
    found = _TITLE.match(text)
    return found.group(1) if found else text


def _headers(error: RuachError) -> dict[str, str]:
    headers = {"cache-control": "no-store"}
    if error.status in (429, 503):
        wait_s = error.details.get("retry_after_s", RETRY_AFTER_S)
        headers["retry-after"] = str(max(1, round(float(str(wait_s)))))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="ruach"'
    return headers


def _wire(details: Mapping[str, object]) -> dict[str, object]:
    wire: dict[str, object] = {}
    for name, value in details.items():
        try:
            wire[name] = plain(value)
        except TypeError:
            wire[name] = str(value)
    return wire


async def _on_ruach_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RuachError)  # noqa: S101  (registered for exactly this class)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry_after_s" in error.details:  # a rule said so; no fault
        log.warning("request.put_off", code=error.code, path=request.url.path, detail=str(error))
    elif error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request.failed", code=error.code, path=request.url.path, detail=str(error), exc_info=error)
    return problem(error, instance=request.url.path)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [
        {"field": ".".join(str(part) for part in each["loc"]), "message": words_of(each), "type": str(each["type"])}
        for each in error.errors()  # the input is left out: it may hold a password
    ]
    if any(each["type"] == "json_invalid" for each in found):
        wrong: RuachError = Malformed("the body is not JSON", remedy="Send a JSON object.")
    else:
        names = ", ".join(each["field"] for each in found)
        wrong = BadInput("these fields are missing or wrong", subject=names, remedy="Correct them and send again.")
    return problem(wrong, instance=request.url.path, errors=found)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    kinds: dict[int, type[RuachError]] = {400: Malformed, 404: NotFound, 405: UnsuitableMethod, 408: TooSlow, 413: TooLarge}
    kind = kinds.get(error.status_code)
    if kind is NotFound:
        answer = problem(NotFound("no such path", subject=request.url.path), instance=request.url.path)
    elif kind is not None:
        remedy = _SPEED if kind is TooSlow else ""
        answer = problem(kind(subject=request.url.path, remedy=remedy), instance=request.url.path)
    else:
        answer = problem(_bare(error.status_code, str(error.detail)), instance=request.url.path)
    for name in ("allow", "connection"):
        if value := Headers(error.headers or {}).get(name):
            answer.headers[name] = value
    return answer


def _bare(status: int, detail: str) -> RuachError:
    facts = {"__doc__": f"{HTTPStatus(status).phrase}.", "status": status, "code": f"http_{status}"}
    error: RuachError = type("HttpError", (RuachError,), facts)(detail)
    return error


async def _on_unforeseen(request: Request, _error: Exception) -> Response:
    return unforeseen(request.url.path)  # correlation.py logs it: the error goes on to the outermost layer


def stopping(path: str) -> ProblemResponse:
    """Return the 503 for a request that the server cuts off when it ends. A change may or may not have been made."""
    remedy = "Ask again; before you repeat a change, look whether it was made."
    return problem(Stopping("the service was told to end while it worked on this", remedy=remedy), instance=path)


def unforeseen(path: str) -> ProblemResponse:
    """Return the 500 that says nothing of our insides but how to report it."""
    remedy = f"Try again; if it stays, report correlation id {current().correlation_id}."
    return problem(Unforeseen("an unexpected error was recorded", remedy=remedy), instance=path)
