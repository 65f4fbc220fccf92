"""Turn raw microphone levels into each speaker's own voice, in dB relative to how loud he usually is on his microphone.

Microphones differ in gain by 12 dB and more, and every one hears everybody; comparing raw dBFS therefore shows the
loudest *microphone*. So, over the whole session: floor = 8th percentile of a microphone's 100 ms levels; own level =
median power in the widest-led 40 % of the windows in which it leads; bleed = what the others hear in those windows,
relative to their own levels; three passes, each on the voices that the last one unmixed. Unmixing solves
heard = bleed x voices by 24 damped steps that keep every voice >= 0. All of it is arithmetic on levels: no model.
Source: our own measurements (docs: angle rulesets). Counterpart: `angles_v2.py` weighs the voices.
"""

from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Levels, Mask, MicCalibration, Scene
from ruach_studio.kernel.errors import BadInput

DIGITAL_FLOOR_DBFS = -100.0
FLOOR_PERCENTILE = 8.0
LOUD_PERCENTILE = 95.0
WIDEST_SHARE = 0.4
PASSES = 3
UNMIX_STEPS = 24
LEAD_MIN_DB = 3.0  # a window where the first leads by less says nothing about whose it is
LEAD_ENOUGH_DB = 15.0
SNR_MIN_DB = 6.0
EVIDENCE_MIN_S = 2.0  # a microphone that leads for less has not shown its speaker
UNHEARD_OFFSET_DB = 8.0  # where an unproven microphone's loud windows are put: below a speaker's own level
BLEED_MAX = 0.9
VOICE_MIN_DB = -40.0
WEAK_SEPARATION_DB = 4.0


@dataclass(frozen=True, slots=True)
class Voices:
    """What every microphone's own speaker does, window by window; arrays are (n_windows, n_mics).

    `relative_db`: the speaker's level re his own usual level, other people's bleed removed, at least -40.
    `snr_db`: the raw level above the microphone's floor. `recording`: False where there is no audio at all.
    """

    relative_db: Levels
    snr_db: Levels
    recording: Mask
    mics: tuple[MicCalibration, ...]


def calibrate(scene: Scene) -> Voices:
    """Return the voices of `scene`. Raises BadInput if no microphone is mapped to a camera, or none ever records."""
    if not scene.mics:
        raise BadInput(
            "no microphone belongs to a camera that shows its speaker", subject="session",
            remedy="Give at least one camera that is not the wide, or a microphone map.",
        )  # fmt: skip
    raw = np.column_stack([scene.column(mic) for mic, _ in scene.mics])
    recording = ~np.isnan(raw)
    if not recording.any():
        raise BadInput("no microphone recorded anything", subject="session", remedy="Check the files' audio tracks.")
    level = np.maximum(np.where(recording, raw, DIGITAL_FLOOR_DBFS), DIGITAL_FLOOR_DBFS)
    floor = _percentile(level, recording, FLOOR_PERCENTILE)
    loud = _percentile(level, recording, LOUD_PERCENTILE)
    snr = np.where(recording, level - floor, 0.0)
    power = np.where(recording, np.maximum(_power(level) - _power(floor), 0.0), 0.0)

    count = raw.shape[1]
    own = np.maximum(_power(loud) - _power(floor), _power(np.array(DIGITAL_FLOOR_DBFS)))
    separation = np.zeros(count)
    evidence = np.zeros(count)
    voices = power / own
    for _ in range(PASSES):
        voices, own, separation, evidence = _pass(voices, power, snr, own, loud - floor, scene.window_s)
    mics = tuple(
        MicCalibration(
            mic, camera, round(float(floor[j]), 2), round(float(_decibel(own[j])), 2), round(float(separation[j]), 2),
            round(float(evidence[j]), 2),
        )
        for j, (mic, camera) in enumerate(scene.mics)
    )  # fmt: skip
    return Voices(np.maximum(_decibel(voices), VOICE_MIN_DB), snr, recording, mics)


def _pass(
    voices: Levels, power: Levels, snr: Levels, own: Levels, loud_snr: Levels, window_s: float
) -> tuple[Levels, Levels, Levels, Levels]:
    """Learn own levels and bleed from the windows that each microphone clearly leads, and unmix with them."""
    count = power.shape[1]
    relative = _decibel(voices)
    first = relative.argmax(axis=1)
    rows = np.arange(relative.shape[0])
    ordered = np.sort(relative, axis=1)
    width = ordered[:, -1] - ordered[:, -2] if count > 1 else np.full(relative.shape[0], np.inf)
    # Beyond 15 dB a wider lead only means a louder syllable; preferring it would put the own level too high.
    width = np.minimum(width, LEAD_ENOUGH_DB)
    clear = (snr[rows, first] > SNR_MIN_DB) & (relative[rows, first] > -20.0) & (width >= LEAD_MIN_DB)

    learned = own.copy()
    evidence = np.zeros(count)
    windows: list[np.ndarray[tuple[int], np.dtype[np.int64]] | None] = []
    for j in range(count):
        led = np.flatnonzero(clear & (first == j))
        evidence[j] = led.size * window_s
        if evidence[j] < EVIDENCE_MIN_S:
            windows.append(None)
            continue
        widest = led[width[led] >= np.quantile(width[led], 1.0 - WIDEST_SHARE)]
        windows.append(widest)
        learned[j] = max(float(np.median(power[widest, j])), 1e-12)
    proven = [j for j in range(count) if windows[j] is not None]
    for j in range(count):
        if windows[j] is None and (proven or j != int(np.argmax(loud_snr))):
            # Nobody speaks here (or too little to tell): what it hears is bleed, so its loud windows must not win.
            learned[j] = max(float(np.percentile(power[:, j], LOUD_PERCENTILE)), 1e-12) * 10 ** (UNHEARD_OFFSET_DB / 10)

    heard = power / learned
    bleed = np.eye(count)
    separation = np.zeros(count)
    for j in range(count):
        widest_j = windows[j]
        if widest_j is None:
            continue
        column = np.median(heard[widest_j], axis=0) / max(float(np.median(heard[widest_j, j])), 1e-12)
        others = np.delete(column, j)
        separation[j] = float(-_decibel(others.max())) if others.size else -VOICE_MIN_DB
        bleed[:, j] = np.minimum(column, BLEED_MAX)
        bleed[j, j] = 1.0
    return _unmix(heard, bleed), learned, np.minimum(separation, -VOICE_MIN_DB), evidence


def _unmix(heard: Levels, bleed: Levels) -> Levels:
    """Solve heard = bleed @ voices for voices >= 0, all windows at once, by damped projected (Landweber-like) steps."""
    step = 1.0 / float(np.abs(bleed).sum(axis=1).max())
    voices = heard.copy()
    for _ in range(UNMIX_STEPS):
        voices = np.maximum(voices + step * (heard - voices @ bleed.T), 0.0)
    return voices


def _percentile(level: Levels, recording: Mask, percent: float) -> Levels:
    return np.array(
        [
            np.percentile(level[recording[:, j], j], percent) if recording[:, j].any() else DIGITAL_FLOOR_DBFS
            for j in range(level.shape[1])
        ]
    )


def _power(decibel: Levels) -> Levels:
    return np.asarray(np.power(10.0, decibel / 10.0), dtype=np.float64)


def _decibel(power: Levels | np.float64 | float) -> Levels:
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-12)), dtype=np.float64)
