"""Turn an email, a password and roles into an account; and the person at this machine into its local operator."""

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.audit import record_transition
from ruach_studio.infra.auth import passwords
from ruach_studio.infra.auth.principal import Account, Principal, checked_roles
from ruach_studio.infra.auth.store import accounts as rows
from ruach_studio.infra.context import SystemClock, new_id
from ruach_studio.kernel.errors import BadInput, Conflict, NotFound
from ruach_studio.kernel.ids import is_uuid4

LOCAL_OPERATOR_EMAIL = "operator@localhost"
EMAIL_LENGTH_MAX = 254
_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


class EmailTaken(Conflict):
    """There is an account with this email."""

    code = "email_taken"


class AccountNotFound(NotFound):
    """There is no account with this email."""

    code = "account_not_found"


async def create_account(
    tx: AsyncConnection,
    email: str,
    password: str,
    roles: Collection[str],
    *,
    display_name: str = "",
    actor: str = "local",
    at: datetime | None = None,
) -> Account:
    """Add an account on behalf of `actor` (Principal.actor). Raises BadInput (email, roles), WeakPassword or EmailTaken."""
    account = Account(new_id(), checked_email(email), display_name.strip(), checked_roles(roles))
    password_hash = await passwords.hashed(password)
    if not await rows.add(tx, account, password_hash, at or SystemClock().now()):
        raise EmailTaken(subject=account.email, remedy="Sign in with it, or use another email.")
    await _made(tx, account, actor)
    return account


async def account_of(conn: AsyncConnection, email: str) -> Account:
    """Return the living account of an email. Raises AccountNotFound, BadInput."""
    found = await find_account(conn, email)
    if found is None:
        raise AccountNotFound(subject=email, remedy="Create it: ruach accounts create EMAIL --role member.")
    return found


async def disable_account(tx: AsyncConnection, account_id: str, *, actor: str, reason: str) -> bool:
    """Shut an account out: its sessions and the tokens it made stop at once. Return False if there was nothing to shut."""
    if not await rows.disable(tx, account_id):
        return False
    await record_transition(
        tx, entity="account", entity_id=account_id, from_state="active", to_state="disabled", actor=actor, reason=reason
    )
    return True


async def existing_accounts(conn: AsyncConnection, account_ids: Collection[str]) -> frozenset[str]:
    """Return those of `account_ids` (UUIDs) that are accounts, disabled ones too. Says nothing else about them."""
    return await rows.existing(conn, account_ids) if account_ids else frozenset()


async def find_account(conn: AsyncConnection, email: str) -> Account | None:
    """Return the account with this email, None if there is none or it is disabled. Raises BadInput for what is no email."""
    found = await rows.by_email(conn, checked_email(email))
    return None if found is None else found[0]


async def emails_of(conn: AsyncConnection, account_ids: Collection[str]) -> dict[str, str]:
    """Return the emails of those ids that are accounts' ids."""
    return await rows.emails_of(conn, {each for each in account_ids if is_uuid4(each)})


async def ensure_local_operator(tx: AsyncConnection) -> Principal:
    """Return the account that the command line on one's own machine acts as; it has no password, so nobody can sign in."""
    account = Account(new_id(), LOCAL_OPERATOR_EMAIL, "Local operator", frozenset({"operator", "admin"}))
    if await rows.add(tx, account, None, SystemClock().now()):
        await _made(tx, account, "local")
    found = await rows.by_email(tx, LOCAL_OPERATOR_EMAIL)
    if found is None:
        raise Conflict(
            "the account is disabled", subject=LOCAL_OPERATOR_EMAIL, remedy="Enable it in platform.account, then try again."
        )
    return Principal(found[0].account_id, found[0].email, found[0].roles, kind="local")


def checked_email(email: str) -> str:
    """Return `email` trimmed and in lower case, or raise BadInput."""
    plain = email.strip().lower()
    if len(plain) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(plain):
        raise BadInput("it is not an email address", subject="email", remedy="Write it as name@domain.")
    return plain


async def _made(tx: AsyncConnection, account: Account, actor: str) -> None:
    reason = f"roles {', '.join(sorted(account.roles))}"
    await record_transition(
        tx, entity="account", entity_id=account.account_id, from_state=None, to_state="active", actor=actor, reason=reason
    )
