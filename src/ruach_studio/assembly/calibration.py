"""Turn raw microphone levels into each speaker's own voice, in dB relative to how loud he usually is on his microphone.

Microphones differ in gain by 12 dB and more, and every one hears everybody; comparing raw dBFS therefore shows the
loudest *microphone*. So, over the whole session: floor = 8th percentile of a microphone's 100 ms levels; own level =
median power in the widest-led 40 % of the windows that it leads by 3 dB (1 dB if there are none); bleed = what the
others hear in those windows, relative to their own levels; three passes, each on the voices that the last one unmixed,
from two beginnings (height above the floor; 98th percentile), of which the one that tells more speakers apart is kept.
Unmixing solves heard = bleed x voices by 24 damped steps that keep every voice >= 0. A microphone that leads for less
than 2 s hears only others: its loud windows are put 8 dB below a speaker's own level. All of it is arithmetic on
levels, no model; the figures are our own, measured on made talks. Counterpart: `angles_v2.py` weighs the voices.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Levels, Mask, MicCalibration, Scene
from ruach_studio.kernel.errors import BadInput

DIGITAL_FLOOR_DBFS = -100.0
FLOOR_PERCENTILE = 8.0
LOUD_PERCENTILE = 98.0
WIDEST_SHARE = 0.4
PASSES = 3
UNMIX_STEPS = 24
LEADS_DB = (3.0, 1.0)  # a window that the first leads by less says nothing about whose it is; 1 dB only if need be
LEAD_ENOUGH_DB = 15.0
SNR_MIN_DB = 6.0
CALM_S = 0.5
CHANCE_DB = 2.0
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
    `bleed`, (n_mics, n_mics): power of speaker j at microphone i, each re its own. `apart_db`: how far the rays of the two
    speakers that are most alike lie apart (rays.py); None if it was not learned from rays.
    """

    relative_db: Levels
    snr_db: Levels
    recording: Mask
    mics: tuple[MicCalibration, ...]
    bleed: Levels
    apart_db: float | None = None


def calibrate(scene: Scene) -> Voices:
    """Return the voices of `scene`. Raises BadInput if no microphone is mapped to a camera, or none ever records."""
    if not scene.mics:
        raise BadInput(
            "no microphone belongs to a camera that shows its speaker", subject="session",
            remedy="Give at least one camera that is not the wide, or a microphone map.",
        )  # fmt: skip
    return calibrate_levels(np.column_stack([scene.column(mic) for mic, _ in scene.mics]), scene.mics, scene.window_s)


def calibrate_levels(
    raw: Levels, names: Sequence[tuple[str, str]], window_s: float, learn_most: int | None = None
) -> Voices:
    """Return the voices of `raw`, dBFS (n_windows, n_mics), NaN not recording; `names`: (microphone, who it shows).

    `learn_most` windows, evenly spread, are enough to learn from (None: all).
    """
    recording = ~np.isnan(raw)
    if not recording.any():
        raise BadInput("no microphone recorded anything", subject="session", remedy="Check the files' audio tracks.")
    level = np.maximum(np.where(recording, raw, DIGITAL_FLOOR_DBFS), DIGITAL_FLOOR_DBFS)
    floor = percentile_of(level, recording, FLOOR_PERCENTILE)
    loud = percentile_of(level, recording, LOUD_PERCENTILE)
    snr = np.where(recording, level - floor, 0.0)
    power = np.where(recording, np.maximum(power_of(level) - power_of(floor), 0.0), 0.0)

    # Two ways to begin: how far a microphone rises above its floor, and how loud it gets. The first fails where one has
    # more noise, the second where one only ever hears others; what separates the speakers better is kept,
    # and where neither does, the first.
    loudest = np.maximum(power_of(loud) - power_of(floor), power_of(np.array(DIGITAL_FLOOR_DBFS)))
    # Half a second is calm enough that chance does not look like a lead.
    calm = averaged(power, max(1, round(CALM_S / window_s)))
    every = 1 if learn_most is None else max(1, raw.shape[0] // learn_most)
    learned = [
        _learn(calm[::every], snr[::every], own, loud - floor, window_s * every) for own in (power_of(floor), loudest)
    ]
    best = max(learned, key=_quality)
    voices, own, separation, evidence = (
        unmixed(power / best.own, best.bleed, learn_most),
        best.own,
        best.separation_db,
        best.evidence_s,
    )
    mics = tuple(
        MicCalibration(
            mic, camera, round(float(floor[j]), 2), round(float(decibel_of(own[j])), 2), round(float(separation[j]), 2),
            round(float(evidence[j]), 2),
        )
        for j, (mic, camera) in enumerate(names)
    )  # fmt: skip
    return Voices(np.maximum(decibel_of(voices), VOICE_MIN_DB), snr, recording, mics, best.bleed)


@dataclass(frozen=True, slots=True)
class _Learned:
    voices: Levels
    own: Levels
    bleed: Levels
    separation_db: Levels
    evidence_s: Levels


def _quality(learned: _Learned) -> tuple[float, bool, int, float]:
    """Rank by how well the proven microphones are told apart (less what chance can do), by fewness, by evidence."""
    proven = np.flatnonzero(learned.evidence_s >= EVIDENCE_MIN_S)
    apart = 0.0
    for j in proven:
        rivals = [learned.bleed[k, j] for k in proven if k != j]
        if rivals:
            apart += min(max(float(-decibel_of(max(rivals))) - CHANCE_DB, 0.0), LEAD_ENOUGH_DB)
    return round(apart, 3), proven.size > 0, -proven.size, round(float(learned.evidence_s[proven].sum()), 3)


def _learn(power: Levels, snr: Levels, own: Levels, loud_snr: Levels, window_s: float) -> _Learned:
    learned = _Learned(power / own, own, np.eye(own.size), np.zeros(own.size), np.zeros(own.size))
    for _ in range(PASSES):
        learned = _pass(learned, power, snr, loud_snr, window_s)
    return learned


def _pass(before: _Learned, power: Levels, snr: Levels, loud_snr: Levels, window_s: float) -> _Learned:
    """Learn own levels and bleed from the windows that each microphone clearly leads, and unmix with them."""
    count = power.shape[1]
    relative = decibel_of(before.voices)
    first = relative.argmax(axis=1)
    rows = np.arange(relative.shape[0])
    ordered = np.sort(relative, axis=1)
    width = ordered[:, -1] - ordered[:, -2] if count > 1 else np.full(relative.shape[0], np.inf)
    # Beyond 15 dB a wider lead only means a louder syllable; preferring it would put the own level too high.
    width = np.minimum(width, LEAD_ENOUGH_DB)
    loud = snr[rows, first] > SNR_MIN_DB
    own = before.own.copy()
    evidence = np.zeros(count)
    windows: dict[int, Counts] = {}
    for j in range(count):
        for lead_db in LEADS_DB:
            led = np.flatnonzero(loud & (first == j) & (width >= lead_db))
            evidence[j] = led.size * window_s
            if evidence[j] >= EVIDENCE_MIN_S:
                windows[j] = led[width[led] >= np.quantile(width[led], 1.0 - WIDEST_SHARE)]
                own[j] = max(float(np.median(power[windows[j], j])), 1e-12)
                break
    for j in range(count):
        if j not in windows and (windows or j != int(np.argmax(loud_snr))):
            # Nobody speaks here (or too little to tell): what it hears is bleed, so its loud windows must not win.
            loud_power = float(np.percentile(power[:, j], LOUD_PERCENTILE))
            own[j] = max(loud_power, 1e-12) * 10 ** (UNHEARD_OFFSET_DB / 10)

    heard = power / own
    bleed = np.eye(count)
    separation = np.zeros(count)
    for j, widest in windows.items():
        column = np.median(heard[widest], axis=0) / max(float(np.median(heard[widest, j])), 1e-12)
        others = np.delete(column, j)
        separation[j] = float(-decibel_of(others.max())) if others.size else -VOICE_MIN_DB
        bleed[:, j] = np.minimum(column, BLEED_MAX)
        bleed[j, j] = 1.0
    return _Learned(unmix(heard, bleed), own, bleed, np.minimum(separation, -VOICE_MIN_DB), evidence)


def unmix(heard: Levels, bleed: Levels) -> Levels:
    """Solve heard = bleed @ voices for voices >= 0, all windows at once, by damped projected (Landweber-like) steps."""
    step = 1.0 / float(np.abs(bleed).sum(axis=1).max())
    voices = heard.copy()
    for _ in range(UNMIX_STEPS):
        voices = np.maximum(voices + step * (heard - voices @ bleed.T), 0.0)
    return voices


def unmixed(heard: Levels, bleed: Levels, rows: int | None) -> Levels:
    """Return `unmix`, in pieces of `rows` windows that stay in the processor's cache (None: in one)."""
    if rows is None or heard.shape[0] <= rows:
        return unmix(heard, bleed)
    step = 1.0 / float(np.abs(bleed).sum(axis=1).max())
    onward = np.eye(bleed.shape[0]) - step * bleed.T  # the same steps, written as one product and one sum
    voices, piece = heard.copy(), 4096
    for low in range(0, heard.shape[0], piece):
        now, add = voices[low : low + piece], step * heard[low : low + piece]
        for _ in range(UNMIX_STEPS):
            now = now @ onward
            now += add
            np.maximum(now, 0.0, out=now)
        voices[low : low + piece] = now
    return voices


def averaged(power: Levels, length: int, at: Counts | None = None) -> Levels:
    """Return the centred moving average over `length` windows, shorter at the edges; of some windows (None: of all)."""
    total = np.zeros((power.shape[0] + 1, power.shape[1]))
    np.cumsum(power, axis=0, out=total[1:])
    at = np.arange(power.shape[0]) if at is None else at
    low, high = np.maximum(at - length // 2, 0), np.minimum(at + (length + 1) // 2, power.shape[0])
    return np.asarray(np.maximum(total[high] - total[low], 0.0) / (high - low)[:, None], dtype=np.float64)


def percentile_of(level: Levels, recording: Mask, percent: float) -> Levels:
    return np.array(
        [
            np.percentile(level[recording[:, j], j], percent) if recording[:, j].any() else DIGITAL_FLOOR_DBFS
            for j in range(level.shape[1])
        ]
    )


def power_of(decibel: Levels) -> Levels:
    return np.asarray(np.power(10.0, decibel / 10.0), dtype=np.float64)


def decibel_of(power: Levels | np.float64 | float) -> Levels:
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-12)), dtype=np.float64)
