"""Turn raw microphone levels into each speaker's own voice, as calibration.py does, but learned from rays (revision 3).

`rays.py` finds how each speaker is heard everywhere. His windows are those within 3 dB of his ray; his own level is the
median power of the louder ones of them; bleed is his ray, re the own levels. A microphone without a ray hears only others
and is put 8 dB below. Only windows in which every microphone records teach: one that stops does not mislead. With fewer
than two rays (one speaker, gain control, hardly any sound) calibration.py learns instead. Counterpart: angles_weigh.py.
"""

from collections.abc import Sequence

import numpy as np

from ruach_studio.assembly.angles_shot import Levels, Mask, MicCalibration
from ruach_studio.assembly.calibration import (
    CALM_S,
    DIGITAL_FLOOR_DBFS,
    FLOOR_PERCENTILE,
    LOUD_PERCENTILE,
    UNHEARD_OFFSET_DB,
    VOICE_MIN_DB,
    Voices,
    averaged,
    calibrate_levels,
    decibel_of,
    percentile_of,
    power_of,
)
from ruach_studio.assembly.rays import MINE_DB, SNR_MIN_DB, Rays, distance_db, rays_of

BLEED_MOST = 2.0  # 3 dB louder at somebody else's microphone than its own speaker
SOLVE_STEPS = 8  # from the unbounded solution; 24 from the heard levels come to the same within 0.01 dB
_PIECE = 4096  # windows that stay in the processor's cache


def calibrate_by_rays(raw: Levels, names: Sequence[tuple[str, str]], window_s: float, learn_most: int) -> Voices:
    """Return the voices of `raw`, dBFS (n_windows, n_mics), NaN not recording; `names`: (microphone, who it shows).

    `learn_most` windows, evenly spread, are learned from. Raises BadInput if no microphone ever records.
    """
    recording = ~np.isnan(raw)
    together = recording.all(axis=1)
    if raw.shape[1] < 2 or not together.any():
        return calibrate_levels(raw, names, window_s, learn_most)
    level = _heard(raw, recording)
    floor = percentile_of(level, recording, FLOOR_PERCENTILE)
    power = power_of(level)
    del level  # made again below: arrays of all windows make the peak of memory here
    power -= power_of(floor)
    np.maximum(power, 0.0, out=power)
    power[~recording] = 0.0
    taught = np.flatnonzero(together)
    every = max(1, taught.size // learn_most)
    calm = averaged(power, max(1, round(CALM_S / window_s)), taught[::every])
    calm_db = decibel_of(np.maximum(calm, 0.5 * power_of(floor)))
    rays = rays_of(calm_db, floor)
    if rays.mic.size < 2:
        return calibrate_levels(raw, names, window_s, learn_most)
    own, evidence_s = _own_levels(calm, calm_db, floor, rays, window_s * every)
    bleed = np.eye(raw.shape[1])
    separation = np.zeros(raw.shape[1])
    for ray, j in zip(rays.level_db.T, rays.mic, strict=True):
        column = power_of(ray - ray[j]) * own[j] / own
        separation[j] = min(float(-decibel_of(np.delete(column, j).max())), -VOICE_MIN_DB)
        bleed[:, j] = np.minimum(column, BLEED_MOST)
    power /= own
    voices = power  # in its place
    _solve(voices, bleed)
    mics = tuple(
        MicCalibration(
            mic, camera, round(float(floor[j]), 2), round(float(decibel_of(own[j])), 2), round(float(separation[j]), 2),
            round(float(evidence_s[j]), 2),
        )
        for j, (mic, camera) in enumerate(names)
    )  # fmt: skip
    _to_decibel(voices)
    np.maximum(voices, VOICE_MIN_DB, out=voices)
    snr = _heard(raw, recording)
    snr -= floor
    snr[~recording] = 0.0
    return Voices(voices, snr, recording, mics, bleed, rays.apart_db)


def _heard(raw: Levels, recording: Mask) -> Levels:
    heard = np.where(recording, raw, DIGITAL_FLOOR_DBFS)
    return np.maximum(heard, DIGITAL_FLOOR_DBFS, out=heard)


def _to_decibel(power: Levels) -> None:
    """Do in place what `decibel_of` does."""
    np.maximum(power, 1e-12, out=power)
    np.log10(power, out=power)
    power *= 10.0


def _own_levels(calm: Levels, calm_db: Levels, floor: Levels, rays: Rays, window_s: float) -> tuple[Levels, Levels]:
    """Return each microphone's power while its own speaker talks, and the seconds that say so."""
    apart = distance_db(calm_db, rays.level_db.T)
    nearest = np.where((calm_db - floor).max(axis=1) >= SNR_MIN_DB, apart.argmin(axis=1), -1)
    evidence_s = np.zeros(floor.size)
    own = np.percentile(calm, LOUD_PERCENTILE, axis=0) * 10 ** (UNHEARD_OFFSET_DB / 10)
    for k, j in enumerate(rays.mic):
        heard = calm[(nearest == k) & (apart[:, k] < MINE_DB), j]
        evidence_s[j] = heard.size * window_s
        own[j] = np.median(heard[heard >= 0.5 * np.median(heard)])
    return np.maximum(own, 1e-12), evidence_s


def _solve(heard: Levels, bleed: Levels) -> None:
    """Solve heard = bleed @ voices for voices >= 0, in place: the unbounded solution, cut off at 0, then projected steps."""
    step = 1.0 / float(np.abs(bleed).sum(axis=1).max())
    freely, onward = np.linalg.pinv(bleed).T, np.eye(bleed.shape[0]) - step * bleed.T
    for low in range(0, heard.shape[0], _PIECE):
        piece = heard[low : low + _PIECE]
        now, add = np.maximum(piece @ freely, 0.0), step * piece
        for _ in range(SOLVE_STEPS):
            now = now @ onward
            now += add
            np.maximum(now, 0.0, out=now)
        piece[:] = now
