"""Turn a stream of sound into peaks for drawing: the lowest and the highest sample per pixel, at several zooms, as int8.

The finest zoom has 256 samples a pixel, each coarser one four times as many. Lows are rounded down and highs up, so that no
zoom hides a peak; full scale is 127. Not recording, and samples that are no number, are 0.

A file of peaks: b"RPK1", the length of the header (uint32, little-endian), the header (JSON, padded with spaces to 4 bytes),
then each zoom: per pixel, per channel, low and high. The header says where in the file each zoom begins, so a player may
fetch one zoom, or a stretch of it, by range. Counterpart: usecases/derive_peaks.py reads and writes the files.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAGIC = b"RPK1"
FINEST = 256  # samples per pixel
STEP = 4
COARSEST_PIXELS = 1024  # coarser than this no timeline is drawn
FULL_SCALE = 127.0

Peaks = npt.NDArray[np.int8]  # (pixels, channels, 2)


@dataclass(frozen=True, slots=True)
class Zoom:
    """One zoom: `offset` and `size` are bytes in the file."""

    samples_per_pixel: int
    pixels: int
    offset: int
    size: int


class PeaksBuilder:
    """Take blocks of sound and give the finest zoom's pixels; at most one unfinished pixel is held."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.position = 0  # samples fed, gaps included
        self._rest = np.empty((0, channels), np.float32)

    def feed(self, samples: npt.NDArray[np.float32]) -> Peaks:
        """Take (n, channels) samples, full scale 1.0; return the pixels that they complete."""
        self.position += len(samples)
        sound = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(sound) // FINEST * FINEST
        self._rest = np.array(sound[whole:], np.float32)
        return _pixels(sound[:whole].reshape(-1, FINEST, self.channels))

    def finish(self) -> Peaks:
        """Return the last, shorter pixel, if there is one."""
        rest, self._rest = self._rest, self._rest[:0]
        return _pixels(rest[None]) if len(rest) else _pixels(rest.reshape(0, FINEST, self.channels))


def _pixels(grouped: npt.NDArray[np.float32]) -> Peaks:
    """Return (pixels, channels, 2) of (pixels, samples, channels)."""
    sound = np.nan_to_num(grouped, nan=0.0, posinf=1.0, neginf=-1.0)
    low = np.floor(sound.min(axis=1, initial=np.inf) * FULL_SCALE)
    high = np.ceil(sound.max(axis=1, initial=-np.inf) * FULL_SCALE)
    both = np.stack((low, high), axis=2) if len(sound) else np.empty((0, grouped.shape[2], 2))
    return np.clip(both, -FULL_SCALE, FULL_SCALE).astype(np.int8)


def coarser(finer: Peaks) -> Peaks:
    """Return the next zoom: four pixels become one."""
    starts = np.arange(0, len(finer), STEP)
    if not len(starts):
        return finer
    low = np.minimum.reduceat(finer[:, :, 0], starts, axis=0)
    high = np.maximum.reduceat(finer[:, :, 1], starts, axis=0)
    return np.stack((low, high), axis=2)


def zooms(samples: int, channels: int) -> list[tuple[int, int]]:
    """Return (samples per pixel, pixels) from the finest to the coarsest zoom of that many samples.

    >>> zooms(48000 * 60, 2)
    [(256, 11250), (1024, 2813), (4096, 704)]
    """
    found = [(FINEST, -(-samples // FINEST))]
    while found[-1][1] > COARSEST_PIXELS:
        found.append((found[-1][0] * STEP, -(-found[-1][1] // STEP)))
    return found


def header(rate: int, channels: int, samples: int) -> tuple[bytes, list[Zoom]]:
    """Return what stands before the zooms, and where each of them lies."""
    length = 0
    while True:  # offsets stand in the header, and the header's length decides the offsets: settle in a few rounds
        placed, offset = [], 8 + length
        for per_pixel, pixels in zooms(samples, channels):
            size = pixels * channels * 2
            placed.append(Zoom(per_pixel, pixels, offset, size))
            offset += size
        text = json.dumps(
            {
                "version": 1, "rate": rate, "channels": channels, "samples": samples, "fullScale": int(FULL_SCALE),
                "zooms": [
                    {"samplesPerPixel": z.samples_per_pixel, "pixels": z.pixels, "offset": z.offset, "bytes": z.size}
                    for z in placed
                ],
            },
            separators=(",", ":"),
        ).encode()  # fmt: skip
        padded = text + b" " * (-len(text) % 4)
        if len(padded) <= length:
            padded += b" " * (length - len(padded))
            return MAGIC + len(padded).to_bytes(4, "little") + padded, placed
        length = len(padded)
