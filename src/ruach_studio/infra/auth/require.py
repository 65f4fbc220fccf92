"""Turn a request into the Principal that a route asks for, or into 401 (who are you?) or 403 (not you).

`require("operator")` is the guard of a route: any of the roles named (none named = anyone signed in), an admin counting
as an operator. A service token needs the role and the route's `scope`; a route without a scope is closed to machines.
Identity comes from the cookie or the bearer token and from nowhere else. A bearer token, once sent, must be good.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request
from starlette.responses import Response

from ruach_studio.infra.auth import service_tokens, sessions
from ruach_studio.infra.auth.principal import Principal, checked_roles
from ruach_studio.infra.deadline import in_time
from ruach_studio.infra.http.access import Access, RouteAccess, list_access, public, routes_without_a_role
from ruach_studio.infra.http.platform import platform_of
from ruach_studio.infra.logging import get_logger
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.errors import Forbidden, Unauthenticated, Unavailable

__all__ = [
    "Access", "RouteAccess", "clear_cookie", "cookie_name", "current_principal", "list_access", "public", "require",
    "require_if_known", "routes_without_a_role", "set_cookie",
]  # fmt: skip

# These two only document the route in OpenAPI; the reading is done below, in one place.
COOKIE = APIKeyCookie(name="ruach_session", scheme_name="session", auto_error=False)
BEARER = HTTPBearer(scheme_name="serviceToken", bearerFormat="ruach_st_…", auto_error=False)
_CACHE = "ruach.principal"
log = get_logger(__name__)


class BadToken(Unauthenticated):
    """This service token is unknown, expired or revoked."""

    code = "bad_token"


class RoleGuard:
    """The dependency that `require` makes; `ruach_access` tells the route list what it asks for."""

    def __init__(self, access: Access) -> None:
        """Take what to ask for."""
        self.ruach_access = access

    async def __call__(
        self,
        request: Request,
        _cookie: Annotated[str | None, Depends(COOKIE)],
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Principal:
        """Return who acts; raise Unauthenticated or Forbidden."""
        principal = await current_principal(request)
        if principal is None:
            raise Unauthenticated(remedy="Sign in, or send a service token.")
        asked = self.ruach_access
        if not principal.holds_one_of(asked.roles):
            needed = " or ".join(sorted(asked.roles))
            raise Forbidden(f"this needs the role {needed}", subject=principal.email, remedy="Ask an admin for it.")
        if not principal.may_use(asked.scope):
            fact = f"the token lacks the scope {asked.scope}" if asked.scope else "this is closed to service tokens"
            remedy = "Issue a token with that scope." if asked.scope else "Sign in as a person."
            raise Forbidden(fact, subject=principal.email, remedy=remedy)
        return principal


class LenientGuard(RoleGuard):
    """The dependency that `require_if_known` makes."""

    def __init__(self, access: Access, within_s: float) -> None:
        """Take what to ask for, and how long."""
        super().__init__(access)
        self.within_s = within_s

    async def __call__(  # type: ignore[override]  # FastAPI calls it, nobody else: None is what this guard is for
        self,
        request: Request,
        _cookie: Annotated[str | None, Depends(COOKIE)],
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Principal | None:
        """Return who acts, or None if that cannot be found out now; raise Unauthenticated or Forbidden."""
        try:
            return await in_time(super().__call__(request, _cookie, _bearer), self.within_s)
        except Unavailable as error:
            log.warning("identity.unknown", path=request.url.path, error=error.code)
            return None


def require_if_known(*roles: str, within_s: float) -> Callable[..., Awaitable[Principal | None]]:
    """Return a guard as `require` does that gives None, after `within_s` at most, if the database cannot say who asks.

    Only for a route that then answers with nothing of anybody's. Without a cookie or token it is 401 as ever.
    """
    return LenientGuard(Access(public=False, roles=checked_roles(roles)), within_s)


def require(*roles: str, scope: str | None = None) -> Callable[..., Awaitable[Principal]]:
    """Return a guard; use as `principal: Annotated[Principal, Depends(require("operator"))]`. Raises BadInput on a typo."""
    return RoleGuard(Access(public=False, roles=checked_roles(roles) if roles else frozenset(), scope=scope))


async def current_principal(request: Request) -> Principal | None:
    """Return who sent the request, or None; raise BadToken for an Authorization header that is not a living token."""
    if _CACHE not in request.scope:
        request.scope[_CACHE] = await _identified(request)
    found: Principal | None = request.scope[_CACHE]
    return found


async def _identified(request: Request) -> Principal | None:
    platform = platform_of(request)
    now = platform.clock.now()
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        machine = await service_tokens.find(platform.database, secret.strip(), now) if scheme.lower() == "bearer" else None
        if machine is None:
            raise BadToken(remedy="Issue a new one, or leave the Authorization header out.")
        return machine
    token = request.cookies.get(cookie_name(platform.settings))
    return None if token is None else await sessions.find(platform.database, token, now)


def cookie_name(settings: Settings) -> str:
    """Return the cookie's name; over HTTPS the `__Host-` prefix keeps other hosts of the domain from setting it."""
    return "__Host-ruach_session" if settings.secure_cookies else "ruach_session"


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    """Give the browser its session: HttpOnly, SameSite=Lax, host only."""
    max_age = int(sessions.LIFETIME.total_seconds())
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Take the session from the browser."""
    name = cookie_name(settings)
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=settings.secure_cookies)
