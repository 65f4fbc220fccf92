"""Turn loudness measurements into the next gain to try, and the last one into pass or fail.

Target: −14 LUFS ± 0.5 and a true peak of at most −1 dBTP, measured on the *encoded* track (EBU R 128 / ITU-R BS.1770-4).
FFmpeg's two-pass loudnorm was measured to miss both bounds on wide dynamics, so: static gain, a true-peak limiter at −2
dBTP (AAC adds up to 0.9 dB of peak), measure, correct, repeat. A limiter eats part of each added decibel, hence a secant
step instead of a plain difference. Sound that is silent, or would need more than 40 dB, is stated and left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ruach_studio.render.plan import Decided, decided
from ruach_studio.render.presets import AudioCodec

RULES_VERSION = "loudness-v1"
SILENT_LUFS = -69.0  # ebur128 reports -70 when nothing passes the absolute gate
MAX_GAIN_DB = 40.0
FIRST_CEILING_DBTP = -2.0
AIM_LU, LATE_AIM_LU = 0.2, 0.45  # go on until this near, after four trials be content with that; the bound is 0.5
# FFmpeg's meter looks at four times the rate and may read 0.15 dB less than one that looks at eight times.
PEAK_MARGIN_DB = 0.2
MAX_TRIALS = 7
_LATE = 4
_MIN_SLOPE, _MAX_STEP_DB = 0.15, 12.0
_LOST_PER_DB_OF_CEILING = 0.5  # loudness that a lower ceiling costs, made up for in the same step


@dataclass(frozen=True, slots=True)
class Measurement:
    """Integrated loudness in LUFS and true peak in dBTP of a whole track; -inf is digital silence."""

    lufs: float
    true_peak_dbtp: float

    @property
    def is_silent(self) -> bool:
        """Say whether nothing in the track counts as sound."""
        return not math.isfinite(self.lufs) or self.lufs <= SILENT_LUFS

    def to_facts(self) -> dict[str, float | None]:
        """Return what a step's record keeps: None is digital silence."""
        levels = {"lufs": self.lufs, "truePeakDbtp": self.true_peak_dbtp}
        return {name: level if math.isfinite(level) else None for name, level in levels.items()}


@dataclass(frozen=True, slots=True)
class Setting:
    """What to do to the sound: gain, then a limiter at this true peak."""

    gain_db: float
    ceiling_dbtp: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A setting, and what the encoded track then measured."""

    setting: Setting
    measured: Measurement


def first_setting(source: Measurement, target: AudioCodec) -> Setting:
    """Return the setting to try first on a source that measured `source` before any processing."""
    if source.is_silent:
        return Setting(0.0, FIRST_CEILING_DBTP)
    return Setting(round(min(target.target_lufs - source.lufs, MAX_GAIN_DB), 2), FIRST_CEILING_DBTP)


def next_setting(trials: Sequence[Trial], target: AudioCodec) -> Setting | None:
    """Return what to try after `trials`, or None when the last is good enough or nothing better can be expected."""
    last = trials[-1]
    error = target.target_lufs - last.measured.lufs
    over = last.measured.true_peak_dbtp - (target.max_true_peak_dbtp - PEAK_MARGIN_DB)
    aim = AIM_LU if len(trials) < _LATE else LATE_AIM_LU
    if last.measured.is_silent or len(trials) >= MAX_TRIALS or (abs(error) <= aim and over <= 0):
        return None
    lowered = over + 0.2 if over > 0 else 0.0
    ceiling = last.setting.ceiling_dbtp - lowered
    step = (0.0 if abs(error) <= AIM_LU else error / _slope(trials)) + _LOST_PER_DB_OF_CEILING * lowered
    gain = min(last.setting.gain_db + max(-_MAX_STEP_DB, min(_MAX_STEP_DB, step)), MAX_GAIN_DB)
    setting = Setting(round(gain, 2), round(ceiling, 2))
    return None if setting == last.setting else setting


def best_trial(trials: Sequence[Trial], target: AudioCodec) -> Trial:
    """Return the trial nearest to the target among those well under the peak bound (else just under, else among all)."""
    bound = target.max_true_peak_dbtp
    well, just = ([t for t in trials if t.measured.true_peak_dbtp <= bound - margin] for margin in (PEAK_MARGIN_DB, 0.0))
    well = [t for t in well if abs(t.measured.lufs - target.target_lufs) <= target.tolerance_lu]
    allowed = well or just or list(trials)
    return min(
        allowed, key=lambda t: abs(t.measured.lufs - target.target_lufs) if math.isfinite(t.measured.lufs) else math.inf
    )


def judge(source: Measurement, final: Trial, target: AudioCodec) -> Decided:
    """Return pass, or why not: silent (no sound at all), too-quiet (more than 40 dB missing) or missed."""
    lufs, peak = final.measured.lufs, final.measured.true_peak_dbtp
    read = {"source": source, "final": final, "target": target}
    if source.is_silent:
        return decided(
            "silent", (f"the programme is silent ({source.lufs:.1f} LUFS): nothing to raise",), read, RULES_VERSION
        )
    reasons = (
        f"measured {lufs:.1f} LUFS on the encoded track, wanted {target.target_lufs:g} ± {target.tolerance_lu:g}",
        f"true peak {peak:.1f} dBTP, at most {target.max_true_peak_dbtp:g} allowed",
        f"source {source.lufs:.1f} LUFS, gain {final.setting.gain_db:+.1f} dB, limit {final.setting.ceiling_dbtp:g} dBTP",
    )
    good = abs(lufs - target.target_lufs) <= target.tolerance_lu and peak <= target.max_true_peak_dbtp
    if good:
        return decided("pass", reasons, read, RULES_VERSION)
    if final.setting.gain_db >= MAX_GAIN_DB:
        return decided(
            "too-quiet", (*reasons, f"more than {MAX_GAIN_DB:g} dB would be noise, not sound"), read, RULES_VERSION
        )
    return decided("missed", reasons, read, RULES_VERSION)


def _slope(trials: Sequence[Trial]) -> float:
    """Return decibels of loudness per decibel of gain, from the last two trials; 1 where one trial cannot tell."""
    if len(trials) < 2:
        return 1.0
    before, last = trials[-2], trials[-1]
    moved = last.setting.gain_db - before.setting.gain_db
    if abs(moved) < 0.05:
        return 1.0
    return min(max((last.measured.lufs - before.measured.lufs) / moved, _MIN_SLOPE), 1.0)
