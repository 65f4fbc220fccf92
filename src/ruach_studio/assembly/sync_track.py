"""Turn a digest into what its pairs ask of it again and again: its band levels and its rank.

Counterpart: sync_pair.py measures two tracks.
"""

from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from ruach_studio.assembly.digest import AudioDigest, Stored, in_parts
from ruach_studio.assembly.sync_features import Features, Shelf, band_features

_RANK_STEP = 101 * 103 * 40  # 52 s: every 101st and every 103rd sample are the same ones in parts as in one piece


@dataclass(slots=True)
class Track:
    """A digest with its features (on the shelf, if there is one) and its rank, each computed once, when first asked for.

    Several pairs may ask at the same time.
    """

    digest: AudioDigest
    shelf: Shelf | None = None
    _features: Stored[Features] | None = None
    _rank: tuple[int, int, int] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def features(self) -> Stored[Features]:
        """Return the band levels that the coarse search reads."""
        with self._lock:
            if self._features is None:
                self._features = band_features(self.digest.pcm8k, self.shelf)
            return self._features

    @property
    def rank(self) -> tuple[int, int, int]:
        """Return what orders tracks by length, then by content: the same pair is always computed the same way round."""
        with self._lock:
            if self._rank is None:
                sums = [
                    (int(np.abs(part[::101].astype(np.int64)).sum()), int(part[::103].astype(np.int64).sum()))
                    for part in in_parts(self.digest.pcm8k, _RANK_STEP)
                ]
                self._rank = len(self.digest.pcm8k), sum(size for size, _ in sums), sum(mean for _, mean in sums)
            return self._rank
