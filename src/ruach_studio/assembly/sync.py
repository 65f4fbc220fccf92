"""Turn the sound of several cameras into their places on one timeline."""

from dataclasses import dataclass
from typing import Literal

Classification = Literal["looks-good", "review-suggested", "needs-manual-nudge"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one clip lies: `master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`."""

    camera_id: str
    clip_index: int
    offset_s: float
    drift_ppm: float
    confidence: float
    classification: Classification
    residual_ms: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncSolution:
    """Every clip's placement; the master's first clip is at 0 without drift."""

    master: str
    placements: tuple[Placement, ...]
    sync_rules: str = "sync-v1"

    def of(self, camera_id: str) -> tuple[Placement, ...]:
        """Return the placements of one camera in the order of its clips."""
        return tuple(p for p in self.placements if p.camera_id == camera_id)
