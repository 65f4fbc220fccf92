"""Turn a Platform into a FastAPI application whose every answer, error and id follows the house rules.

Outermost first: correlation id, security headers, FastAPI's own error layer, cross-origin guard, body limit, routes; before
each route stands the refusal of text that no column can hold.
"""

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ruach_studio.infra.http import problems
from ruach_studio.infra.http.correlation import CorrelationIdMiddleware, OnAnswer
from ruach_studio.infra.http.openapi import with_problems
from ruach_studio.infra.http.platform import Platform
from ruach_studio.infra.http.security import BodyLimitMiddleware, CrossOriginMiddleware, SecurityHeadersMiddleware
from ruach_studio.infra.routes import PlannedRoute, Routes
from ruach_studio.infra.text import refuse_unstorable_text

BODY_LIMIT_BYTES = 8 << 20
BODY_PATIENCE_S = 60.0


class RuachApi(FastAPI):
    """FastAPI with ids and headers outside its 500 handler, and problems in its OpenAPI document."""

    media_origins: Collection[str] = ()
    on_answer: Sequence[OnAnswer] = ()

    def add_routes(self, routes: Routes) -> None:
        """Serve what a module declared, tried after what is served already."""
        self.router.routes.extend(routes.planned)

    @property
    def routes(self) -> list[BaseRoute]:
        """Return every route as FastAPI's own, in the order in which they are tried."""
        return [each.built if isinstance(each, PlannedRoute) else each for each in self.router.routes]

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap the whole stack, 500 handler included."""
        secure = self.state.platform.settings.secure_cookies
        inner = SecurityHeadersMiddleware(super().build_middleware_stack(), secure=secure, media_origins=self.media_origins)
        return CorrelationIdMiddleware(inner, self.on_answer)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document with the error answers that every route shares."""
        if self.openapi_schema is None:
            self.openapi_schema = with_problems(super().openapi())
        return self.openapi_schema


def new_api(
    platform: Platform,
    *,
    title: str = "Ruach Studio",
    version: str = "0",
    body_limit_bytes: int = BODY_LIMIT_BYTES,
    body_patience_s: float = BODY_PATIENCE_S,
    trusted_origins: Collection[str] = (),
    media_origins: Collection[str] = (),
    **options: Any,
) -> RuachApi:
    """Return an application without routes; `options` go to FastAPI (lifespan and the like).

    The interactive /docs pages load scripts from a public CDN, which our content policy refuses, so they are off.
    """
    address = urlsplit(platform.settings.public_url)
    own = {f"{address.scheme}://{address.netloc}", *trusted_origins}
    layers = [
        Middleware(CrossOriginMiddleware, trusted_origins=own),
        Middleware(BodyLimitMiddleware, limit_bytes=body_limit_bytes, patience_s=body_patience_s),
    ]
    api = RuachApi(
        title=title, version=version, docs_url=None, redoc_url=None, middleware=layers,
        dependencies=[Depends(refuse_unstorable_text)], **options,
    )  # fmt: skip
    api.state.platform = platform
    api.media_origins = media_origins
    problems.install(api)
    return api
