"""Turn an operator's word about where a camera's subject stands into the place that later renders crop around."""

import math

from ruach_studio.infra.audit import record_transition
from ruach_studio.kernel.errors import BadInput, NotFound
from ruach_studio.render.plan import read_edl
from ruach_studio.render.store import edls, positions
from ruach_studio.render.store.positions import PositionRow
from ruach_studio.render.usecases.await_locked_edl import await_locked_edl
from ruach_studio.render.usecases.services import RenderServices


class BadPlace(BadInput):
    """A subject stands between 0 (left) and 1 (right)."""

    code = "bad_place"


class NoSuchCamera(NotFound):
    """The session's locked EDL has no such camera."""

    code = "no_such_camera"


async def set_subject(
    services: RenderServices, session_id: str, camera: str, x: float | None, *, actor: str, reason: str = ""
) -> PositionRow:
    """Save the place (None: by rule again) and return it; the same again changes nothing.

    Renders that are under way keep the places they began with. An EDL that was locked a moment ago is waited for. Raises
    BadPlace, NoLockedEdl, EdlOnItsWay, NoSuchCamera.
    """
    if x is not None and not (math.isfinite(x) and 0 <= x <= 1):
        raise BadPlace(f"{x:g} is not between 0 (left) and 1 (right)", subject=f"camera {camera}")
    place = None if x is None else round(x, 4)
    await await_locked_edl(services, session_id, None)
    async with services.database.transaction() as tx:
        sources = read_edl((await edls.get(tx, session_id)).wire).sources
        cameras = sorted(name for name, source in sources.items() if source.role != "audio")
        if camera not in cameras:
            raise NoSuchCamera(subject=camera, remedy=f"Use one of {', '.join(cameras)}.")
        await positions.lock(tx, session_id)
        before = next((row for row in await positions.newest(tx, session_id) if row.camera == camera), None)
        row = PositionRow(
            session_id, camera, 1 if before is None else before.version + 1, place, actor, reason, services.clock.now()
        )
        if before is not None and before.x == place:
            return before
        await positions.add(tx, row)
        await record_transition(
            tx, entity="subject-position", entity_id=f"{session_id}/{camera}",
            from_state=None if before is None else _text(before.x), to_state=_text(place), actor=actor, reason=reason,
        )  # fmt: skip
    return row


def _text(x: float | None) -> str:
    return "by rule" if x is None else f"{x:g}"
