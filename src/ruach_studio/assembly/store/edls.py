"""Turn EDLs into immutable versions with states of their own, and back. The head row is what editors compete for."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.edl import CanonicalEDL, Origin, Status, edl_bytes, from_wire, to_wire
from ruach_studio.assembly.store import transcripts
from ruach_studio.assembly.store.tables import EDL_HEAD, EDL_STATE, EDL_VERSION
from ruach_studio.infra.db.numbers import version_key
from ruach_studio.kernel.errors import NotFound
from ruach_studio.kernel.hashing import sha256_hex


class EdlNotFound(NotFound):
    """The session has no such EDL."""

    code = "edl_not_found"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of a session's EDL and its state."""

    version: int
    state: Status


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One saved version, without its cuts."""

    version: int
    parent_version: int | None
    sync_version: int
    source: Origin
    rules_version: str
    sha256: str
    author: str
    created_at: datetime
    state: Status


async def head(conn: AsyncConnection, session_id: str, *, lock: bool = False) -> Head | None:
    """Return the head, or None before the first EDL; `lock=True` holds it until the transaction ends."""
    statement = sa.select(EDL_HEAD).where(EDL_HEAD.c.session_id == session_id)
    row = (await conn.execute(statement.with_for_update() if lock else statement)).one_or_none()
    return None if row is None else Head(row.version, cast(Status, row.state))


async def insert(
    tx: AsyncConnection, edl: CanonicalEDL, *, author: str, at: datetime, auto_key: str | None = None, note: str = ""
) -> None:
    """Save `edl` under its own version with its state, and make it the head; a transcript comes with the lock."""
    edl = replace(edl, transcript=None)
    await tx.execute(
        sa.insert(EDL_VERSION).values(
            session_id=edl.session_id, version=edl.version, parent_version=edl.parent_version, sync_version=edl.sync_version,
            source=edl.source, rules_version=edl.rules_version, wire=to_wire(edl), sha256=sha256_hex(edl_bytes(edl)),
            auto_key=auto_key, author=author, created_at=at,
        )
    )  # fmt: skip
    await _state(tx, edl.session_id, edl.version, edl.status, author, note, at)
    values = {"session_id": edl.session_id, "version": edl.version, "state": edl.status}
    statement = upsert(EDL_HEAD).values(values)
    changed = {"version": edl.version, "state": edl.status}
    await tx.execute(statement.on_conflict_do_update(index_elements=["session_id"], set_=changed))


async def origin_of(conn: AsyncConnection, edl: CanonicalEDL) -> Origin | None:
    """Return the source of the first version of the session that has the very same tracks, None if there is none."""
    statement = sa.select(EDL_VERSION.c.source).where(
        EDL_VERSION.c.session_id == edl.session_id, EDL_VERSION.c.version < edl.version,
        EDL_VERSION.c.wire["tracks"] == sa.cast(to_wire(edl)["tracks"], EDL_VERSION.c.wire.type),
    )  # fmt: skip
    found = (await conn.execute(statement.order_by(EDL_VERSION.c.version).limit(1))).scalar_one_or_none()
    return cast("Origin | None", found)


async def move(
    tx: AsyncConnection, session_id: str, version: int, state: Status, *, actor: str, note: str, at: datetime
) -> None:
    """Give the head another state. The head's row is locked by the caller."""
    await _state(tx, session_id, version, state, actor, note, at)
    await tx.execute(sa.update(EDL_HEAD).where(EDL_HEAD.c.session_id == session_id).values(state=state))


async def get(conn: AsyncConnection, session_id: str, version: int | None = None) -> CanonicalEDL:
    """Return a version (default: the head) in its present state. Raises EdlNotFound."""
    if version is None:
        newest = await head(conn, session_id)
        if newest is None:
            raise EdlNotFound("the session has no EDL yet", subject=session_id, remedy="Assemble the session first.")
        version = newest.version
    statement = sa.select(EDL_VERSION.c.wire, _LATEST_STATE).where(
        EDL_VERSION.c.session_id == session_id, EDL_VERSION.c.version == version_key(version)
    )
    row = (await conn.execute(statement)).one_or_none()
    if row is None:
        raise EdlNotFound(f"there is no EDL version {version}", subject=session_id, remedy="List the versions.")
    spoken = await transcripts.locked_with(conn, session_id, version) if row.state == "locked" else None
    return replace(from_wire(row.wire), status=cast(Status, row.state), transcript=spoken)


async def auto_version(conn: AsyncConnection, auto_key: str) -> int | None:
    """Return the version of the automatic draft that was made for this key, if there is one."""
    statement = sa.select(EDL_VERSION.c.version).where(EDL_VERSION.c.auto_key == auto_key)
    found: int | None = (await conn.execute(statement)).scalar_one_or_none()
    return found


async def versions(conn: AsyncConnection, session_id: str) -> list[VersionRow]:
    """Return all versions, newest first."""
    columns = [EDL_VERSION.c[name] for name in VersionRow.__slots__ if name != "state"]
    statement = (
        sa.select(*columns, _LATEST_STATE)
        .where(EDL_VERSION.c.session_id == session_id)
        .order_by(EDL_VERSION.c.version.desc())
    )
    return [VersionRow(**row._mapping) for row in await conn.execute(statement)]


async def _state(
    tx: AsyncConnection, session_id: str, version: int, state: Status, actor: str, note: str, at: datetime
) -> None:
    values = {"session_id": session_id, "version": version, "state": state, "actor": actor, "note": note, "at": at}
    await tx.execute(sa.insert(EDL_STATE).values(values))


_LATEST_STATE = (
    sa.select(EDL_STATE.c.state)
    .where(EDL_STATE.c.session_id == EDL_VERSION.c.session_id, EDL_STATE.c.version == EDL_VERSION.c.version)
    .order_by(EDL_STATE.c.id.desc())
    .limit(1)
    .scalar_subquery()
    .label("state")
)
