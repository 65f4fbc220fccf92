"""Turn a route's errors into its documented answers, all in the one form that problems.py sends."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field

from ruach_studio.infra.http.problems import MEDIA_TYPE, title_of
from ruach_studio.kernel.errors import RuachError

_REFERENCE = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


class FieldProblem(BaseModel):
    """One wrong field of the input."""

    field: str
    message: str
    type: str


class Problem(BaseModel):
    """An error answer (RFC 9457)."""

    type: str = Field(examples=["urn:ruach:problem:not_found"])
    title: str
    status: int
    detail: str
    instance: str
    code: str
    subject: str
    remedy: str
    retryable: bool
    correlationId: str | None  # noqa: N815  (its name on the wire)
    errors: list[FieldProblem] | None = None
    details: dict[str, Any] | None = None


def problem_responses(*kinds: type[RuachError]) -> dict[int | str, dict[str, Any]]:
    """Return `responses=` for a route that may raise `kinds`; several of one status share an entry."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(kind.status, []).append(title_of(kind))
    return {status: {"description": " ".join(texts), "content": _REFERENCE} for status, texts in titles.items()}


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Add to an OpenAPI document what every route of its kind may answer: 400 to 404, 408, 409, 413, 422, 500, 503."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, FieldProblem):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in document.get("paths", {}).values():
        for method in _METHODS:
            if method in path:
                _complete(path[method])
    return document


def _complete(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    statuses = [500, 503]
    if operation.get("security"):
        statuses += [401, 403]
    if "requestBody" in operation:
        statuses += [400, 403, 408, 409, 413, 422]
    if operation.get("parameters"):  # an id that is none, one that nobody knows, a state that does not allow it
        statuses += [400, 404, 409]
    if "422" in answers:  # FastAPI's own form of it is never sent
        answers["422"]["content"] = _REFERENCE
    for status in statuses:
        answers.setdefault(str(status), {"description": HTTPStatus(status).phrase, "content": _REFERENCE})
