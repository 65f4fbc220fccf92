"""Turn a clean voice into what arrives at a place in a room: path, direct sound, then a tail that dies away.

A path is a level, a delay to a fraction of a sample (1 m is 2.9 ms), the reverberation time (60 dB of decay) and how far
the direct sound stands above the tail. Bleed is a path with a low level. The tail is noise drawn from a seed; two
microphones get two tails. Counterpart: voices.py speaks; recorder.py is what happens after the capsule.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import oaconvolve

SOUND_M_PER_S = 343.0
_SINC_HALF = 32
_TAIL_AFTER_S = 0.004
_TAIL_LONGEST_S = 1.2

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Path:
    """One way from a mouth to a microphone; `direct_db` is the direct sound over the whole tail (negative: far away)."""

    level_db: float = 0.0
    delay_s: float = 0.002
    reverb_s: float = 0.35
    direct_db: float = 8.0


def distance(metres: float, **path: float) -> Path:
    """Return the path over `metres`: its delay, 6 dB less per doubling beyond 0.5 m."""
    level_db = -20.0 * float(np.log10(max(metres, 0.1) / 0.5))
    return Path(delay_s=metres / SOUND_M_PER_S, **{"level_db": level_db, **path})


def impulse_response(path: Path, rate: int, seed: int | tuple[int, ...]) -> Sound:
    """Return the path as a filter: a windowed sinc at its delay, then noise falling by 60 dB in `reverb_s`.

    The filter begins `_SINC_HALF` samples before time 0, see `carry`.
    """
    tail_s = min(_TAIL_LONGEST_S, path.reverb_s)
    first = _SINC_HALF + round((path.delay_s + _TAIL_AFTER_S) * rate)
    response = np.zeros(first + round(tail_s * rate) + _SINC_HALF)
    if tail_s > 0:
        time_s = np.arange(round(tail_s * rate)) / rate
        tail = np.random.default_rng(seed).standard_normal(len(time_s)) * 10 ** (-3 * time_s / path.reverb_s)
        response[first : first + len(tail)] = tail / np.sqrt(np.sum(tail**2)) * 10 ** (-path.direct_db / 20)
    centre = _SINC_HALF + path.delay_s * rate
    near = np.arange(int(centre) - _SINC_HALF + 1, int(centre) + _SINC_HALF + 1)
    near = near[(near >= 0) & (near < len(response))]
    response[near] += np.sinc(near - centre) * (0.5 + 0.5 * np.cos(np.pi * (near - centre) / (_SINC_HALF + 1)))
    response *= 10 ** (path.level_db / 20)
    return response.astype(np.float32)


def carry(voice: Sound, path: Path, rate: int, seed: int | tuple[int, ...]) -> Sound:
    """Return `voice` as it arrives over `path`: as long as before, sample for sample on the same clock."""
    arrived = oaconvolve(voice, impulse_response(path, rate, seed))
    return arrived[_SINC_HALF : _SINC_HALF + len(voice)].astype(np.float32)
