"""Turn a name, roles and scopes into a bearer token for a machine; the secret is shown once."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.auth.principal import Principal, ServiceToken, checked_roles
from ruach_studio.infra.auth.secret import SERVICE_PREFIX, TOKEN_LENGTH_MAX, new_service_token, token_sha256
from ruach_studio.infra.auth.store import tokens as rows
from ruach_studio.infra.context import SystemClock, new_id
from ruach_studio.infra.db import Database
from ruach_studio.kernel.errors import BadInput, NotFound
from ruach_studio.kernel.ids import checked_uuid4

_SCOPE = re.compile(r"[a-z][a-z-]{0,30}:[a-z][a-z-]{0,30}")
_NAME_LENGTH_MAX = 80


class NoSuchToken(NotFound):
    """There is no living service token with this id."""

    code = "no_such_token"


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
    created_by: Principal,
    expires_at: datetime | None = None,
    at: datetime | None = None,
) -> IssuedToken:
    """Make a token for a person (it dies with their account); `expires_at` None = until revoked. Raises BadInput."""
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
    await rows.add(tx, token, token_sha256(secret), created_by.account_id)
    await record_transition(
        tx, entity="service-token", entity_id=token.token_id, from_state=None, to_state="active", actor=created_by.actor,
        reason=f"{token.name}: roles {', '.join(sorted(token.roles))}; scopes {', '.join(sorted(token.scopes))}",
    )  # fmt: skip
    return IssuedToken(secret, token)


async def revoke_service_token(tx: AsyncConnection, token_id: str, *, actor: str, at: datetime) -> None:
    """End a token at once. Raises Malformed (no UUIDv4) or NoSuchToken (unknown, or ended before)."""
    if not await rows.revoke(tx, checked_uuid4(token_id, field="token_id"), at):
        raise NoSuchToken(subject=token_id)
    await record_transition(
        tx, entity="service-token", entity_id=token_id, from_state="active", to_state="revoked", actor=actor
    )


async def find(database: Database, secret: str, at: datetime) -> Principal | None:
    """Return the machine that holds `secret`, or None if it is forged, expired or revoked."""
    if not secret.startswith(SERVICE_PREFIX) or len(secret) > TOKEN_LENGTH_MAX:
        return None
    async with database.connection() as conn:
        return await rows.find(conn, token_sha256(secret), at)
