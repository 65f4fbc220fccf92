"""Turn a seed into speech of any number of people: the shipped lines, each person's voice shifted, in ever new orders.

The two shipped voices become more by resampling (pitch and formants move together) and a spectral tilt. Every utterance is
said a little faster or slower (up to 4 %), so that no stretch of sound comes twice and a match can only be the true one.
Sound is mono float32 at RATE. Counterpart: room.py and recorder.py make recordings of it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import lfilter

from ruach_studio.testing.talk_scene import load_script
from ruach_studio.testing.talk_sound import RATE as SHIPPED_RATE
from ruach_studio.testing.talk_sound import voice_file

RATE = 16_000
LEVEL_RMS = 0.08  # of an utterance: -22 dBFS
_FACTORS = (1.0, 1.0, 0.88, 1.13, 1.08, 0.93, 0.84, 1.19)  # above 1: a shorter throat
_TILTS = (0.0, 0.0, 0.25, -0.2, 0.1, -0.1, 0.3, -0.3)
_TEMPO = 0.04
_EDGE_S = 0.005

Sound = npt.NDArray[np.float32]


@lru_cache(maxsize=16)
def utterances(person: int) -> tuple[Sound, ...]:
    """Return all lines of `person` (0, 1, 2, …) one by one, each at -22 dBFS. Persons 0 and 1 are the shipped voices."""
    speaker = ("1", "2")[person % 2]
    lines = [line for line in load_script().lines if line.speaker == speaker]
    factor, tilt = _FACTORS[person % len(_FACTORS)], _TILTS[person % len(_TILTS)]
    found = []
    for line in lines:
        first, last = round(line.start_s * SHIPPED_RATE), round((line.start_s + line.dur_s) * SHIPPED_RATE)
        said = soxr.resample(voice_file(line.file)[first:last], SHIPPED_RATE * factor, RATE, quality="HQ")
        said = lfilter([1.0, tilt], [1.0], said)
        found.append(_softened(said * (LEVEL_RMS / float(np.sqrt(np.mean(np.square(said)))))))
    return tuple(found)


def utterance(person: int, rng: np.random.Generator) -> Sound:
    """Return one line of `person` as it was never said before."""
    choices = utterances(person)
    tempo = 1.0 + rng.uniform(-_TEMPO, _TEMPO)
    said: Sound = soxr.resample(choices[int(rng.integers(len(choices)))], RATE * tempo, RATE, quality="HQ")
    return said * np.float32(10 ** (rng.uniform(-3.0, 3.0) / 20))


def conversation(seconds: float, people: int, seed: int, *, gap_s: tuple[float, float] = (0.1, 1.2)) -> list[Sound]:
    """Return one stem per person of people who talk one after another, never the same person's turn overlapping."""
    rng = np.random.default_rng((seed, people))
    stems = [np.zeros(round(seconds * RATE), np.float32) for _ in range(people)]
    position, person = round(0.3 * RATE), 0
    while position < len(stems[0]):
        said = utterance(person, rng)[: len(stems[0]) - position]
        stems[person][position : position + len(said)] = said
        position += len(said) + round(rng.uniform(*gap_s) * RATE)
        if people > 1 and rng.random() < 0.7:
            person = int((person + rng.integers(1, people)) % people)
    return stems


def babble(seconds: float, people: int, seed: int) -> Sound:
    """Return `people` talking at once, at an RMS of 1: what is heard of the next room's crowd."""
    total = np.zeros(round(seconds * RATE), np.float32)
    for person in range(people):
        total += _monologue(person, seconds, seed)
    return total / np.float32(np.sqrt(np.mean(np.square(total))))


def _monologue(person: int, seconds: float, seed: int) -> Sound:
    rng, out, position = np.random.default_rng((seed, person, 7)), np.zeros(round(seconds * RATE), np.float32), 0
    while position < len(out):
        said = utterance(person, rng)[: len(out) - position]
        out[position : position + len(said)] = said
        position += len(said)
    return out


def _softened(said: npt.NDArray[np.floating]) -> Sound:
    edge = round(_EDGE_S * RATE)
    ramp = np.linspace(0.0, 1.0, edge)
    said = said.copy()
    said[:edge] *= ramp
    said[-edge:] *= ramp[::-1]
    return said.astype(np.float32)
