"""Turn an energy matrix into the cost of showing each target in each window: `angle-v2`, revisions 2 and 3.

As in revision 1 (`angles_v2.py`) each speaker's own voice is unmixed and smoothed over 0.5 s; showing target c costs
1 - share_c while somebody speaks, 0.55 while nobody does; the wide 0.6 and 0.1. New: a gain that changes is followed
(calibration_rolling.py); where a recorder controls its gain, or a microphone separates its speaker by less than 4 dB or
proves none, arrival order decides, if it was measured; overlaps have names (overlap.py) and each its strategy; while a
microphone is missing, what the others hear of its speaker is not taken for theirs. Revision 3 learns the voices from rays
(calibration_rays.py), so that weak separation alone is no reason to mistrust levels: rays closer than 3 dB are. Where levels
cannot be trusted arrival order decides alone (they only harmed it), less what a voice leaves at others' lags. A voice within
12 dB (not 10) of its usual level counts as speaking.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.ndimage import maximum_filter1d

from ruach_studio.assembly.angles_shot import Levels, Mask, Scene
from ruach_studio.assembly.angles_targets import Target, covered, films_of, targets_of
from ruach_studio.assembly.angles_v2 import (
    ACTIVE_LEVEL_DB,
    ACTIVE_LEVEL_SLOPE,
    ACTIVE_SNR_DB,
    ACTIVE_SNR_SLOPE,
    IDLE_CLOSE_UP_COST,
    IDLE_WIDE_COST,
    OVERLAP_WIDE_COST,
    SHARE_GAIN,
    WIDE_COST,
    sigmoid,
    smoothed,
)
from ruach_studio.assembly.arrival_evidence import arrivals, unleaked
from ruach_studio.assembly.calibration import EVIDENCE_MIN_S, VOICE_MIN_DB, WEAK_SEPARATION_DB, Voices, calibrate_levels
from ruach_studio.assembly.calibration_rays import calibrate_by_rays
from ruach_studio.assembly.calibration_rolling import LEARN_MOST, Learn, calibrate_rolling
from ruach_studio.assembly.gain_watch import GainChange, automatic_gain
from ruach_studio.assembly.mapping import Speaker, SpeakerMap, map_of_mics
from ruach_studio.assembly.overlap import LEVEL_DB, Overlap, backchannels, overlaps

ARRIVAL_GAIN, ARRIVAL_ACTIVE, ARRIVAL_SLOPE, ARRIVAL_VOICED = 8.0, 0.3, 0.06, 0.22
GAP_MARGIN_DB, GAP_WORD_S = 1.0, 1.1
HOPELESS_SEPARATION_DB = 1.0
ALIKE_DB = 3.0  # rays closer than this do not tell two speakers apart for sure
VOICED_DB = -12.0  # of revision 3
BACKCHANNEL_PULL = 1.0
UNCOVERED_COST = 1000.0
_PIECE = 4096  # windows that are worked on at once


@dataclass(frozen=True, slots=True)
class Weighed:
    """The evidence per window; `level_db`, `share`, `voiced`, `heard` are (n_windows, n_speakers), `cost_s` (…, n_targets)
    is what each window costs in seconds of wrong picture, to 9 decimals.

    `gap`: a microphone is missing and what the others hear may be its speaker. `by`: what decided.
    `films`: whether each camera records; `together`: several talk; `all_heard`: no gap anywhere. `agc`: per speaker.
    `need_arrival`: levels cannot be trusted. `voices`: as learned, without the levels of each window.
    """

    speakers: SpeakerMap
    targets: tuple[Target, ...]
    voices: Voices
    level_db: Levels
    share: Levels
    active: Levels
    voiced: Mask
    heard: Mask
    gap: Mask
    overlaps: tuple[Overlap, ...]
    cost_s: Levels
    films: Mapping[str, Mask]
    together: Mask
    all_heard: bool
    by: Literal["level", "arrival", "both"]
    agc: Mask
    changes: tuple[GainChange, ...]
    need_arrival: bool


def weigh(scene: Scene) -> Weighed:
    """Return the evidence of `scene`. Raises BadInput if no microphone ever records."""
    speakers = scene.speakers or map_of_mics(dict(scene.mics))
    raw = speaker_levels(scene, speakers)
    names = tuple((speaker.mics[0].column, speaker.cameras[0]) for speaker in speakers.speakers)
    voices, changes = calibrate_rolling(raw, names, scene.window_s, _learner(scene))
    agc = automatic_gain(raw, scene.window_s)
    del raw  # of all windows, as what `_by_level` makes: the peak of memory is here
    need = _needs_arrival(voices, agc)
    level, active, gap = _by_level(voices, scene.window_s)
    voices = replace(voices, relative_db=voices.relative_db[:0].copy(), snr_db=voices.snr_db[:0].copy())  # all said now
    share = _softmax(SHARE_GAIN * level)
    latest = scene.revision > 2
    voiced = (level > (VOICED_DB if latest else LEVEL_DB)) & (active > 0.5)[:, None]
    by: Literal["level", "arrival", "both"] = "level"
    if need and scene.matrix.arrival is not None:
        mics = [_whole_mic(speaker) for speaker in speakers.speakers]
        found = arrivals(scene.matrix.arrival, mics)
        if found is not None:
            by = "arrival" if latest or _hopeless(voices, agc) else "both"
            raw_strength = unleaked(found.strength) if latest else found.strength
            strength = smoothed(raw_strength, scene.window_s, (0.0, 1.5))
            if by == "both":
                share = _softmax(ARRIVAL_GAIN * strength + SHARE_GAIN * level)
            else:
                share = _softmax(ARRIVAL_GAIN * strength)
                active = sigmoid((strength.max(axis=1) - ARRIVAL_ACTIVE) / ARRIVAL_SLOPE)
                voiced = strength > ARRIVAL_VOICED
    found_overlaps = overlaps(voiced, 10.0 * np.log10(np.maximum(share, 1e-6)), scene.window_s, scene.options.overlap_s)
    targets = targets_of(speakers, scene.wide)
    films = films_of(scene, targets)
    together = np.zeros(active.size, dtype=bool)
    for each in found_overlaps:
        together[each.start : each.end] = True
    cost_s = _costs(scene, targets, share, active, found_overlaps, voiced)
    cost_s[~covered(films, targets)] = UNCOVERED_COST
    cost_s *= scene.window_s
    np.round(cost_s, 9, out=cost_s)
    return Weighed(
        speakers, targets, voices, level, share, active, voiced, voices.recording, gap, found_overlaps, cost_s, films,
        together, bool(voices.recording.all()), by, agc, changes, need,
    )  # fmt: skip


def levels_untrusted(scene: Scene) -> bool:
    """Say whether arrival order is wanted: a gain is controlled, or a microphone separates or proves too little."""
    speakers = scene.speakers or map_of_mics(dict(scene.mics))
    raw = speaker_levels(scene, speakers)
    names = tuple((speaker.mics[0].column, speaker.cameras[0]) for speaker in speakers.speakers)
    voices = _learner(scene)(raw, names, scene.window_s, LEARN_MOST)
    return _needs_arrival(voices, automatic_gain(raw, scene.window_s))


def _learner(scene: Scene) -> Learn:
    return calibrate_by_rays if scene.revision > 2 else calibrate_levels


def speaker_levels(scene: Scene, speakers: SpeakerMap) -> Levels:
    """Return dBFS (n_windows, n_speakers): of several microphones of one speaker, the mean power at equal loudness."""
    columns = []
    for speaker in speakers.speakers:
        mine = np.column_stack([scene.column(mic.column) for mic in speaker.mics])
        if mine.shape[1] > 1:
            loud = np.array([np.nanpercentile(np.maximum(c, -100.0), 95.0) if (c == c).any() else 0.0 for c in mine.T])
            power = np.power(10.0, (mine - loud) / 10.0)
            count = np.maximum((~np.isnan(power)).sum(axis=1), 1)
            with np.errstate(divide="ignore"):
                mixed = 10.0 * np.log10(np.nansum(power, axis=1) / count) + loud[0]
            mixed[np.isnan(mine).all(axis=1)] = np.nan
            mine = mixed[:, None]
        columns.append(mine[:, 0])
    return np.column_stack(columns)


def _needs_arrival(voices: Voices, agc: Mask) -> bool:
    if len(voices.mics) < 2:
        return False
    if voices.apart_db is not None:
        weak = voices.apart_db < ALIKE_DB
    else:
        weak = any(m.separation_db < WEAK_SEPARATION_DB for m in voices.mics)
    return bool(agc.any()) or weak or any(m.own_s < EVIDENCE_MIN_S for m in voices.mics)


def _hopeless(voices: Voices, agc: Mask) -> bool:
    """Say whether levels are of no use at all; else, in revision 2, arrival order only helps them."""
    return bool(agc.any()) or any(m.separation_db < HOPELESS_SEPARATION_DB or m.own_s < EVIDENCE_MIN_S for m in voices.mics)


def _whole_mic(speaker: Speaker) -> str:
    return next((mic.camera_id for mic in speaker.mics if mic.channel is None), "")


def _by_level(voices: Voices, window_s: float) -> tuple[Levels, Levels, Mask]:
    """Return levels, activity and gaps, in the place of the voices' own windows: they are used up."""
    level = smoothed(voices.relative_db, window_s, (VOICE_MIN_DB, 6.0), voices.relative_db)
    level[~voices.recording] = VOICE_MIN_DB
    snr = smoothed(voices.snr_db, window_s, (-20.0, 60.0), voices.snr_db)
    activity = snr  # in its place, by pieces
    for low in range(0, len(snr), _PIECE):
        loud, clear = level[low : low + _PIECE], snr[low : low + _PIECE]
        speaks = sigmoid((loud - ACTIVE_LEVEL_DB) / ACTIVE_LEVEL_SLOPE)
        clear[:] = speaks * sigmoid((clear - ACTIVE_SNR_DB) / ACTIVE_SNR_SLOPE)
    activity[~voices.recording] = 0.0
    gap = np.zeros(level.shape[0], dtype=bool)
    for i in range(level.shape[1]):
        missing = ~voices.recording[:, i]
        if not missing.any():
            continue
        for j in range(level.shape[1]):
            loudest = maximum_filter1d(level[:, j], max(1, round(GAP_WORD_S / window_s)), mode="nearest")
            limit = 10.0 * np.log10(max(float(voices.bleed[j, i]), 1e-6)) + GAP_MARGIN_DB
            his = missing & voices.recording[:, j] & (loudest < limit) & (activity[:, j] > 0.5)
            level[his, j], activity[his, j] = VOICE_MIN_DB, 0.0
            gap |= his
    gap &= activity.max(axis=1) <= 0.5
    return level, activity.max(axis=1), gap


def _softmax(evidence: Levels) -> Levels:
    """Return the softmax of each row, in place."""
    evidence -= evidence.max(axis=1, keepdims=True)
    np.exp(evidence, out=evidence)
    evidence /= evidence.sum(axis=1, keepdims=True)
    return evidence


def _costs(
    scene: Scene, targets: tuple[Target, ...], share: Levels, active: Levels, found: tuple[Overlap, ...], voiced: Mask
) -> Levels:
    cost = np.empty((share.shape[0], len(targets)))
    of = {speaker: t for t, target in enumerate(targets) for speaker in target.speakers}
    wide = next((t for t, target in enumerate(targets) if target.cameras == (scene.wide,)), None)
    for t, target in enumerate(targets):
        shown = share[:, list(target.speakers)].sum(axis=1) if target.speakers else np.zeros(share.shape[0])
        cost[:, t] = active * (1 - shown) + (1 - active) * IDLE_CLOSE_UP_COST
        if t == wide:
            general = active * WIDE_COST + (1 - active) * IDLE_WIDE_COST
            cost[:, t] = np.minimum(general, active * (1 - shown) + (1 - active) * IDLE_WIDE_COST)
    for each in found:
        strategy = getattr(scene.options, each.kind)
        chosen = wide if strategy == "wide" else of.get(each.after if strategy == "winner" else each.before)
        if chosen is not None:
            span = slice(each.start, each.end)
            cost[span] = np.maximum(cost[span], WIDE_COST)
            cost[span, chosen] = OVERLAP_WIDE_COST
    if scene.options.backchannel == "cut":
        length = round(scene.options.min_shot_s / scene.window_s) + 1
        for start, _, speaker in backchannels(voiced, scene.window_s):
            span = slice(start, start + length)
            cost[span] += BACKCHANNEL_PULL
            cost[span, of[speaker]] = 0.0
    return cost
