"""The values of sync: where each clip lies, how sure that is and why, and how well the measured pairs fit together.

`master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`, the master camera's first clip at 0; positive = started later.
A recording that jumps has pieces: from each piece's local second on, that piece's offset holds.
Classes: looks-good from 0.8, review-suggested from 0.5, else needs-manual-nudge.

Counterpart: sync.py makes them, energy.py, edl.py and the store read them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.sound_quality import SoundQuality

SYNC_RULES = "sync-v2"
LOOKS_GOOD = 0.8
REVIEW_SUGGESTED = 0.5

Classification = Literal["looks-good", "review-suggested", "needs-manual-nudge"]
PlacedBy = Literal["sound", "timecode", "following", "operator", "nothing"]
ClipKey = tuple[str, int]
_Float = npt.NDArray[np.float64]


def classify(confidence: float) -> Classification:
    """Return the class of a confidence (0 to 1)."""
    if confidence >= LOOKS_GOOD:
        return "looks-good"
    return "review-suggested" if confidence >= REVIEW_SUGGESTED else "needs-manual-nudge"


@dataclass(frozen=True, slots=True)
class Piece:
    """From local second `from_s` on the clip lies at `offset_s`."""

    from_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one clip lies: `master_s = offset_s + local_s * (1 + drift_ppm * 1e-6)`; `pieces` where the recording jumps.

    `offset_s` is that of the piece which most of the sound agrees with.
    """

    camera_id: str
    clip_index: int
    offset_s: float
    drift_ppm: float
    confidence: float
    classification: Classification
    residual_ms: float
    reasons: tuple[str, ...] = ()
    placed_by: PlacedBy = "sound"
    pieces: tuple[Piece, ...] = ()

    def local_s(self, master_s: _Float) -> _Float:
        """Return the clip's own time at each master time (rising, s), over every piece; it never runs backwards."""
        stretch = 1.0 + self.drift_ppm * 1e-6
        if not self.pieces:
            return (master_s - self.offset_s) / stretch
        local = (master_s - self.pieces[0].offset_s) / stretch
        for piece in self.pieces[1:]:  # sound that was lost leaves the clock standing; doubled sound is passed over
            beyond = (master_s - piece.offset_s) / stretch
            local = np.where(np.maximum(local, beyond) < piece.from_s, local, np.maximum(beyond, piece.from_s))
        return local


@dataclass(frozen=True, slots=True)
class PairResidual:
    """One measured pair against the solution: by how much it disagrees at the middle of its overlap, and if it counted."""

    query: ClipKey
    reference: ClipKey
    offset_s: float
    drift_ppm: float
    confidence: float
    residual_ms: float
    used: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SyncSolution:
    """Every clip's placement in the order of the cameras; the master's first clip is at 0 without drift.

    `pairs` are all measured pairs; `sound` is what each camera's sound is worth, where it was looked at.
    """

    master: str
    placements: tuple[Placement, ...]
    sync_rules: str = SYNC_RULES
    pairs: tuple[PairResidual, ...] = ()
    sound: tuple[SoundQuality, ...] = ()

    def of(self, camera_id: str) -> tuple[Placement, ...]:
        """Return the placements of one camera in the order of its clips."""
        return tuple(p for p in self.placements if p.camera_id == camera_id)
