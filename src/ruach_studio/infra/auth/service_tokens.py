"""Turn a name, roles and scopes into a bearer token for a machine; the secret is shown once."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth.principal import Principal, ServiceToken, checked_roles
from ruach_studio.infra.auth.secret import SERVICE_PREFIX, TOKEN_LENGTH_MAX, new_service_token, token_sha256
from ruach_studio.infra.auth.store import tokens as rows
from ruach_studio.infra.context import SystemClock, new_id
from ruach_studio.infra.db import Database
from ruach_studio.kernel.errors import BadInput

_SCOPE = re.compile(r"[a-z][a-z-]{0,30}:[a-z][a-z-]{0,30}")
_NAME_LENGTH_MAX = 80


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its secret, which exists nowhere else."""

    secret: str
    token: ServiceToken


async def issue_service_token(
    tx: AsyncConnection,
    *,
    name: str,
    roles: Collection[str],
    scopes: Collection[str],
    created_by: str | None,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> IssuedToken:
    """Make a token; `created_by` is an account id, `expires_at` None means until revoked. Raises BadInput."""
    now = at or SystemClock().now()
    wrong = sorted(scope for scope in scopes if not _SCOPE.fullmatch(scope))
    if wrong or not scopes:
        fact = f"{', '.join(wrong)!r} is no scope" if wrong else "no scope is given, so the token could do nothing"
        raise BadInput(fact, subject="scopes", remedy="Name scopes such as render:write.")
    if not name.strip() or len(name) > _NAME_LENGTH_MAX or not name.isprintable():
        raise BadInput("it is empty, too long or unprintable", subject="name", remedy="Use 1 to 80 characters.")
    if expires_at is not None and expires_at <= now:
        raise BadInput("it lies in the past", subject="expires_at", remedy="Give a later moment, or none.")
    secret = new_service_token()
    token = ServiceToken(new_id(), name.strip(), checked_roles(roles), frozenset(scopes), now, expires_at)
    await rows.add(tx, token, token_sha256(secret), created_by)
    return IssuedToken(secret, token)


async def find(database: Database, secret: str, at: datetime) -> Principal | None:
    """Return the machine that holds `secret`, or None if it is forged, expired or revoked."""
    if not secret.startswith(SERVICE_PREFIX) or len(secret) > TOKEN_LENGTH_MAX:
        return None
    async with database.connection() as conn:
        return await rows.find(conn, token_sha256(secret), at)
