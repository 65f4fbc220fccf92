"""Keep each locked EDL as it arrived, so that a render never asks assembly for anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.infra.db.numbers import version_key
from ruach_studio.kernel.errors import Conflict
from ruach_studio.render.store.tables import LOCKED_EDL


class NoLockedEdl(Conflict):
    """The session has no locked EDL."""

    code = "no_locked_edl"


@dataclass(frozen=True, slots=True)
class LockedRow:
    """One locked EDL: its version and its wire form."""

    version: int
    wire: Mapping[str, object]


async def keep(
    tx: AsyncConnection, session_id: str, version: int, wire: Mapping[str, object], *, locked_by: str, at: datetime
) -> bool:
    """Store the EDL unless this version is already here; say whether it was new."""
    values = {
        "session_id": session_id,
        "version": version,
        "wire": dict(wire),
        "locked_by": locked_by,
        "received_at": at,
    }
    return (await tx.execute(upsert(LOCKED_EDL).values(values).on_conflict_do_nothing())).rowcount == 1


async def get(conn: AsyncConnection, session_id: str, version: int | None = None) -> LockedRow:
    """Return a locked EDL of the session (default: the newest). Raises NoLockedEdl."""
    statement = sa.select(LOCKED_EDL.c.version, LOCKED_EDL.c.wire).where(LOCKED_EDL.c.session_id == session_id)
    if version is not None:
        statement = statement.where(LOCKED_EDL.c.version == version_key(version))
    row = (await conn.execute(statement.order_by(LOCKED_EDL.c.version.desc()).limit(1))).one_or_none()
    if row is None:
        raise NoLockedEdl(
            "there is no locked EDL" + ("" if version is None else f" of version {version}"),
            subject=f"session {session_id}",
            remedy="Approve and lock the EDL.",
        )  # fmt: skip
    return LockedRow(row.version, row.wire)


async def is_kept(conn: AsyncConnection, session_id: str, version: int) -> bool:
    """Say whether this very version is here."""
    found = sa.and_(LOCKED_EDL.c.session_id == session_id, LOCKED_EDL.c.version == version_key(version))
    return (await conn.execute(sa.select(sa.literal(1)).where(found))).first() is not None
