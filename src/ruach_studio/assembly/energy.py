"""Turn sound digests into loudness per window on the master timeline, in dBFS, never normalised.

One value per window: 10 log10 of the mean power of all channels, with full scale 1.0 (a full-scale square wave is 0 dBFS),
the same figure as FFmpeg's `astats` Overall RMS level. Digital silence is -inf; NaN means "this camera was not recording".
Sums are kept per 10 ms, so a window may begin anywhere: offset and drift of each clip are honoured to a fraction of a block.

sync.py places the clips; angles.py reads the matrix.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.arrival import ArrivalMatrix
from ruach_studio.assembly.digest import BLOCKS_PER_S, AudioDigest, block_ends
from ruach_studio.assembly.sync import Placement
from ruach_studio.kernel.errors import BadInput

WINDOW_MS = 500
MIN_COVERAGE = 0.5  # a window counts as recorded when the clips of a camera cover at least half of it
_WINDOWS_AT_ONCE = 3000  # five minutes of 100 ms: half a megabyte per array

Dbfs = npt.NDArray[np.float32]
_Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EnergyMatrix:
    """`dbfs`: float32 (n_windows, n_cameras); window w covers master time [w, w + 1) * window_ms.

    NaN: that camera was not recording. -inf: digital silence. Columns follow `cameras`: the cameras, then single channels
    (`channel_column`) of recorders that hold several microphones. `arrival` is there if it was measured. `sha256`: what the
    levels hash to (`energy_hash`), where that was checked and cannot change any more.
    """

    window_ms: int
    cameras: tuple[str, ...]
    dbfs: Dbfs
    arrival: ArrivalMatrix | None = None
    sha256: str | None = None


def energy_windows(digest: AudioDigest, window_ms: int = WINDOW_MS) -> Dbfs:
    """Return float32 (n,) dBFS per window of the clip's own time; the last, shorter window is not padded.

    `window_ms` is a multiple of 10 (raises ValueError otherwise).
    """
    blocks_per_window = _blocks(window_ms)
    blocks, step, parts = len(digest.power10ms), blocks_per_window * _WINDOWS_AT_ONCE, [np.empty(0, np.float32)]
    for first in range(0, blocks, step):
        power, counts = _block_sums(digest, first, min(blocks, first + step))
        starts = np.arange(0, len(power), blocks_per_window)
        parts.append(_dbfs(np.add.reduceat(power, starts), np.add.reduceat(counts, starts)))
    return np.concatenate(parts)


def channel_column(camera: str, channel: int) -> str:
    """Return the column's name of one channel of a recording; channels are counted from 1."""
    return f"{camera}#{channel}"


def energy_matrix(
    tracks: Mapping[str, Sequence[AudioDigest]],
    placements: Sequence[Placement],
    window_ms: int,
    duration_s: float,
    *,
    split: Collection[str] = (),
) -> EnergyMatrix:
    """Return the loudness of every camera in `tracks` on the master timeline from 0 to `duration_s`.

    The last window covers what is left of the programme. A clip without a placement is not heard (NaN). A camera in
    `split` is a recorder of several microphones: behind the cameras' columns there is one more for each of its channels.
    Raises BadInput if such a column's name is a camera's.
    """
    _blocks(window_ms)
    parts = [(camera, 0) for camera in tracks] + [
        (camera, channel)
        for camera in tracks
        if camera in split
        for channel in range(1, max((digest.channels for digest in tracks[camera]), default=0) + 1)
    ]
    names = tuple(channel_column(camera, channel) if channel else camera for camera, channel in parts)
    if len(set(names)) < len(names):
        raise BadInput("a camera has the name of another's channel", subject="cameras", remedy="Rename the camera.")
    edges_s = np.minimum(np.arange(-(-round(duration_s * 1e6) // (window_ms * 1000)) + 1) * (window_ms / 1000), duration_s)
    dbfs = np.full((max(0, len(edges_s) - 1), len(names)), np.nan, np.float32)
    for column, (camera, channel) in enumerate(parts):
        power, counts, covered_s = (np.zeros(len(dbfs)) for _ in range(3))
        for placement in placements:
            if placement.camera_id != camera or placement.clip_index >= len(tracks[camera]):
                continue
            digest = tracks[camera][placement.clip_index]
            if channel > digest.channels:
                continue
            local_s = placement.local_s(edges_s)
            clip_power, clip_counts = _window_sums(digest, local_s, channel)
            power += clip_power
            counts += clip_counts
            covered_s += clip_counts / digest.rate
        level = _dbfs(power, counts)
        level[covered_s < MIN_COVERAGE * np.diff(edges_s)] = np.nan
        dbfs[:, column] = level
    return EnergyMatrix(window_ms, names, dbfs)


def _blocks(window_ms: int) -> int:
    if window_ms <= 0 or window_ms * BLOCKS_PER_S % 1000:
        raise ValueError(f"a window is a positive multiple of {1000 // BLOCKS_PER_S} ms, not {window_ms} ms")
    return window_ms * BLOCKS_PER_S // 1000


def _block_sums(digest: AudioDigest, first: int, last: int, channel: int = 0) -> tuple[_Float, _Float]:
    """Return of the 10 ms blocks [first, last) the sum of squares (of `channel`, 0: the mean over all) and the sample count.

    Both are 0 where nothing was recorded.
    """
    heard = digest.power10ms[first:last]
    power = (heard if channel == 0 else heard[:, channel - 1 : channel]).mean(axis=1, dtype=np.float64)
    counts = np.diff(_block_edges(digest, first, last))
    counts[np.isnan(power)] = 0.0
    return np.nan_to_num(power) * counts, counts


def _block_edges(digest: AudioDigest, first: int, last: int) -> _Float:
    """Return the samples at which the blocks [first, last) begin, and the last one ends: (last - first + 1,)."""
    ends = block_ends(max(0, first - 1), last, digest.rate)
    return np.minimum(np.concatenate(([0], ends)) if first == 0 else ends, digest.sample_count).astype(np.float64)


def _window_sums(digest: AudioDigest, edges_s: _Float, channel: int = 0) -> tuple[_Float, _Float]:
    """Return sum of squares and sample count between neighbouring `edges_s` of the clip's own time.

    Each window adds up its own blocks (whole ones, and the parts of the first and the last). A difference of running totals
    would leave 1e-16 of an hour's energy in a silent window.
    """
    blocks, windows = len(digest.power10ms), len(edges_s) - 1
    sums, counts = np.zeros(windows), np.zeros(windows)
    if not blocks:
        return sums, counts
    samples = np.clip(edges_s * digest.rate, 0.0, _block_edges(digest, blocks - 1, blocks)[-1])
    # An edge within a thousandth of a sample of a block's end is that end: no sliver of a neighbour gets in.
    nearest = np.rint(samples)
    samples = np.where(np.abs(samples - nearest) < 1e-3, nearest, samples)
    for low in range(0, windows, _WINDOWS_AT_ONCE):  # what is needed of the 10 ms does not grow with the length
        here = samples[low : low + _WINDOWS_AT_ONCE + 1]
        about = (here[[0, -1]] * BLOCKS_PER_S / digest.rate).astype(int).tolist()
        first, last = max(0, min(about[0] - 1, blocks - 1)), min(blocks, about[1] + 2)
        edges = _block_edges(digest, first, last)
        block = np.minimum(np.searchsorted(edges[1:], here, side="right"), last - first - 1)
        share = (here - edges[block]) / (edges[block + 1] - edges[block])  # of the edge's block lies before the edge
        power, heard = _block_sums(digest, first, last, channel)
        done = slice(low, low + _WINDOWS_AT_ONCE)
        sums[done], counts[done] = _between(power, block, share), _between(heard, block, share)
    return sums, counts


def _between(values: _Float, block: npt.NDArray[np.intp], share: _Float) -> _Float:
    """Add up `values` between neighbouring edges; edge k lies in block[k], `share[k]` of that block before it."""
    whole = np.add.reduceat(values[: block[-1] + 1], block)[:-1]
    total: _Float = whole - values[block[:-1]] * share[:-1] + values[block[1:]] * share[1:]
    alone = block[:-1] == block[1:]
    total[alone] = (values[block[:-1]] * np.diff(share))[alone]
    return np.maximum(total, 0.0)


def _dbfs(sums: _Float, counts: _Float) -> Dbfs:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (10.0 * np.log10(sums / counts)).astype(np.float32)
