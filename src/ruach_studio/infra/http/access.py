"""Turn each route's guard into a fact that can be listed: which roles, which scope, or explicitly public.

A guard is a dependency that carries `ruach_access`. A route without one is a mistake that a test finds
(`routes_without_a_role`). infra.auth.require makes the guards that ask for roles; `public()` is the other kind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

MARK = "ruach_access"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a route: anyone; else anyone signed in who holds one of `roles` (empty = any role)."""

    public: bool
    roles: frozenset[str] = frozenset()
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """One method of one path, and its guards (none = the mistake)."""

    method: str
    path: str
    guards: tuple[Access, ...]


class _Public:
    ruach_access = Access(public=True)

    def __call__(self) -> None:
        """Let everyone pass."""


_PUBLIC = _Public()


def public() -> Callable[..., None]:
    """Return the guard of a route that anyone may use: `dependencies=[Depends(public())]`."""
    return _PUBLIC


def list_access(app: FastAPI) -> list[RouteAccess]:
    """Return every method and path of `app` with its guards; the OpenAPI document's own route is left out."""
    return sorted(_all_routes(app), key=lambda each: (each.path, each.method))


def routes_without_a_role(app: FastAPI) -> list[str]:
    """Return `METHOD /path` of every route that names neither a role nor `public()`; a test wants this empty."""
    return [f"{each.method} {each.path}" for each in list_access(app) if not each.guards]


def _all_routes(app: FastAPI) -> Iterator[RouteAccess]:
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if path == app.openapi_url:
            continue
        dependant = getattr(context, "dependant", None)
        guards = tuple(_guards(dependant)) if isinstance(dependant, Dependant) else ()
        for method in sorted(context.methods or {"ANY"}):
            yield RouteAccess(method, path, guards)


def _guards(dependant: Dependant) -> Iterator[Access]:
    for each in dependant.dependencies:
        found = getattr(each.call, MARK, None)
        if isinstance(found, Access):
            yield found
        yield from _guards(each)
