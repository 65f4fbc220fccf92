"""Turn decorated functions into the routes of an application, each built once: when it is first asked for, or all at once.

FastAPI builds a router's routes as they are declared, and again, at the first request that passes them, as those of the
application that includes the router: half a second of a processor for some 140. Here a declaration is only written down.
A service builds all of them before it serves; a process that answers a few requests builds those that it answers.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, params
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from ruach_studio.infra.text import refuse_unstorable_text

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class PlannedRoute(BaseRoute):
    """A route written down; `built` is FastAPI's own, made when a path matches or somebody asks."""

    def __init__(self, router: APIRouter, path: str, endpoint: Callable[..., Any], options: dict[str, Any]) -> None:
        """Take what `APIRouter.add_api_route` takes, and the empty router that gives prefix, tags and guards."""
        self._router, self._declared, self._endpoint, self._options = router, path, endpoint, options
        self._place = Route(router.prefix + path, endpoint)
        self.path_format = self._place.path_format

    @cached_property
    def built(self) -> BaseRoute:
        """Return the route; raises what FastAPI raises for a declaration that it cannot use."""
        self._router.add_api_route(self._declared, self._endpoint, **self._options)
        return self._router.routes.pop()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether this path, and which of its methods, is asked for."""
        elsewhere = self._place.matches(scope)[0] is Match.NONE
        return (Match.NONE, {}) if elsewhere else self.built.matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the built route does."""
        await self.built.handle(scope, receive, send)


class Routes:
    """What one module answers, declared as with FastAPI's router; text that no column can hold is refused before each."""

    def __init__(self, *, prefix: str = "", tags: Sequence[str] = (), dependencies: Sequence[params.Depends] = ()) -> None:
        """Take what stands before each path, and the guards of all."""
        guards = [Depends(refuse_unstorable_text), *dependencies]
        self._router = APIRouter(prefix=prefix, tags=[*tags], dependencies=guards)
        self.planned: list[PlannedRoute] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Write a route down; `options` are those of FastAPI's method of this name."""
        self.planned.append(PlannedRoute(self._router, path, endpoint, options))

    def include(self, other: "Routes") -> None:
        """Take over what another module declared, its own prefix, tags and guards with it."""
        self.planned += other.planned

    def build(self) -> None:
        """Build every route now."""
        for each in self.planned:
            _ = each.built

    def get(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare what answers GET."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare what answers POST."""
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare what answers PUT."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare what answers PATCH."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare what answers DELETE."""
        return self._declare("DELETE", path, options)

    def _declare(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        def declared(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, methods=[method], **options)
            return endpoint

        return declared
