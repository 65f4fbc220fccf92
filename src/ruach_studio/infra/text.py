"""Turn a request whose text no database column can hold into a 422 that names the place, whatever its route does with it.

That is the NUL character, and half a surrogate pair, which JSON can spell and UTF-8 cannot. Path, query and a JSON body
that the route reads are looked at; what a route reads as raw bytes is its own matter.
"""

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request

from ruach_studio.kernel.errors import BadInput


async def refuse_unstorable_text(request: Request) -> None:
    """Raise BadInput for such a text; a dependency of the whole application."""
    for place, text in (*request.path_params.items(), *request.query_params.multi_items()):
        _check(str(place), str(text))
        _check(str(place)[:40], str(place))
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return
    if "json" not in request.headers.get("content-type", ""):
        return
    try:
        body = await request.json()  # parsed before, and kept by the request
    except ValueError:  # nothing at all, or a type that FastAPI does not take for JSON: the route's own answer says so
        return
    for place, text in _texts(body, "body"):
        _check(place, text)


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield place, key
            yield from _texts(each, f"{place}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{place}.{number}")


def _check(place: str, text: str) -> None:
    if "\x00" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)):
        return
    fact = "it holds the NUL character" if "\x00" in text else "it holds half of a surrogate pair"
    subject = place.replace("\x00", "\\0").encode("utf-8", "replace").decode()[:200]
    raise BadInput(fact, subject=subject, remedy="Send text without it.")
