"""Turn energy into a proposal of who is heard where and filmed by whom, with its evidence, for a person to correct.

A recorder whose two channels move against each other (the difference of their levels spans 12 dB and more while there is
sound) holds two microphones. Each microphone that leads for 2 s and more proves a speaker. A camera's own microphone is
proposed for the camera; a channel or an audio track (lavalier, mixer) goes to the camera that hears the speaker best while
he talks, if that is clear (1 dB), and to the same speaker as that camera's own microphone if the two rise together. Two
cameras whose own microphones rise together are both his.
What remains is left out, with the reason. Counterpart: mapping.py checks what the person made of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import Levels
from ruach_studio.assembly.calibration import EVIDENCE_MIN_S, WEAK_SEPARATION_DB, calibrate_levels
from ruach_studio.assembly.digest import AudioDigest, in_parts
from ruach_studio.assembly.energy import EnergyMatrix, channel_column
from ruach_studio.assembly.gain_watch import automatic_gain
from ruach_studio.assembly.mapping import MicRef, Speaker, SpeakerMap
from ruach_studio.kernel.errors import BadInput

SPAN_DB = 12.0
SOUND_DB = 10.0  # above the floor
CLEAR_DB = 1.0
TOGETHER = 0.8  # correlation of levels
_AT_ONCE = 30_000  # five minutes of 10 ms


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a microphone was given to a speaker, or to nobody (`speaker_id` None)."""

    mic: MicRef
    speaker_id: str | None
    leads_s: float
    separation_db: float
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A map that a person may accept, and the evidence for each microphone in the order of the energy's columns."""

    speakers: SpeakerMap
    evidence: tuple[Evidence, ...]


def holds_two_microphones(digests: Sequence[AudioDigest]) -> bool:
    """Say whether a recorder's two channels are two microphones, not a stereo picture (or twice the same)."""
    if not digests or any(digest.channels != 2 for digest in digests):
        return False
    tenths: list[Levels] = []
    rest: Levels = np.empty((0, 2))
    for part in (part for digest in digests for part in in_parts(digest.power10ms, _AT_ONCE)):
        power: Levels = np.concatenate((rest, part))  # a clip need not end with a full 100 ms
        tenths.append(power[: len(power) // 10 * 10].reshape(-1, 10, 2).mean(axis=1))
        rest = power[len(power) // 10 * 10 :]
    tenth = np.concatenate([*tenths, np.empty((0, 2))])
    level = 10.0 * np.log10(np.maximum(tenth[~np.isnan(tenth).any(axis=1)], 1e-10))
    if level.shape[0] < 100:
        return False
    sound = (level > np.percentile(level, 8.0, axis=0) + SOUND_DB).any(axis=1)
    if sound.sum() < 50:
        return False
    difference = level[sound, 0] - level[sound, 1]
    low, high = np.percentile(difference, [10.0, 90.0])
    return bool(high - low >= SPAN_DB)


def propose(matrix: EnergyMatrix, cameras: Sequence[str], *, wide: str | None = None) -> Proposal:
    """Return the proposal for a session whose `cameras` have picture. Raises BadInput if no microphone proves a speaker."""
    whole = [name for name in matrix.cameras if not _is_channel(name, matrix.cameras)]
    mics = [_mic(name, whole) for name in matrix.cameras]
    split = {mic.camera_id for mic in mics if mic.channel is not None}
    chosen = [m for m in mics if m.camera_id != wide and not (m.channel is None and m.camera_id in split)]
    if not chosen:
        raise BadInput("no microphone but the wide's", subject="speakers", remedy="Name the speakers by hand.")
    raw = np.column_stack([np.asarray(matrix.dbfs[:, matrix.cameras.index(m.column)], np.float64) for m in chosen])
    voices = calibrate_levels(raw, tuple((m.column, m.camera_id) for m in chosen), matrix.window_ms / 1000.0)
    agc = automatic_gain(raw, matrix.window_ms / 1000.0)
    heard = np.where(np.isnan(raw), -100.0, np.maximum(raw, -100.0))
    close_ups = [camera for camera in cameras if camera != wide]
    speakers: dict[str, Speaker] = {}
    evidence = []
    own_first = sorted(
        range(len(chosen)), key=lambda j: chosen[j].camera_id not in close_ups or chosen[j].channel is not None
    )
    for j in own_first:
        mic, facts = chosen[j], voices.mics[j]
        own = mic.camera_id in close_ups and mic.channel is None
        facts_text = f"leads for {facts.own_s:.0f} s, {facts.separation_db:.1f} dB over the next microphone"
        if agc[j]:
            facts_text += "; its gain is controlled automatically, so levels prove little"
        twin = next((s for s in speakers.values() if _together(heard, j, chosen, s)), None)
        if twin is not None:
            films = (*twin.cameras, mic.camera_id) if own else twin.cameras
            speakers[twin.id] = Speaker(twin.id, twin.name, (*twin.mics, mic), films)
            words, who = f"rises and falls with {twin.mics[0]}", twin.id
        elif own or facts.own_s >= EVIDENCE_MIN_S:
            camera, clear = (mic.camera_id, True) if own else _best_camera(matrix, heard[:, j], close_ups)
            if mic.channel is not None and mic.camera_id in close_ups and not clear:
                camera = mic.camera_id
            speakers[mic.column] = Speaker(mic.column, f"Camera {mic.column}" if own else mic.column, (mic,), (camera,))
            words, who = facts_text, mic.column
            if own and (facts.own_s < EVIDENCE_MIN_S or facts.separation_db < WEAK_SEPARATION_DB):
                words += "; check that its camera films who it hears best"
            if not own and not clear:
                words += f"; no camera hears him clearly best, {camera} is a guess: check it"
        else:
            words, who = f"{facts_text}: it proves no speaker", None
        evidence.append((j, Evidence(mic, who, facts.own_s, facts.separation_db, words)))
    if not speakers:
        raise BadInput("no microphone proves a speaker", subject="speakers", remedy="Name the speakers by hand.")
    return Proposal(SpeakerMap(tuple(speakers.values())), tuple(each for _, each in sorted(evidence, key=lambda e: e[0])))


def _is_channel(name: str, columns: Sequence[str]) -> bool:
    camera, _, number = name.rpartition("#")
    return number.isdigit() and camera in columns and channel_column(camera, int(number)) == name


def _mic(column: str, whole: Sequence[str]) -> MicRef:
    if column in whole:
        return MicRef(column)
    camera, _, number = column.rpartition("#")
    return MicRef(camera, int(number))


def _together(heard: Levels, j: int, chosen: Sequence[MicRef], speaker: Speaker) -> bool:
    first = next((k for k, mic in enumerate(chosen) if mic == speaker.mics[0]), j)
    if first == j or min(float(heard[:, j].std()), float(heard[:, first].std())) < 1e-6:
        return False
    return float(np.corrcoef(heard[:, j], heard[:, first])[0, 1]) >= TOGETHER


def _best_camera(matrix: EnergyMatrix, heard: Levels, close_ups: Sequence[str]) -> tuple[str, bool]:
    """Return the camera whose microphone rises most while this one is loud, and whether that is clear."""
    loud, quiet = heard >= np.percentile(heard, 85.0), heard <= np.percentile(heard, 50.0)
    rises = []
    for camera in close_ups:
        if camera not in matrix.cameras:
            continue
        level = np.maximum(
            np.nan_to_num(np.asarray(matrix.dbfs[:, matrix.cameras.index(camera)], np.float64), nan=-100.0), -100.0
        )
        rises.append((float(np.median(level[loud]) - np.median(level[quiet])), camera))
    if not rises:
        return close_ups[0], False
    rises.sort(key=lambda each: -each[0])
    return rises[0][1], len(rises) == 1 or rises[0][0] - rises[1][0] >= CLEAR_DB
