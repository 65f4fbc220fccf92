"""Turn a scrape into its answer, for those who may: `GET /metrics`.

Numbers tell how busy a house is and which routes it has, so they are not public, and not open to loopback either: behind
a reverse proxy on the same machine everyone comes from there. The scraper's token is compared without the database, so
that it also works while that is away.
"""

import hmac
from typing import Annotated

from fastapi import Depends, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from starlette.requests import Request

from ruach_studio.infra.auth.principal import Principal
from ruach_studio.infra.auth.require import BEARER, COOKIE, RoleGuard
from ruach_studio.infra.http.access import Access
from ruach_studio.infra.routes import Routes
from ruach_studio.infra.signals.metrics import Metrics


class ScraperGuard(RoleGuard):
    """Lets in whoever holds the scraper's token, an operator, and a service token with the scope metrics:read."""

    def __init__(self, token: SecretStr | None) -> None:
        """Take RUACH_METRICS_TOKEN; None: there is no scraper's token."""
        super().__init__(Access(public=False, roles=frozenset({"operator"}), scope="metrics:read"))
        self._header = None if token is None else f"Bearer {token.get_secret_value()}".encode()

    async def __call__(  # type: ignore[override]  # FastAPI calls it, nobody else
        self,
        request: Request,
        _cookie: Annotated[str | None, Depends(COOKIE)],
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Principal | None:
        """Return who asks, None for the scraper; raise Unauthenticated or Forbidden."""
        given = request.headers.get("authorization", "").encode()
        if self._header is not None and hmac.compare_digest(given, self._header):
            return None
        return await super().__call__(request, _cookie, _bearer)


def router(metrics: Metrics, *, token: SecretStr | None) -> Routes:
    """Return the route."""
    scraping = Routes(tags=["signals"], dependencies=[Depends(ScraperGuard(token))])

    @scraping.get(
        "/metrics", summary="Numbers for Prometheus", response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )  # fmt: skip
    async def scrape() -> Response:
        return Response(await metrics.scrape(), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    return scraping
