"""Turn what is kept of a camera's sound into what it is worth: a score from 0 to 1 with its reasons.

Level: RMS of the stretches that stand 10 dB above the floor, best at -16 dBFS, worth nothing 24 dB aside. Headroom: from the
highest sample to full scale, full from 6 dB. Noise: the true floor is the 5th percentile of 100 ms windows (pauses), the
distance to the speech is full from 30 dB. Score = 0.4 level + 0.3 headroom + 0.3 distance (the reference's weights), less up
to half for clipping (1 % of clipped samples and more) and the root of what is missing of 7 kHz bandwidth.

The master is the best sounding camera among those that recorded at least 90 % of the longest, an earlier one if it is within
5 %. Programme sound: a mixer or lavalier (role audio) beats a camera; then what recorded the whole programme; then the
better one; the master within 5 %.
Counterpart: digest.py keeps the figures; sync_model.py carries the result; edl.py takes the order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.digest import THIRD_OCTAVES_HZ, AudioDigest, in_parts
from ruach_studio.assembly.session import Camera, SessionSources

BEST_LEVEL_DBFS, LEVEL_SPAN_DB = -16.0, 24.0
FULL_HEADROOM_DB, FULL_SNR_DB = 6.0, 30.0
ABOVE_FLOOR_DB = 10.0
QUIETEST_DBFS = -96.0  # the floor of 16 bits: digital silence counts as this
FULL_CLIPPING = 0.01
FULL_BANDWIDTH_HZ = 7000.0
BANDWIDTH_DROP_DB = 45.0
MASTER_COVERAGE = 0.9
NEARLY_AS_GOOD = 0.05
_AT_ONCE = 30_000  # five minutes of 10 ms


@dataclass(frozen=True, slots=True)
class SoundQuality:
    """One camera's sound: dB relative to full scale, the score (0 to 1; 0 without sound) and the sentences behind it."""

    camera_id: str
    score: float
    level_dbfs: float
    floor_dbfs: float
    headroom_db: float
    clipped_share: float
    bandwidth_hz: float
    reasons: tuple[str, ...]


def assess(camera_id: str, digests: Sequence[AudioDigest]) -> SoundQuality:
    """Return what the sound of a camera's clips is worth, all clips together."""
    power = np.concatenate([_windows(digest) for digest in digests]) if digests else np.empty(0)
    if not power.size or float(power.max()) <= 10 ** (QUIETEST_DBFS / 10):
        return SoundQuality(camera_id, 0.0, QUIETEST_DBFS, QUIETEST_DBFS, 0.0, 0.0, 0.0, ("there is no sound",))
    level = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), QUIETEST_DBFS)
    floor_dbfs = float(np.percentile(level, 5))
    heard = power[level >= floor_dbfs + ABOVE_FLOOR_DB]
    level_dbfs = float(10 * np.log10(np.mean(heard if heard.size else power)))
    facts = [digest.facts for digest in digests if digest.facts is not None]
    peak = max((fact.peak for fact in facts), default=float(np.sqrt(2 * power.max())))
    headroom_db = float(-20 * np.log10(max(peak, 1e-6)))
    clipped = sum(fact.clipped for fact in facts) / max(1, sum(fact.samples for fact in facts))
    bandwidth_hz = _bandwidth_hz([fact.spectrum for fact in facts])
    base = (
        0.4 * max(0.0, 1.0 - abs(level_dbfs - BEST_LEVEL_DBFS) / LEVEL_SPAN_DB)
        + 0.3 * float(np.clip(headroom_db / FULL_HEADROOM_DB, 0.0, 1.0))
        + 0.3 * float(np.clip((level_dbfs - floor_dbfs) / FULL_SNR_DB, 0.0, 1.0))
    )
    kept = 1.0 - 0.5 * min(1.0, clipped / FULL_CLIPPING)
    dull = 1.0 if not bandwidth_hz else min(1.0, bandwidth_hz / FULL_BANDWIDTH_HZ) ** 0.5
    return SoundQuality(
        camera_id, round(base * kept * dull, 4), round(level_dbfs, 2), round(floor_dbfs, 2), round(headroom_db, 2),
        round(clipped, 6), bandwidth_hz, tuple(_reasons(level_dbfs, floor_dbfs, headroom_db, clipped, bandwidth_hz)),
    )  # fmt: skip


def propose_master(sources: SessionSources, sound: Sequence[SoundQuality]) -> str:
    """Return the camera whose sound and length make it the best to align to; the wide only if there is no other."""
    score = {quality.camera_id: quality.score for quality in sound}
    shown = [camera for camera in sources.cameras if camera.has_picture]
    close = [camera for camera in shown if camera.role == "camera"] or shown
    close = [camera for camera in close if score.get(camera.camera_id, 0.0) > 0] or close
    longest_s = max(_length_s(camera) for camera in close)
    full = [camera.camera_id for camera in close if _length_s(camera) >= MASTER_COVERAGE * longest_s]
    best = max(score.get(name, 0.0) for name in full)
    return next(name for name in full if score.get(name, 0.0) >= best * (1 - NEARLY_AS_GOOD))


def programme_order(
    roles: Mapping[str, str], sound: Sequence[SoundQuality], master: str, part: Collection[str] = ()
) -> tuple[str, ...]:
    """Return `roles`' names (camera to role) in the order in which their sound serves the programme.

    Cameras named in `part` recorded only a part of it; they come last, for where they end the sound would change. Without
    qualities: audio tracks, the master, the rest, each in the given order.
    """
    score = {quality.camera_id: quality.score for quality in sound}
    whole = [score.get(name, 0.0) for name, role in roles.items() if role != "audio" and name not in part]
    first = score.get(master, 0.0) >= max(whole, default=0.0) * (1 - NEARLY_AS_GOOD)
    names = list(roles)

    def rank(name: str) -> tuple[bool, bool, bool, float, int]:
        return (
            roles[name] != "audio", roles[name] != "audio" and name in part, not (first and name == master),
            -score.get(name, 0.0), names.index(name),
        )  # fmt: skip

    return tuple(sorted(names, key=rank))


def _windows(digest: AudioDigest) -> npt.NDArray[np.float64]:
    """Return the power per 100 ms that was recorded, mean over channels."""
    parts = [np.empty(0)]
    for part in in_parts(digest.power10ms, _AT_ONCE):
        parts.append(part[: len(part) // 10 * 10].mean(axis=1, dtype=np.float64).reshape(-1, 10).mean(axis=1))
    power = np.concatenate(parts)
    recorded: npt.NDArray[np.float64] = power[~np.isnan(power)]
    return recorded


def _bandwidth_hz(spectra: Sequence[tuple[float, ...]]) -> float:
    """Return the upper edge of the highest third octave whose density is within 45 dB of the strongest; 0 if unknown."""
    if not spectra:
        return 0.0
    density = np.sum(np.array(spectra), axis=0) / np.array(THIRD_OCTAVES_HZ)
    if density.max() <= 0:
        return 0.0
    inside = np.flatnonzero(density >= density.max() * 10 ** (-BANDWIDTH_DROP_DB / 10))
    return round(THIRD_OCTAVES_HZ[int(inside[-1])] * 2 ** (1 / 6))


def _reasons(level: float, floor: float, headroom: float, clipped: float, bandwidth_hz: float) -> list[str]:
    found = [
        f"speech at {level:.1f} dBFS".replace("-", "\N{MINUS SIGN}"),
        f"noise floor {level - floor:.0f} dB below it",
        f"headroom {max(headroom, 0.0):.1f} dB",
    ]
    if clipped > 1e-5:
        found.append(f"{clipped * 100:.2f} % of the samples are clipped")
    if 0 < bandwidth_hz < FULL_BANDWIDTH_HZ:
        found.append(f"nothing above {bandwidth_hz / 1000:.1f} kHz")
    return found


def _length_s(camera: Camera) -> float:
    return sum(clip.duration_s for clip in camera.clips)
