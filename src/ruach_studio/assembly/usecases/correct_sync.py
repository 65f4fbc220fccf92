"""Turn a person's corrected offsets into a new sync version, accepted at once; the computed one stays as it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ruach_studio.assembly.ports import AssemblyServices
from ruach_studio.assembly.store import sessions, syncs
from ruach_studio.assembly.store.syncs import SyncRow
from ruach_studio.assembly.sync import Placement
from ruach_studio.assembly.usecases.approve_sync import SyncVersionConflict
from ruach_studio.assembly.usecases.move_session import move_session
from ruach_studio.kernel.errors import BadInput

DRIFT_MAX_PPM = 5000.0
OFFSET_MAX_MS = 7 * 24 * 3600 * 1000.0


@dataclass(frozen=True, slots=True)
class Correction:
    """Where a clip really lies; positive = it started later than the master."""

    camera_id: str
    offset_ms: float
    clip_index: int = 0
    drift_ppm: float | None = None


async def correct_sync(
    services: AssemblyServices, session_id: str, corrections: Sequence[Correction], *, base_version: int, actor: str,
    notes: str = "",
) -> SyncRow:  # fmt: skip
    """Save a corrected version on top of `base_version` and accept it. A corrected clip counts as certain.

    Raises SyncVersionConflict (409) if `base_version` is not the newest, BadInput (422) for an unknown or master clip.
    """
    async with services.database.transaction() as tx:
        session = await sessions.get(tx, session_id, lock=True)
        base = await syncs.get(tx, session_id)
        if base.version != base_version:
            raise SyncVersionConflict(
                f"version {base_version} was corrected, version {base.version} is the newest", subject=session_id,
                remedy="Correct the newest version.", base_version=base_version, current_version=base.version,
            )  # fmt: skip
        placements = list(base.solution.placements)
        for correction in corrections:
            placements = _corrected(placements, correction, base.solution.master)
        solution = replace(base.solution, placements=tuple(placements))
        at = services.clock.now()
        version = await syncs.insert(
            tx, session_id, solution, parent=base.version, origin="corrected", actor=actor, notes=notes, at=at
        )
        await syncs.approve(tx, session_id, version, actor=actor, notes=notes, at=at)
        await move_session(
            tx, services, session, "sync-accepted", actor=actor, reason=f"sync version {version} corrected {notes}".strip(),
            sync_version=version, master_camera=solution.master,
        )  # fmt: skip
        return await syncs.get(tx, session_id, version)


def _corrected(placements: list[Placement], correction: Correction, master: str) -> list[Placement]:
    named = f"{correction.camera_id}, clip {correction.clip_index + 1}"
    at = next(
        (
            i
            for i, placement in enumerate(placements)
            if (placement.camera_id, placement.clip_index) == (correction.camera_id, correction.clip_index)
        ),
        None,
    )
    if at is None:
        raise BadInput("there is no such clip in this sync", subject=named, remedy="Look at the sync's placements.")
    if correction.camera_id == master and correction.clip_index == 0:
        raise BadInput("the master's start is 0 by definition", subject=named, remedy="Correct the other cameras.")
    drift = placements[at].drift_ppm if correction.drift_ppm is None else correction.drift_ppm
    if abs(drift) > DRIFT_MAX_PPM or abs(correction.offset_ms) > OFFSET_MAX_MS:
        raise BadInput(
            f"{correction.offset_ms:g} ms and {drift:g} ppm are out of range", subject=named,
            remedy=f"Give a drift within {DRIFT_MAX_PPM:g} ppm and an offset within a week.",
        )  # fmt: skip
    was = placements[at]
    said = f"the operator set {correction.offset_ms:+.1f} ms (computed {was.offset_s * 1000:+.1f} ms)"
    placements[at] = replace(
        was, offset_s=correction.offset_ms / 1000.0, drift_ppm=drift, confidence=1.0, classification="looks-good",
        residual_ms=0.0, reasons=(said, *was.reasons), placed_by="operator", pieces=(),
    )  # fmt: skip
    return placements
