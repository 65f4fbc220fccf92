"""Turn an email and a password into a session, its cookie's value into a Principal, and sign-out into nothing left.

A session ends 7 days after sign-in and after 24 hours without use. Signing in always draws a new token and ends the
session that the browser brought, so nobody can plant one. Roles are read from the account at every request.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.auth import passwords, throttle
from ruach_studio.infra.auth.accounts import checked_email
from ruach_studio.infra.auth.principal import Account, Principal
from ruach_studio.infra.auth.secret import TOKEN_LENGTH_MAX, new_session_token, token_sha256
from ruach_studio.infra.auth.store import accounts, attempts
from ruach_studio.infra.auth.store import sessions as rows
from ruach_studio.infra.db import Database
from ruach_studio.infra.logging import get_logger
from ruach_studio.kernel.errors import Unauthenticated

log = get_logger(__name__)

LIFETIME = timedelta(days=7)
IDLE = timedelta(hours=24)
_TOUCH_EVERY = timedelta(minutes=1)


class WrongCredentials(Unauthenticated):
    """The email or the password is wrong."""

    code = "wrong_credentials"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; `token` is the cookie's value and exists nowhere else."""

    token: str
    account: Account


async def sign_in(
    database: Database, *, email: str, password: str, host: str | None, at: datetime, old_token: str | None = None
) -> SignedIn:
    """Start a session. Raises WrongCredentials, TooManyLogins, or BadInput for what is no email at all."""
    known = await _proven(database, email, password, host, at)
    account, token = known.account, new_session_token()
    async with database.transaction() as tx:
        await known.settle(tx)
        if old_token:
            await rows.remove(tx, token_sha256(old_token))
        await rows.add(tx, token_sha256(token), account.account_id, at, LIFETIME)
    log.info("login.accepted", account_id=account.account_id)
    return SignedIn(token, account)


async def prove(database: Database, *, email: str, password: str, host: str | None, at: datetime) -> Principal:
    """Return who knows this password, for one act and without a session. Raises as `sign_in` does."""
    known = await _proven(database, email, password, host, at)
    async with database.transaction() as tx:
        await known.settle(tx)
    log.info("password.proven", account_id=known.account.account_id)
    return Principal(known.account.account_id, known.account.email, known.account.roles)


@dataclass(frozen=True, slots=True)
class _Proven:
    account: Account
    address: str
    renewed_hash: str | None

    async def settle(self, tx: AsyncConnection) -> None:
        """Take back what the attempt cost, and keep the stronger hash if there is one."""
        await attempts.forgive(tx, self.account.email, self.address)
        await attempts.take_back(tx, throttle.ANY_EMAIL, self.address)
        if self.renewed_hash:
            await accounts.set_password_hash(tx, self.account.account_id, self.renewed_hash)


async def _proven(database: Database, email: str, password: str, host: str | None, at: datetime) -> _Proven:
    plain_email, address = checked_email(email), throttle.address_of(host)
    await throttle.admit(database, plain_email, address, at)
    async with database.connection() as conn:
        found = await accounts.by_email(conn, plain_email)
    right, renewed_hash = await passwords.matches(password, found[1] if found else None)
    if found is None or not right:
        log.warning("login.refused", email=plain_email, address=address)
        raise WrongCredentials(remedy="Check both and try again.")
    return _Proven(found[0], address, renewed_hash)


async def find(database: Database, token: str, at: datetime) -> Principal | None:
    """Return who holds this cookie value, or None if it is forged, ended, idle too long, or the account is disabled."""
    if not token or len(token) > TOKEN_LENGTH_MAX:
        return None
    async with database.statements() as conn:
        # not a write at every request: one a minute is enough to tell idle from used
        return await rows.find(conn, token_sha256(token), at, IDLE, touch_every=_TOUCH_EVERY)


async def sign_out(database: Database, token: str) -> None:
    """End the session of this cookie value, if there is one."""
    async with database.transaction() as tx:
        await rows.remove(tx, token_sha256(token))
