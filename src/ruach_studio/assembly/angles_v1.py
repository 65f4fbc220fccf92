"""Turn an energy matrix into shots by the specification's own rule, `angle-v1`, to the letter.

Per window (500 ms): the current camera stays unless another camera leads the *second-loudest* by at least 6 dB.
Nothing switches within minShotLength (2 s) and switchCooldown (1.5 s) of the last cut. When every microphone is below
the silence threshold (-40 dBFS, absolute) the wide camera is shown, if there is one; else the shot stays. A tie or a
smaller lead never switches. A shot carries the reason and the confidence of the decision that *chose* it: a speaker
clamp(lead / 12 dB, 0.5, 1), silence 0.9, a choice without a measured lead 0.5. The last shot ends with the programme.

What the specification leaves open: the wide camera's own microphone does not compete (its letter means nothing); NaN
(not recording) is neither silence nor a candidate; a camera is only chosen if it goes on recording for a whole
minimum shot, and when the camera on screen stops recording the shot ends there, at confidence 0.5. No shot starts
too near the end to last the minimum. Counterpart: `angles_v2.py`, which calibrates; this one compares raw levels.
"""

import math
from dataclasses import dataclass

import numpy as np

from ruach_studio.assembly.angles_shot import AnglePlan, Counts, Levels, Mask, Reason, Scene, Shot, named
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import clock_text

RULES_VERSION = "angle-v1"
FULL_CONFIDENCE_LEAD_DB = 12.0
SPEAKER_CONFIDENCE_MIN = 0.5
SILENCE_CONFIDENCE = 0.9
UNMEASURED_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class _Choice:
    camera: str
    reason: Reason
    confidence: float
    why: str


def plan_v1(scene: Scene) -> AnglePlan:
    """Return the shots that `angle-v1` makes of `scene`: gap-free from 0 to the duration, deterministic."""
    windows = scene.matrix.dbfs.shape[0]
    levels = _shown_levels(scene)
    close_ups = list(levels)
    loudness = np.column_stack([levels[camera] for camera in close_ups])
    lasting = {camera: _lasting_windows(~np.isnan(scene.column(camera))) for camera in scene.cameras}
    options = scene.options
    minimum = math.ceil(options.min_shot_s / scene.window_s - 1e-9)
    hold = max(minimum, math.ceil(options.switch_cooldown_s / scene.window_s - 1e-9), 1)
    last_start = math.floor((scene.duration_s - options.min_shot_s) / scene.window_s + 1e-9)

    def lasts(camera: str, at: int) -> bool:
        left: int = windows - at
        return bool(lasting[camera][at] >= min(max(minimum, 1), left))

    starts: list[tuple[int, _Choice]] = []
    for at in range(windows):
        row = {camera: float(level) for camera, level in zip(close_ups, loudness[at], strict=True)}
        here = clock_text(at * scene.window_s)
        current = starts[-1][1].camera if starts else None
        if current is not None and lasting[current][at] > 0:
            if at - starts[-1][0] < hold or at > last_start:
                continue
            choice = _challenge(row, scene, here)
            if choice is not None and choice.camera != current and lasts(choice.camera, at):
                starts.append((at, choice))
            continue
        forced = _fallback(row, scene, here, current, {c: int(lasting[c][at]) for c in scene.cameras}, minimum)
        if forced is not None and forced.camera != current:
            starts.append((at, forced))
    return _plan(scene, starts)


def _shown_levels(scene: Scene) -> dict[str, Levels]:
    """Reduce microphones to the cameras that show their speakers: the louder microphone counts, NaN only if all are."""
    levels: dict[str, Levels] = {}
    for mic, camera in scene.mics:
        column = scene.column(mic)
        levels[camera] = np.fmax(levels[camera], column) if camera in levels else column
    return levels


def _challenge(row: dict[str, float], scene: Scene, here: str) -> _Choice | None:
    """Return who may take the screen from a camera that is recording, or None if nobody has the lead for it."""
    heard = {camera: level for camera, level in row.items() if not math.isnan(level)}
    if not heard:
        return None
    options = scene.options
    if all(level < options.silence_dbfs for level in heard.values()):
        if scene.wide is None:
            return None
        top = max(heard.values())
        said = f"loudest {top:.1f} dBFS" if math.isfinite(top) else "digital silence"
        why = f"every microphone is below {options.silence_dbfs:g} dBFS at {here} ({said})"
        return _Choice(scene.wide, "wide", SILENCE_CONFIDENCE, why)
    if len(heard) < 2:
        return None
    first, second = sorted(heard, key=lambda camera: -heard[camera])[:2]
    lead_db = heard[first] - heard[second]
    if lead_db < options.lead_db or lead_db <= 0.0:
        return None
    over = f"{lead_db:.1f} dB lead" if math.isfinite(lead_db) else "the only sound"
    why = f"{over} over {named(second)} at {here} ({heard[first]:.1f} dBFS, threshold {options.lead_db:g} dB)"
    confidence = min(max(lead_db / FULL_CONFIDENCE_LEAD_DB, SPEAKER_CONFIDENCE_MIN), 1.0)
    return _Choice(first, "speaker", round(confidence, 4), why)


def _fallback(
    row: dict[str, float], scene: Scene, here: str, current: str | None, lasting: dict[str, int], minimum: int
) -> _Choice | None:
    """Choose for a screen that shows nothing yet, or whose camera has just stopped recording."""
    recording = [camera for camera in scene.cameras if lasting[camera] > 0]
    if not recording:
        return _Choice(scene.cameras[0], "emphasis", 0.0, f"no camera records at {here}") if current is None else None
    fit = [camera for camera in recording if lasting[camera] >= minimum] or [max(recording, key=lambda c: lasting[c])]
    choice = _challenge(row, scene, here)
    if choice is not None and choice.camera in fit:
        return choice
    opening = f"the programme opens at {here}" if current is None else f"{named(current)} stops recording at {here}"
    heard = [camera for camera in fit if not math.isnan(row.get(camera, math.nan))]
    loudest = max(heard, key=lambda camera: row[camera], default=None)
    camera = loudest if loudest is not None else fit[0]
    found = "the loudest that records, without the lead" if loudest is not None else "it records"
    reason: Reason = "wide" if camera == scene.wide else "emphasis"
    return _Choice(camera, reason, UNMEASURED_CONFIDENCE, f"{opening}; {named(camera)} is {found}")


def _lasting_windows(recording: Mask) -> Counts:
    """Return, for each window, how many windows from there on the camera keeps recording (0 = it does not)."""
    count = np.zeros(recording.size, dtype=np.int64)
    run = 0
    for at in range(recording.size - 1, -1, -1):
        run = run + 1 if recording[at] else 0
        count[at] = run
    return count


def _plan(scene: Scene, starts: list[tuple[int, _Choice]]) -> AnglePlan:
    inputs = scene.inputs("angle-v1")
    digest = inputs_hash(inputs)
    edges = [0.0] + [at * scene.window_s for at, _ in starts[1:]] + [scene.duration_s]
    shots = tuple(
        Shot(
            start_s=edges[i], end_s=edges[i + 1], camera=choice.camera, reason=choice.reason, confidence=choice.confidence,
            verdict=Verdict(choice.camera, (choice.why,), digest, RULES_VERSION, choice.confidence),
        )
        for i, (_, choice) in enumerate(starts)
    )  # fmt: skip
    return AnglePlan(shots, "angle-v1", scene.duration_s, inputs, scene.options)
