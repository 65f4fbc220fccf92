"""Turn a sync version into its JSON: places, measured pairs with their residuals, what each camera's sound is worth."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from ruach_studio.assembly.entrypoints.wire import Wire
from ruach_studio.assembly.store.syncs import SyncRow
from ruach_studio.assembly.sync import SyncSolution


class PieceView(Wire):
    """A part of a recording that jumps: from its local time on, it lies at this offset."""

    from_ms: float
    offset_ms: float


class PlacementView(Wire):
    """Where one clip lies: master = offset + local x (1 + drift 1e-6); positive = it started later."""

    camera_id: str
    clip_index: int
    offset_ms: float
    drift_ppm: float
    confidence: float
    classification: Literal["looks-good", "review-suggested", "needs-manual-nudge"]
    residual_ms: float
    reasons: list[str]
    placed_by: Literal["sound", "timecode", "following", "operator", "nothing"]
    pieces: list[PieceView]


class PairView(Wire):
    """One measured pair of clips, and by how much it disagrees with the solution of all pairs; unused: with the reason."""

    camera_id: str
    clip_index: int
    reference_camera_id: str
    reference_clip_index: int
    offset_ms: float
    drift_ppm: float
    confidence: float
    residual_ms: float
    used: bool
    reason: str


class SoundView(Wire):
    """What a camera's sound is worth, 0 to 1: speech level, noise floor, headroom, clipping, bandwidth, and the reasons."""

    camera_id: str
    score: float
    level_dbfs: float
    floor_dbfs: float
    headroom_db: float
    clipped_share: float
    bandwidth_hz: float
    reasons: list[str]


class SyncView(Wire):
    """A sync version and who accepted it."""

    version: int
    parent_version: int | None
    origin: str
    master_camera: str
    placements: list[PlacementView]
    pairs: list[PairView]
    sound: list[SoundView]
    created_by: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    notes: str

    @classmethod
    def of(cls, row: SyncRow) -> "SyncView":
        """Return the view of a stored sync version."""
        placements = [
            PlacementView(
                camera_id=p.camera_id, clip_index=p.clip_index, offset_ms=round(p.offset_s * 1000, 3),
                drift_ppm=round(p.drift_ppm, 4), confidence=round(p.confidence, 4), classification=p.classification,
                residual_ms=round(p.residual_ms, 3), reasons=list(p.reasons), placed_by=p.placed_by,
                pieces=[PieceView(from_ms=round(each.from_s * 1000, 3), offset_ms=round(each.offset_s * 1000, 3))
                        for each in p.pieces],
            )
            for p in row.solution.placements
        ]  # fmt: skip
        same: dict[str, Any] = {
            name: getattr(row, name)
            for name in (
                "version",
                "parent_version",
                "origin",
                "created_by",
                "created_at",
                "approved_by",
                "approved_at",
                "notes",
            )
        }
        return cls(
            master_camera=row.solution.master, placements=placements, pairs=_pairs(row.solution), sound=_sound(row.solution),
            **same,
        )  # fmt: skip


def _pairs(solution: SyncSolution) -> list[PairView]:
    return [
        PairView(
            camera_id=pair.query[0], clip_index=pair.query[1], reference_camera_id=pair.reference[0],
            reference_clip_index=pair.reference[1], offset_ms=round(pair.offset_s * 1000, 3),
            drift_ppm=round(pair.drift_ppm, 4), confidence=round(pair.confidence, 4),
            residual_ms=round(pair.residual_ms, 3), used=pair.used, reason=pair.reason,
        )
        for pair in solution.pairs
    ]  # fmt: skip


def _sound(solution: SyncSolution) -> list[SoundView]:
    return [SoundView(**{**asdict(quality), "reasons": list(quality.reasons)}) for quality in solution.sound]
