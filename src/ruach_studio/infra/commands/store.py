"""The SQL of confirmations: what one operator asked for and a different one has to confirm."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.kernel.hashing import plain

State = Literal["pending", "confirmed", "rejected", "expired", "executed"]

_FIELDS = (
    "c.id, c.command, c.params, c.params_hash, c.preview, c.requested_by, c.requested_as, c.reason, c.requested_at,"
    " c.expires_at, c.state, c.decided_by, c.decided_at, c.decision_reason, c.result, a.email AS requested_by_email"
)
_FROM = "FROM platform.confirmation c LEFT JOIN platform.account a ON a.id = c.requested_by"
_INSERT = text(
    "INSERT INTO platform.confirmation (id, command, params, params_hash, preview, requested_by, requested_as, reason,"
    " requested_at, expires_at) VALUES (:id, :command, CAST(:params AS jsonb), :params_hash, CAST(:preview AS jsonb),"
    " :requested_by, :requested_as, :reason, :requested_at, :expires_at)"
    " ON CONFLICT (command, params_hash) WHERE state = 'pending' DO NOTHING"
)
_LOCK = text(f"SELECT {_FIELDS} {_FROM} WHERE c.id = :id FOR UPDATE OF c")
_GET = text(f"SELECT {_FIELDS} {_FROM} WHERE c.id = :id")
_PENDING = text(
    f"SELECT {_FIELDS} {_FROM} WHERE c.command = :command AND c.params_hash = :params_hash AND c.state = 'pending'"
)
_LIST = text(
    f"SELECT {_FIELDS} {_FROM} WHERE CAST(:state AS text) IS NULL OR c.state = :state"
    " ORDER BY c.requested_at DESC, c.id LIMIT :limit"
)
_DECIDE = text(
    "UPDATE platform.confirmation SET state = :state, decided_by = :decided_by, decided_at = :decided_at,"
    " decision_reason = :reason, result = CAST(:result AS jsonb) WHERE id = :id AND state = 'pending'"
)
_EXPIRED = text(
    "UPDATE platform.confirmation SET state = 'expired', decided_at = :at, decision_reason = 'nobody confirmed it in time'"
    " WHERE state = 'pending' AND expires_at <= :at RETURNING id"
)
_PERSON_OF_TOKEN = text("SELECT created_by FROM platform.service_token WHERE id = :id")
_PERSON = text("SELECT email, roles, disabled, created_at FROM platform.account WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One request. `requested_by`: the account behind it; `requested_as`: its name in the audit; `preview`: the dry run."""

    id: str
    command: str
    params: dict[str, Any]
    params_hash: str
    preview: dict[str, Any]
    requested_by: str
    requested_as: str
    requested_by_email: str | None
    reason: str
    requested_at: datetime
    expires_at: datetime
    state: State = "pending"
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An account as far as a second operator's right goes."""

    email: str
    roles: frozenset[str]
    disabled: bool
    created_at: datetime


async def insert(tx: AsyncConnection, asked: Confirmation) -> bool:
    """Insert a pending request; False if the same one waits already."""
    given = {name: getattr(asked, name) for name in (
        "id", "command", "params_hash", "requested_by", "requested_as", "reason", "requested_at", "expires_at"
    )}  # fmt: skip
    given |= {"params": _json(asked.params), "preview": _json(asked.preview)}
    return (await tx.execute(_INSERT, given)).rowcount == 1


async def get(conn: AsyncConnection, confirmation_id: str, *, lock: bool = False) -> Confirmation | None:
    """Return a request, locked until the transaction ends if `lock`; None if there is none."""
    row = (await conn.execute(_LOCK if lock else _GET, {"id": confirmation_id})).one_or_none()
    return None if row is None else _confirmation(row)


async def pending(conn: AsyncConnection, command: str, params_hash: str) -> Confirmation | None:
    """Return the waiting request for exactly this, or None."""
    row = (await conn.execute(_PENDING, {"command": command, "params_hash": params_hash})).one_or_none()
    return None if row is None else _confirmation(row)


async def listed(conn: AsyncConnection, *, state: State | None = None, limit: int = 200) -> list[Confirmation]:
    """Return the newest requests first."""
    return [_confirmation(row) for row in await conn.execute(_LIST, {"state": state, "limit": limit})]


async def decide(
    tx: AsyncConnection, confirmation_id: str, state: State, *, by: str, at: datetime, reason: str,
    result: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """End a pending request; False if it was decided before."""
    given = {
        "id": confirmation_id, "state": state, "decided_by": by, "decided_at": at, "reason": reason,
        "result": None if result is None else _json(result),
    }  # fmt: skip
    return (await tx.execute(_DECIDE, given)).rowcount == 1


async def expire(tx: AsyncConnection, at: datetime) -> list[str]:
    """End every pending request whose time is over and return their ids."""
    return [str(each) for each in (await tx.execute(_EXPIRED, {"at": at})).scalars()]


async def person_of_token(conn: AsyncConnection, token_id: str) -> str | None:
    """Return the account that made a service token; None if nobody is known for it."""
    found = await conn.scalar(_PERSON_OF_TOKEN, {"id": token_id})
    return None if found is None else str(found)


async def person(conn: AsyncConnection, account_id: str) -> Person | None:
    """Return an account, disabled or not."""
    row = (await conn.execute(_PERSON, {"id": account_id})).one_or_none()
    return None if row is None else Person(row.email, frozenset(row.roles), row.disabled, row.created_at)


def _confirmation(row: Any) -> Confirmation:
    ids = {
        name: None if row._mapping[name] is None else str(row._mapping[name])
        for name in ("id", "requested_by", "decided_by")
    }
    return Confirmation(**{**row._mapping, **ids})


def _json(value: object) -> str:
    return json.dumps(plain(value), allow_nan=False)
