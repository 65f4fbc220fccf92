"""Turn sound digests into loudness per window on the master timeline, in dBFS, never normalised."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Dbfs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EnergyMatrix:
    """`dbfs`: float32 (n_windows, n_cameras); window w covers master time [w, w + 1) * window_ms.

    NaN: that camera was not recording. -inf: digital silence. Columns follow `cameras`.
    """

    window_ms: int
    cameras: tuple[str, ...]
    dbfs: Dbfs
