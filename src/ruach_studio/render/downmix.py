"""Turn the positions of a recording's channels into what each gives to left and right.

Rule `downmix-v1` (ITU-R BS.775-3, annex 4): the fronts as they are; the centre, and each surround on its own side, at -3
dB; a single rear centre at -6 dB on both; the LFE is left out, as its content belongs to cinemas. Two channels are stereo.
Tracks without positions (a field recorder's microphones) are equals: their mean, on both sides, as is a single microphone.
Nothing is scaled down against clipping: the track is floating point, and mastering sets the level.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RULES_VERSION = "downmix-v1"
_HALF_POWER = float(np.sqrt(0.5))
_SHARES = {
    "FL": (1.0, 0.0), "FR": (0.0, 1.0), "FC": (_HALF_POWER, _HALF_POWER), "LFE": (0.0, 0.0), "LFE2": (0.0, 0.0),
    "BL": (_HALF_POWER, 0.0), "BR": (0.0, _HALF_POWER), "SL": (_HALF_POWER, 0.0), "SR": (0.0, _HALF_POWER), "BC": (0.5, 0.5),
    "FLC": (1.0, 0.0), "FRC": (0.0, 1.0), "DL": (1.0, 0.0), "DR": (0.0, 1.0),
}  # fmt: skip
_OTHER = (0.5, 0.5)  # heights and what else there may be
Matrix = npt.NDArray[np.float32]


def downmix(positions: Sequence[str]) -> Matrix:
    """Return the shares (channels, 2) of each channel in left and right; `positions` are FFmpeg's names ("FL", "LFE")."""
    count = len(positions)
    if count == 2:
        return np.eye(2, dtype=np.float32)
    if not {"FL", "FR"} <= set(positions) and not {"DL", "DR"} <= set(positions):
        return np.full((count, 2), 1 / count, np.float32)
    return np.array([_SHARES.get(name, _OTHER) for name in positions], np.float32)
