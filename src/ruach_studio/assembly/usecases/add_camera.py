"""Turn files into a camera of a session: probed, checked, inside the allowed folders."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.session import MAX_PICTURE_CAMERAS, Camera, Role
from ruach_studio.assembly.session_state import after
from ruach_studio.assembly.store import sessions
from ruach_studio.assembly.store.sessions import AssetRow
from ruach_studio.assembly.usecases.footage import CameraFiles, probe_camera
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.infra.media import resolve_under
from ruach_studio.kernel.errors import BadInput, Conflict
from ruach_studio.kernel.hashing import uuid5
from ruach_studio.kernel.ids import checked_name


class CameraExists(Conflict):
    """The session has this camera, file or wide already."""

    code = "camera_exists"


async def add_camera(
    services: AssemblyServices, session_id: str, camera_id: str, paths: Sequence[str], *, role: Role, actor: str
) -> AssetRow:
    """Register a camera with all its clips in recording order.

    Raises PathRefused (403) for a path outside the allowed folders, BadMedia (422) for a file that cannot be used,
    CameraExists (409), SessionStateConflict (409), SessionNotFound (404).
    """
    checked_name(camera_id, field="cameraId")
    if not paths:
        raise BadInput("the camera has no file", subject=camera_id, remedy="Name at least one.")
    roots = services.settings.media_roots
    real = tuple(resolve_under(path, roots) for path in paths)
    if len(set(real)) != len(real):
        raise BadInput("a file is named twice", subject=camera_id, remedy="Name each file once.")
    async with services.database.connection() as conn:
        session = await sessions.get(conn, session_id)
        after(session.state, "asset-added")
        _refuse_rivals(camera_id, real, role, [asset.camera for asset in await sessions.assets(conn, session_id)])
    camera = await probe_camera(CameraFiles(camera_id, real, role))
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        # again: another camera may have come while the files were read
        _refuse_rivals(camera_id, real, role, [asset.camera for asset in await sessions.assets(tx, session_id)])
        # derived, so that the same session gives the same EDL bytes
        asset_id, at = uuid5(f"{session_id}:{camera_id}"), services.clock.now()
        sizes = [path.stat().st_size for path in real]
        try:
            async with tx.begin_nested():
                await sessions.insert_camera(tx, session_id, camera, sizes, asset_id=asset_id, actor=actor, at=at)
        except IntegrityError as error:  # somebody else was quicker
            raise CameraExists(subject=camera_id, remedy="List the session's assets.") from error
        await move_session(tx, services, session, "asset-added", actor=actor, reason=f"camera {camera_id} registered")
    return AssetRow(asset_id, camera, actor, at)


def _refuse_rivals(camera_id: str, paths: tuple[Path, ...], role: Role, there: list[Camera]) -> None:
    if any(camera.camera_id == camera_id for camera in there):
        raise CameraExists("the session has a camera of this name", subject=camera_id, remedy="Choose another name.")
    taken = {clip.path: camera.camera_id for camera in there for clip in camera.clips}
    for path in paths:
        if str(path) in taken:
            raise CameraExists(
                f"camera {taken[str(path)]} has this file already", subject=str(path), remedy="Check the file names."
            )
    if role == "wide" and any(camera.role == "wide" for camera in there):
        raise CameraExists("the session has a wide camera", subject=camera_id, remedy="Register this one as a camera.")
    if role != "audio" and sum(camera.has_picture for camera in there) >= MAX_PICTURE_CAMERAS:
        raise CameraExists(f"the session has {MAX_PICTURE_CAMERAS} cameras", subject=camera_id, remedy="Leave one out.")
