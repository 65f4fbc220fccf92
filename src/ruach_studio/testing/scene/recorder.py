"""Turn sound at a capsule into what a recorder wrote: array in, array out, one function per thing that recorders do.

Mono float32 (n,) with full scale 1.0 at `rate`; nothing here changes its argument, and chance comes from a seed. Times are
seconds of the array given. `on_clock` changes the rate; `drop`, `doubled` and `late_start` change what lies where, and say
by how much, so that a truth can be kept beside them.
"""

import io

import av
import numpy as np
import numpy.typing as npt
import soxr
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import butter, lfilter, sosfilt

Sound = npt.NDArray[np.float32]


def gained(sound: Sound, gain_db: float) -> Sound:
    """Return the sound louder by `gain_db`."""
    return sound * np.float32(10 ** (gain_db / 20))


def rms(sound: Sound) -> float:
    """Return the root mean square of everything."""
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0


def noisy(
    sound: Sound, *, seed: int, snr_db: float | None = None, floor_dbfs: float | None = None, pink: bool = False
) -> Sound:
    """Add hiss, `snr_db` below the sound's RMS or at `floor_dbfs`; `pink` is a ventilator's 3 dB less per octave."""
    noise = np.random.default_rng(seed).standard_normal(len(sound), dtype=np.float32)
    if pink:  # Kellet's filter; the constants are public domain (musicdsp.org, 76)
        noise = lfilter(
            [0.049922035, -0.095993537, 0.050612699, -0.004408786], [1, -2.494956002, 2.017265875, -0.522189400], noise
        ).astype(np.float32)
    level = rms(sound) * 10 ** (-snr_db / 20) if snr_db is not None else 10 ** ((floor_dbfs or -120.0) / 20)
    return sound + noise * np.float32(level / max(rms(noise), 1e-12))


def mixed(sound: Sound, other: Sound, ratio_db: float) -> Sound:
    """Add another sound (babble, music) that is `ratio_db` below the first one's RMS; it is repeated if it is shorter."""
    again = np.resize(other, len(sound))
    return sound + again * np.float32(rms(sound) * 10 ** (-ratio_db / 20) / max(rms(again), 1e-12))


def on_clock(sound: Sound, rate: int, *, drift_ppm: float = 0.0, new_rate: int | None = None) -> Sound:
    """Return the sound as a clock counts that is off by `drift_ppm`, at `new_rate`.

    Sample k of the result lies at second k / new_rate * (1 + drift_ppm * 1e-6) of the argument.
    """
    new_rate = new_rate or rate
    if new_rate == rate and not drift_ppm:
        return sound.copy()
    out: Sound = soxr.resample(sound, float(rate), new_rate / (1 + drift_ppm * 1e-6), quality="HQ")
    return out


def automatic_gain(
    sound: Sound, rate: int, *, target_dbfs: float = -20.0, attack_s: float = 0.05, release_s: float = 1.5,
    most_db: float = 30.0,
) -> Sound:  # fmt: skip
    """Return the sound under automatic gain control: loud is turned down within `attack_s`, quiet up over `release_s`."""
    hop = max(1, round(0.01 * rate))
    count = -(-len(sound) // hop)
    padded = np.pad(sound, (0, count * hop - len(sound)))
    level = np.sqrt(np.mean(np.square(padded, dtype=np.float64).reshape(count, hop), axis=1))
    wanted = np.clip(target_dbfs - 20 * np.log10(np.maximum(level, 1e-6)), -most_db, most_db)
    down, up = 1 - np.exp(-0.01 / attack_s), 1 - np.exp(-0.01 / release_s)
    gain_db, now = np.empty(count), float(wanted[0]) if count else 0.0
    for place, value in enumerate(wanted):
        now += (value - now) * (down if value < now else up)
        gain_db[place] = now
    smooth = np.interp(np.arange(len(sound)), (np.arange(count) + 0.5) * hop, gain_db)
    return (sound * 10 ** (smooth / 20)).astype(np.float32)


def band_limited(sound: Sound, rate: int, low_hz: float = 300.0, high_hz: float = 3400.0) -> Sound:
    """Return what a telephone or a cheap lavalier link lets through."""
    sections = butter(4, (low_hz, min(high_hz, 0.49 * rate)), "band", fs=rate, output="sos")
    return np.asarray(sosfilt(sections, sound), np.float32)


def clipped(sound: Sound, drive_db: float = 0.0) -> Sound:
    """Return the sound driven by `drive_db` against full scale: everything above is flat."""
    driven: Sound = np.clip(gained(sound, drive_db), -1.0, 1.0).astype(np.float32)
    return driven


def saturated(sound: Sound, drive_db: float = 12.0) -> Sound:
    """Return the sound through a soft limiter (tanh), at about its old level."""
    drive = 10 ** (drive_db / 20)
    limited: Sound = (np.tanh(sound * drive) / drive).astype(np.float32)
    return limited


def gated(sound: Sound, rate: int, threshold_dbfs: float = -45.0, depth_db: float = 40.0) -> Sound:
    """Return the sound through a noise gate: quiet stretches are turned down by `depth_db`."""
    window = round(0.1 * rate)
    level = np.sqrt(np.maximum(uniform_filter1d(np.square(sound, dtype=np.float64), window), 0.0))
    closed = minimum_filter1d((level < 10 ** (threshold_dbfs / 20)).astype(np.float32), window)
    gain = 10 ** (-depth_db / 20 * uniform_filter1d(closed, window))
    return (sound * gain).astype(np.float32)


def drop(sound: Sound, rate: int, at_s: float, lost_s: float) -> Sound:
    """Lose `lost_s` at `at_s`: what follows lies that much earlier in the file, without a gap to show it."""
    first, last = round(at_s * rate), round((at_s + lost_s) * rate)
    return np.concatenate((sound[:first], sound[last:]))


def doubled(sound: Sound, rate: int, at_s: float, again_s: float) -> Sound:
    """Write the `again_s` before `at_s` twice: what follows lies that much later."""
    first, last = round((at_s - again_s) * rate), round(at_s * rate)
    return np.concatenate((sound[:last], sound[first:last], sound[last:]))


def late_start(sound: Sound, rate: int, late_s: float) -> Sound:
    """Begin to record `late_s` later (put that on the offset)."""
    return sound[round(late_s * rate) :].copy()


def replaced(sound: Sound, rate: int, other: Sound, from_s: float, to_s: float) -> Sound:
    """Put another sound (another room, silence) between two times."""
    first, last = round(from_s * rate), min(len(sound), round(to_s * rate))
    out = sound.copy()
    out[first:last] = np.resize(other, last - first)
    return out


def music_loop(seconds: float, rate: int, seed: int, *, bar_s: float = 2.0) -> Sound:
    """Return a bar of chords that repeats exactly, at an RMS of 1: the sound that fits in many places."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(bar_s * rate)) / rate
    bar = np.zeros(len(time_s))
    for beat in range(8):
        since = time_s - beat * bar_s / 8
        envelope = np.where(since >= 0, np.exp(-np.maximum(since, 0) * 9), 0.0)
        for _ in range(3):
            hz = 110.0 * 2 ** (rng.integers(0, 36) / 12)
            bar += envelope * sum(np.sin(2 * np.pi * hz * k * since) / k for k in (1, 2, 3, 4))
    loop = np.resize(bar, round(seconds * rate)).astype(np.float32)
    return loop / np.float32(rms(loop))


def through_aac(sound: Sound, rate: int, bit_rate: int = 96_000) -> Sound:
    """Return the sound encoded as AAC in MP4 and decoded again, as long as it was, encoder delay skipped as players do."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None, :]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as read:
        blocks = [frame.to_ndarray()[0] for frame in read.decode(audio=0)]
    out = np.concatenate(blocks).astype(np.float32)[: len(sound)]
    return np.pad(out, (0, len(sound) - len(out)))
