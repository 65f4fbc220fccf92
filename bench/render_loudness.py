"""Master 40 mixes of speech and music, and measure the encoded files by a second tool: `python bench/render_loudness.py`.

Eight kinds of mix, five seeds each, from the speech that ships with the tests and synthetic music: whispers beside
shouts, a bed under a voice, songs between talks, long silence, drums, clipped recordings, applause. The product measures
by FFmpeg's ebur128; here the decoded AAC goes through pyloudnorm (ITU-R BS.1770-4, another code) and its true peak through
soxr at eight times the rate. Ends with 1 if any is farther than 0.5 LU from -14 LUFS or above -1 dBTP, or if the two
meters disagree by more than 0.15 LU.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from peers import peer

from ruach_studio.infra.media import decode_audio
from ruach_studio.render.presets import AudioCodec
from ruach_studio.render.usecases.master_audio import Mastered, master_audio

RATE = 48_000
TARGET = AudioCodec()
PEAK_LIMIT_DBTP = TARGET.max_true_peak_dbtp
METERS_AGREE_LU = 0.15
Sound = npt.NDArray[np.float64]
Mix = Callable[[np.random.Generator, int], Sound]


def voice(rng: np.random.Generator, samples: int) -> Sound:
    """Return a stretch of somebody's speech, at about -24 dBFS RMS."""
    name = f"speaker{rng.integers(1, 3)}.opus"
    with resources.as_file(resources.files("ruach_studio.testing") / "speech" / name) as path:
        track = np.concatenate([block.samples[:, 0] for block in decode_audio(path)]).astype(float)
    track = np.roll(np.resize(track, max(samples, len(track))), -int(rng.integers(len(track))))[:samples]
    return np.asarray(track * 10 ** (-24 / 20) / np.sqrt((track**2).mean()))


def music(rng: np.random.Generator, samples: int) -> Sound:
    """Return chords of decaying partials, a new one each half second, at about -20 dBFS RMS."""
    out, beat = np.zeros(samples), RATE // 2
    for start in range(0, samples, beat):
        t = np.arange(min(2 * beat, samples - start)) / RATE
        for pitch in 55 * 2 ** (rng.integers(0, 36, 4) / 12):
            for partial in range(1, 7):
                phase = rng.uniform(0, 6.28)
                out[start : start + len(t)] += (
                    np.sin(6.2832 * pitch * partial * t + phase) * np.exp(-t * partial * 2) / partial
                )
    return np.asarray(out * 10 ** (-20 / 20) / np.sqrt((out**2).mean()))


def drums(rng: np.random.Generator, samples: int) -> Sound:
    """Return hits of noise with hard attacks, near full scale and far between."""
    out, at = np.zeros(samples), 0
    while at < samples:
        hit = rng.normal(0, 1, min(RATE // 4, samples - at)) * np.exp(-np.arange(min(RATE // 4, samples - at)) / 1500)
        out[at : at + len(hit)] += hit / np.abs(hit).max() * rng.uniform(0.5, 0.98)
        at += int(rng.uniform(0.2, 0.9) * RATE)
    return out


def swell(rng: np.random.Generator, samples: int, spread_db: float) -> Sound:
    """Return a gain that wanders over `spread_db`, in stretches of two to six seconds with ramps."""
    knots = np.cumsum(rng.uniform(2, 6, samples // RATE + 2)) * RATE
    return np.asarray(10 ** (np.interp(np.arange(samples), knots, rng.uniform(-spread_db, 0, len(knots))) / 20))


def gate(rng: np.random.Generator, samples: int, share: float) -> Sound:
    """Return 1 for about `share` of the seconds, 0 elsewhere."""
    return np.repeat(rng.random(samples // RATE + 1) < share, RATE)[:samples].astype(float)


MIXES: dict[str, Mix] = {
    "speech": lambda g, n: voice(g, n) * 0.5,
    "whisper and shout": lambda g, n: voice(g, n) * swell(g, n, 30),
    "voice over a bed": lambda g, n: voice(g, n) * swell(g, n, 8) + 0.15 * music(g, n),
    "songs between talks": lambda g, n: np.where(np.arange(n) % (14 * RATE) < 6 * RATE, music(g, n) * 2, 0.1 * voice(g, n)),
    "long silence": lambda g, n: voice(g, n) * gate(g, n, 0.3) + g.normal(0, 1e-4, n),
    "drums under speech": lambda g, n: voice(g, n) * 0.4 + 0.8 * drums(g, n),
    "clipped": lambda g, n: np.clip(voice(g, n) * 25, -0.98, 0.98),
    "applause": lambda g, n: 0.2 * voice(g, n) + g.normal(0, 0.2, n) * gate(g, n, 0.15),
}


async def mastered(mix: Sound, rng: np.random.Generator, folder: Path) -> Mastered:
    """Give the mix a little width and take it through the product."""
    side = rng.normal(0, 0.02, len(mix)) * np.abs(mix)
    np.stack([mix + side, mix - side], axis=1).astype(np.float32).tofile(folder / "mix.f32")
    return await master_audio(folder / "mix.f32", TARGET, folder / "mix.m4a", asyncio.Event())


def true_peak_dbtp(sound: npt.NDArray[np.float32]) -> float:
    """Return the highest sample at eight times the rate."""
    return float(20 * np.log10(np.abs(soxr.resample(sound, RATE, 8 * RATE, quality="VHQ")).max()))


def main() -> int:
    """Master every mix, print what both meters say, return the exit code."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=30)
    options = arguments.parse_args()
    meter = peer("pyloudnorm").Meter(RATE)
    print(f"{'mix':22} {'source':>7} {'tries':>5} {'ebur128':>8} {'peak':>6}   {'2nd tool':>8} {'peak':>6}")
    failed = []
    worst_lu = worst_peak = worst_gap = 0.0
    with tempfile.TemporaryDirectory(prefix="ruach-bench-") as name:
        for kind, make in MIXES.items():
            for seed in range(options.seeds):
                rng = np.random.default_rng([seed, len(kind)])
                mix = make(rng, options.seconds * RATE)
                made = asyncio.run(mastered(mix, rng, Path(name)))
                sound = np.concatenate([block.samples for block in decode_audio(made.path)])
                lufs, peak, own = float(meter.integrated_loudness(sound)), true_peak_dbtp(sound), made.final.measured
                off, gap = abs(lufs - TARGET.target_lufs), abs(lufs - own.lufs)
                bad = off > TARGET.tolerance_lu or peak > PEAK_LIMIT_DBTP or gap > METERS_AGREE_LU
                worst_lu, worst_gap = max(worst_lu, off), max(worst_gap, gap)
                worst_peak = peak if not worst_peak else max(worst_peak, peak)
                failed += [f"{kind} {seed}"] if bad or made.decided.verdict.decision != "pass" else []
                print(
                    f"{kind + ' ' + str(seed):22} {made.source.lufs:7.1f} {made.trials:5} {own.lufs:8.1f} "
                    f"{own.true_peak_dbtp:6.1f}   {lufs:8.2f} {peak:6.2f}{'  MISSED' if bad else ''}",
                    flush=True,
                )
    total = len(MIXES) * options.seeds
    print(f"\n{total - len(failed)} of {total} hold; farthest from -14 LUFS: {worst_lu:.2f} LU")
    print(f"highest peak {worst_peak:.2f} dBTP, meters apart by at most {worst_gap:.2f} LU")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
