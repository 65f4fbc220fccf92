"""Turn session, camera and clip rows into values, and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.session import Camera, Clip, Role
from ruach_studio.assembly.session_state import State
from ruach_studio.assembly.store.tables import CAMERA, CLIP, SESSION
from ruach_studio.kernel.errors import NotFound
from ruach_studio.kernel.timebase import FrameRate

_ALONE = 7  # the kind of lock: keeps a session's name apart from other names that are locked


class SessionNotFound(NotFound):
    """There is no such session."""

    code = "session_not_found"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as stored; `sync_version` is the accepted one."""

    session_id: str
    title: str
    description: str
    state: State
    master_camera: str | None
    sync_version: int | None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AssetRow:
    """A registered camera or audio track with its clips."""

    asset_id: str
    camera: Camera
    created_by: str
    created_at: datetime


async def insert(tx: AsyncConnection, session_id: str, *, title: str, description: str, actor: str, at: datetime) -> bool:
    """Insert a session in state draft; False if the id is taken."""
    values = {
        "session_id": session_id, "title": title, "description": description, "state": "draft", "created_by": actor,
        "created_at": at, "updated_at": at,
    }  # fmt: skip
    statement = upsert(SESSION).values(values).on_conflict_do_nothing(index_elements=["session_id"])
    return (await tx.execute(statement.returning(SESSION.c.session_id))).one_or_none() is not None


async def get(conn: AsyncConnection, session_id: str, *, lock: bool = False) -> SessionRow:
    """Return a session; `lock=True` holds it until the transaction ends. Raises SessionNotFound."""
    statement = sa.select(SESSION).where(SESSION.c.session_id == session_id)
    row = (await conn.execute(statement.with_for_update() if lock else statement)).one_or_none()
    if row is None:
        raise SessionNotFound(subject=session_id, remedy="List the sessions to find its id.")
    return SessionRow(**row._mapping)


async def alone(tx: AsyncConnection, session_id: str) -> None:
    """Wait until nobody else holds the session this way, and hold it until the transaction ends (or its process dies)."""
    await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(session_id, _ALONE))))


async def newest(conn: AsyncConnection, *, limit: int, before: datetime | None = None) -> list[SessionRow]:
    """Return sessions, newest first; `before` pages on."""
    statement = sa.select(SESSION).order_by(SESSION.c.created_at.desc(), SESSION.c.session_id).limit(limit)
    if before is not None:
        statement = statement.where(SESSION.c.created_at < before)
    return [SessionRow(**row._mapping) for row in await conn.execute(statement)]


async def in_state(conn: AsyncConnection, state: State) -> list[str]:
    """Return the ids of the sessions in `state`."""
    statement = sa.select(SESSION.c.session_id).where(SESSION.c.state == state).order_by(SESSION.c.session_id)
    return list((await conn.execute(statement)).scalars())


async def update(tx: AsyncConnection, session_id: str, *, at: datetime, **values: Any) -> None:
    """Set the given columns of a session."""
    await tx.execute(sa.update(SESSION).where(SESSION.c.session_id == session_id).values(updated_at=at, **values))


async def insert_camera(
    tx: AsyncConnection, session_id: str, camera: Camera, sizes: Sequence[int], *, asset_id: str, actor: str, at: datetime
) -> None:
    """Insert a camera and its clips, behind the ones that are there. The session's row is locked by the caller."""
    last = sa.select(sa.func.coalesce(sa.func.max(CAMERA.c.position), -1)).where(CAMERA.c.session_id == session_id)
    position = int((await tx.execute(last)).scalar_one()) + 1
    await tx.execute(
        sa.insert(CAMERA).values(
            session_id=session_id, camera_id=camera.camera_id, asset_id=asset_id, role=camera.role, position=position,
            created_by=actor, created_at=at,
        )
    )  # fmt: skip
    await tx.execute(
        sa.insert(CLIP),
        [
            {
                "session_id": session_id, "camera_id": camera.camera_id, "clip_index": index, "path": clip.path,
                "size_bytes": size, "duration_s": clip.duration_s, "fps": None if clip.fps is None else str(clip.fps),
                "width": clip.width, "height": clip.height, "has_audio": clip.has_audio, "start_s": clip.start_s,
                "timecode_s": clip.timecode_s,
            }
            for index, (clip, size) in enumerate(zip(camera.clips, sizes, strict=True))
        ],
    )  # fmt: skip


async def largest_file_bytes(conn: AsyncConnection, session_id: str) -> int:
    """Return the size of the session's largest file as it was registered; 0 without files."""
    largest = sa.select(sa.func.coalesce(sa.func.max(CLIP.c.size_bytes), 0)).where(CLIP.c.session_id == session_id)
    return int((await conn.execute(largest)).scalar_one())


async def assets(conn: AsyncConnection, session_id: str) -> list[AssetRow]:
    """Return the session's cameras in the order of registration, clips in theirs.

    Cameras are read first: one that is registered between the two statements brings clips that are not looked for, never
    a camera whose clips were not read.
    """
    asked = sa.select(CAMERA).where(CAMERA.c.session_id == session_id).order_by(CAMERA.c.position)
    cameras = (await conn.execute(asked)).all()
    clips: dict[str, list[Clip]] = {}
    rows = await conn.execute(
        sa.select(CLIP).where(CLIP.c.session_id == session_id).order_by(CLIP.c.camera_id, CLIP.c.clip_index)
    )
    for row in rows:
        fps = None if row.fps is None else FrameRate.parse(row.fps)
        clip = Clip(row.path, row.duration_s, fps, row.width, row.height, row.has_audio, row.start_s, row.timecode_s)
        clips.setdefault(row.camera_id, []).append(clip)
    return [
        AssetRow(
            row.asset_id, Camera(row.camera_id, tuple(clips[row.camera_id]), cast(Role, row.role)), row.created_by,
            row.created_at,
        )
        for row in cameras
    ]  # fmt: skip
