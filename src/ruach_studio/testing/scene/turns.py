"""Turn a seed into a conversation at a table whose every moment is known: who holds the floor, who says "yes", who laughs.

Turns are lognormal (median 6 s); between them gaps and overlaps; 2 to 5 backchannels a minute, laughter, sustained
cross-talk and silences. Everybody sits on a circle with a microphone before him, which also hears the others (bleed), the
room (reverberation) and itself (noise), with its own gain, and may have automatic gain control. The wide camera hears all.
Sound is made at 8 kHz, the digest's rate, as a digest holds it. Counterpart: turns_score.py says how good a cut list is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import soxr

from ruach_studio.testing.scene import recorder, voices
from ruach_studio.testing.scene.room import SOUND_M_PER_S, Path, carry
from ruach_studio.testing.scene.voices import Sound

WIDE = "W"
PCM_RATE = 8000
Kind = Literal["turn", "backchannel", "laughter", "crosstalk"]
_CIRCLE_M = 1.1
_VOICE_RMS = 0.08


@dataclass(frozen=True, slots=True)
class Table:
    """How hard it is to tell who speaks. Levels in dB; `bleed_db` is the direct sound of the others re one's own.

    `gain_step`: (speaker's number, second, dB). `gone`: (speaker's number, from, to): his recorder stands still.
    """

    seed: int
    speakers: int = 3
    seconds: float = 480.0
    bleed_db: tuple[float, float] = (-15.0, -6.0)
    gain_spread_db: float = 12.0
    noise_dbfs: tuple[float, float] = (-62.0, -45.0)
    reverb_s: float = 0.4
    agc: bool = False
    backchannels_per_min: float = 3.0
    turn_median_s: float = 6.0
    gain_step: tuple[int, float, float] | None = None
    gone: tuple[int, float, float] | None = None
    late_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance: `speaker` is the name of the camera that shows him."""

    start_s: float
    end_s: float
    speaker: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Recording:
    """One microphone as a digest holds it: int16 (n,) at 8 kHz, and mean square per 10 ms, float32 (n, 1), NaN = gone."""

    pcm8k: npt.NDArray[np.int16]
    power10ms: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TurnScene:
    """A conversation and its truth; all recordings start at 0 and run on one clock."""

    table: Table
    said: tuple[Said, ...]
    tracks: Mapping[str, Recording]


def make_turns(table: Table) -> TurnScene:
    """Return the scene of `table`: the same table, the same bytes."""
    rng = np.random.default_rng((table.seed, table.speakers))
    said = plan_turns(table, rng)
    stems = _stems(table, said, rng)
    count = table.speakers
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(-0.12, 0.12, count)) / count
    seat = _CIRCLE_M * np.column_stack([np.cos(angle), np.sin(angle)])
    seat *= rng.uniform(0.85, 1.2, (count, 1))
    place = np.vstack([seat - seat / np.hypot(*seat.T)[:, None] * rng.uniform(0.25, 0.5, (count, 1)), [[2.6, 0.4]]])
    gains = -rng.permutation(np.linspace(0.0, table.gain_spread_db, count))
    tracks = {}
    for mic in range(count + 1):
        heard = np.zeros(stems.shape[1], np.float32)
        for speaker in range(count):
            metres = float(np.hypot(*(seat[speaker] - place[mic])))
            if mic == count:
                path = Path(-8.0, metres / SOUND_M_PER_S, table.reverb_s, -2.0)
            elif mic == speaker:
                path = Path(0.0, metres / SOUND_M_PER_S, table.reverb_s, 10.0)
            else:
                path = Path(float(rng.uniform(*table.bleed_db)), metres / SOUND_M_PER_S, table.reverb_s, 4.0)
            heard += carry(stems[speaker], path, PCM_RATE, (table.seed, mic, speaker))
        gain = float(gains[mic]) if mic < count else -6.0
        tracks[WIDE if mic == count else _name(mic)] = _recorded(
            table, mic, heard, gain, float(rng.uniform(*table.noise_dbfs))
        )
    return TurnScene(table, said, tracks)


def plan_turns(table: Table, rng: np.random.Generator) -> tuple[Said, ...]:
    """Return who says what when, in order of start."""
    said: list[Said] = []
    at, who, end_s = 0.6, 0, table.seconds - 1.0
    while at < end_s:
        event = rng.random()
        if event < 0.05 and at > 20.0:
            length = float(rng.uniform(3.5, 8.0))
            crowd = rng.permutation(table.speakers)[: int(rng.integers(2, min(3, table.speakers) + 1))]
            said += [Said(at + float(rng.uniform(0, 0.3)), min(at + length, end_s), _name(p), "crosstalk") for p in crowd]
            at += length + float(rng.uniform(0.2, 0.8))
        elif event < 0.09 and at > 20.0:
            length = float(rng.uniform(1.2, 3.0))
            said += [Said(at, min(at + length, end_s), _name(p), "laughter") for p in range(table.speakers)]
            at += length + float(rng.uniform(0.1, 0.5))
        elif event < 0.12 and at > 20.0:
            at += float(rng.uniform(3.0, 8.0))
        length = float(np.clip(rng.lognormal(np.log(table.turn_median_s), 0.8), 1.0, 60.0))
        if at >= end_s:
            break
        end = min(at + length, end_s)
        said.append(Said(at, end, _name(who), "turn"))
        for _ in range(int(rng.poisson(table.backchannels_per_min * length / 60.0))):
            if end - at > 3.0 and table.speakers > 1:
                other = int((who + rng.integers(1, table.speakers)) % table.speakers)
                begin = float(rng.uniform(at + 0.8, end - 1.0))
                said.append(Said(begin, begin + float(rng.uniform(0.25, 0.6)), _name(other), "backchannel"))
        gap = float(rng.normal(0.25, 0.35))
        at = end + float(np.clip(gap, -0.8, 1.5))
        who = int((who + rng.integers(1, table.speakers)) % table.speakers) if table.speakers > 1 else 0
    return tuple(sorted((s for s in said if s.end_s > s.start_s), key=lambda s: (s.start_s, s.speaker)))


def _stems(table: Table, said: tuple[Said, ...], rng: np.random.Generator) -> Sound:
    stems = np.zeros((table.speakers, round(table.seconds * PCM_RATE)), np.float32)
    usual = rng.uniform(-2.0, 2.0, table.speakers)
    for each in said:
        person = ord(each.speaker) - ord("A")
        low, high = round(each.start_s * PCM_RATE), min(round(each.end_s * PCM_RATE), stems.shape[1])
        sound = _laugh(high - low, rng) if each.kind == "laughter" else _speech(person, high - low, rng)
        level_db = usual[person] + rng.uniform(-2.0, 2.0) + (-4.0 if each.kind == "backchannel" else 0.0)
        ramp = np.minimum(1.0, np.minimum(np.arange(high - low), np.arange(high - low)[::-1]) / 160).astype(np.float32)
        stems[person, low:high] += sound * ramp * np.float32(10 ** (level_db / 20))
    return stems


def _speech(person: int, count: int, rng: np.random.Generator) -> Sound:
    """Return `count` samples of speech: lines one after the other, breaths between them."""
    lines, out, at = _lines(person), np.zeros(count, np.float32), 0
    while at < count:
        line = lines[int(rng.integers(len(lines)))]
        skip = int(rng.integers(0, max(1, len(line) // 3)))
        part = line[skip : skip + count - at]
        out[at : at + len(part)] = part
        at += len(part) + round(float(rng.uniform(0.1, 0.45)) * PCM_RATE)
    return out


@lru_cache(maxsize=16)
def _lines(person: int) -> tuple[Sound, ...]:
    return tuple(
        np.asarray(soxr.resample(line, voices.RATE, PCM_RATE, quality="HQ"), np.float32)
        for line in voices.utterances(person)
    )


def _laugh(count: int, rng: np.random.Generator) -> Sound:
    """Return "ha ha ha": breathy bursts, some five a second."""
    time_s = np.arange(count) / PCM_RATE
    beat = np.maximum(np.sin(2 * np.pi * rng.uniform(4.2, 5.5) * time_s + rng.uniform(0, 6)), 0.0) ** 0.7
    breath = np.convolve(rng.standard_normal(count), [1.0, 0.8, 0.5, 0.2], mode="same")
    return (beat * breath * _VOICE_RMS * 0.9).astype(np.float32)


def _recorded(table: Table, mic: int, heard: Sound, gain_db: float, noise_dbfs: float) -> Recording:
    sound = recorder.noisy(recorder.gained(heard, gain_db), seed=table.seed * 100 + mic, floor_dbfs=noise_dbfs)
    if table.gain_step is not None and table.gain_step[0] == mic:
        sound[round(table.gain_step[1] * PCM_RATE) :] *= np.float32(10 ** (table.gain_step[2] / 20))
    if table.agc:
        sound = recorder.automatic_gain(sound, PCM_RATE)
    if mic < len(table.late_ms):
        sound = np.roll(sound, round(table.late_ms[mic] * PCM_RATE / 1000))
    pcm = np.clip(np.rint(sound * 32767.0), -32768, 32767).astype(np.int16)
    block = PCM_RATE // 100
    power = np.square(pcm[: pcm.size // block * block].reshape(-1, block) / 32768.0).mean(axis=1)[:, None].astype(np.float32)
    if table.gone is not None and table.gone[0] == mic:
        low, high = round(table.gone[1] * 100), round(table.gone[2] * 100)
        power[low:high] = np.nan
        pcm[low * block : high * block] = 0
    return Recording(pcm, power)


def _name(person: int) -> str:
    return chr(ord("A") + person)
