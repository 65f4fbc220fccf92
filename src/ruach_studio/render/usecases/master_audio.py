"""Turn a raw programme track into an encoded one that holds the loudness target.

Measured is always the encoded file. Each try encodes the whole track again (about 2 CPU-seconds per minute of sound, under
a twentieth of what the picture costs); the picture is never encoded again. loudness.py decides what to try next.
"""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ruach_studio.infra.media import run
from ruach_studio.kernel.errors import MediaFailure
from ruach_studio.render.loudness import Measurement, Setting, Trial, best_trial, first_setting, judge, next_setting
from ruach_studio.render.plan import Decided
from ruach_studio.render.presets import AudioCodec

_OVERSAMPLED = 192_000  # a limiter at four times the rate sees (nearly) the true peaks
_INTEGRATED = re.compile(r"I:\s+(-?[\d.]+|-?inf|nan) LUFS")
_PEAK = re.compile(r"Peak:\s+(-?[\d.]+|-?inf|nan) dBFS")


class Unmeasurable(MediaFailure):
    """FFmpeg gave no loudness report."""

    code = "unmeasurable"


@dataclass(frozen=True, slots=True)
class Mastered:
    """An encoded track and what was measured: `decided` is pass, silent, too-quiet or missed, with its numbers."""

    path: Path
    source: Measurement
    final: Trial
    trials: int
    decided: Decided


async def master_audio(raw: Path, target: AudioCodec, path: Path, cancelled: asyncio.Event) -> Mastered:
    """Encode `raw` (float32, 48 kHz, stereo) to `path` at the target's loudness."""
    source = await measure(_raw_input(raw, target), cancelled)
    setting: Setting | None = first_setting(source, target)
    trials: list[Trial] = []
    part = path.with_suffix(".part")
    try:
        while setting is not None:
            trials.append(await _try(raw, setting, target, part, cancelled))
            setting = next_setting(trials, target)
        best = best_trial(trials, target)
        if best is not trials[-1]:
            best = await _try(raw, best.setting, target, part, cancelled)
        await asyncio.to_thread(os.replace, part, path)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    return Mastered(path, source, best, len(trials), judge(source, best, target))


async def measure(arguments: list[str], cancelled: asyncio.Event | None = None) -> Measurement:
    """Return the loudness of the input that `arguments` name (`["-i", path]`), by FFmpeg's ebur128."""
    meter = ["-map", "0:a:0", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"]
    result = await run([*arguments, *meter], cancelled=cancelled)
    report = result.stderr.rpartition("Summary:")[2]
    loudness, peak = _INTEGRATED.search(report), _PEAK.search(report)
    if loudness is None or peak is None:
        raise Unmeasurable(subject=arguments[-1])
    return Measurement(_level(loudness.group(1)), _level(peak.group(1)))


async def _try(raw: Path, setting: Setting, target: AudioCodec, part: Path, cancelled: asyncio.Event) -> Trial:
    limit = 10 ** (setting.ceiling_dbtp / 20)
    chain = (
        f"volume={setting.gain_db}dB:precision=float,aresample={_OVERSAMPLED},"
        f"alimiter=limit={limit:.6f}:level=0:attack=5:release=50:latency=1,aresample={target.sample_rate}"
    )
    encoder = [
        "-c:a",
        target.encoder,
        "-b:a",
        str(target.bit_rate),
        "-threads",
        "1",
        "-fflags",
        "+bitexact",
        "-flags",
        "+bitexact",
    ]
    await run([*_raw_input(raw, target), "-af", chain, *encoder, "-f", "mp4", "-y", str(part)], cancelled=cancelled)
    return Trial(setting, await measure(["-i", str(part)], cancelled))


def _raw_input(raw: Path, target: AudioCodec) -> list[str]:
    return ["-f", "f32le", "-ar", str(target.sample_rate), "-ac", str(target.channels), "-i", str(raw)]


def _level(text: str) -> float:
    return float("-inf") if "inf" in text or text == "nan" else float(text)
