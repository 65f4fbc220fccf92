"""Turn an energy matrix into shots: who is on screen when, why, and how sure that is. The door to both rulesets.

`angle-v1` is the specification to the letter (`angles_v1.py`, made for 500 ms windows); `angle-v2`, the default,
calibrates the microphones and finds the best sequence (`angles_words.py`, made for 100 ms windows). Both take any window.
`angle-v2` has revisions: inputs that were stored without one are decided again by the first (`angles_reasons.py`).
`energy.py` makes the matrix; `mapping.py` says who is heard where; `edl.py` takes the shots.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ruach_studio.assembly.angles_reasons import plan_v2
from ruach_studio.assembly.angles_shot import (
    DEFAULT_RULESET,
    HIGH_CONFIDENCE,
    MEDIUM_CONFIDENCE,
    REVISION,
    AngleOptions,
    AnglePlan,
    MicCalibration,
    Reason,
    Ruleset,
    Scene,
    Shot,
    energy_hash,
)
from ruach_studio.assembly.angles_v1 import plan_v1
from ruach_studio.assembly.angles_weigh import levels_untrusted
from ruach_studio.assembly.angles_words import plan_latest
from ruach_studio.assembly.energy import EnergyMatrix, channel_column
from ruach_studio.assembly.mapping import SpeakerMap, map_from_wire
from ruach_studio.kernel.errors import BadInput

__all__ = [
    "DEFAULT_RULESET", "HIGH_CONFIDENCE", "MEDIUM_CONFIDENCE", "WINDOW_MS", "AngleOptions", "AnglePlan", "MicCalibration",
    "Reason", "Ruleset", "Shot", "energy_hash", "needs_arrival", "select_again", "select_angles",
]  # fmt: skip

WINDOW_MS: Mapping[Ruleset, int] = {"angle-v1": 500, "angle-v2": 100}
CAMERAS_MAX = 16


def select_angles(
    matrix: EnergyMatrix,
    *,
    ruleset: Ruleset = DEFAULT_RULESET,
    wide: str | None = None,
    options: AngleOptions | None = None,
    mic_map: Mapping[str, str] | None = None,
    duration_s: float | None = None,
    speakers: SpeakerMap | None = None,
    revision: int = REVISION,
) -> AnglePlan:
    """Return the shots for `matrix` from 0 to `duration_s` (default: to the end of its last window).

    `mic_map` names, for each microphone's column, the camera that shows its speaker; by default every camera but the
    wide hears its own subject. `speakers` says more and wins over it: several microphones and cameras per speaker, several
    speakers per camera. A wide's microphone competes only if a map names it. Without a wide, silence stays on the shot.
    `revision` is that of `angle-v2` (1 to 3). Raises BadInput for unknown names, no usable microphone, fewer than one
    window or more than 16 cameras.
    """
    if ruleset not in WINDOW_MS:
        raise BadInput(f"there is no ruleset {ruleset!r}", subject="ruleset", remedy="Use angle-v1 or angle-v2.")
    if revision not in range(1, REVISION + 1):
        raise BadInput(f"angle-v2 has no revision {revision}", subject="ruleset", remedy=f"Use 1 to {REVISION}.")
    if speakers is not None:
        mic_map = _checked(speakers, matrix, wide)
        if ruleset == "angle-v2" and revision == 1:
            raise BadInput("revision 1 knows no speakers", subject="ruleset", remedy="Use the latest revision.")
    scene = _scene(matrix, wide, options or AngleOptions(), mic_map, duration_s)
    scene = replace(scene, speakers=speakers, revision=revision)
    if ruleset == "angle-v1":
        return plan_v1(scene)
    return plan_v2(scene) if revision == 1 else plan_latest(scene)


def _checked(speakers: SpeakerMap, matrix: EnergyMatrix, wide: str | None) -> dict[str, str]:
    """Return the columns of the speakers' microphones, each with the speaker's usual camera. Raises BadInput."""
    for speaker in speakers.speakers:
        for mic in speaker.mics:
            if mic.column not in matrix.cameras:
                raise BadInput(
                    f"{speaker.name}'s microphone {mic} has no energy", subject="speakers",
                    remedy=f"Map one of {', '.join(matrix.cameras)}, or measure the session again.",
                )  # fmt: skip
    shown = {*speakers.cameras, *([wide] if wide is not None else [])}
    if len(shown) > CAMERAS_MAX:
        raise BadInput(f"{len(shown)} cameras", subject="cameras", remedy=f"At most {CAMERAS_MAX} can be cut between.")
    return {mic.column: speaker.cameras[0] for speaker in speakers.speakers for mic in speaker.mics}


def _scene(
    matrix: EnergyMatrix,
    wide: str | None,
    options: AngleOptions,
    mic_map: Mapping[str, str] | None,
    duration_s: float | None,
) -> Scene:
    known = matrix.cameras
    mapping = mic_map if mic_map is not None else _own_subjects(known, wide)
    for name in [*mapping, *mapping.values(), *([wide] if wide is not None else [])]:
        if name not in known:
            raise BadInput(
                f"there is no camera {name!r}", subject="cameras", remedy=f"The session has {', '.join(known)}.",
            )  # fmt: skip
    mics = tuple((camera, mapping[camera]) for camera in known if camera in mapping)
    cameras = tuple(dict.fromkeys(camera for _, camera in mics))
    if wide is not None:
        cameras = (*(camera for camera in cameras if camera != wide), wide)
    if not mics:
        raise BadInput(
            "no microphone belongs to a camera that shows its speaker", subject="cameras",
            remedy="Give at least one camera that is not the wide, or a microphone map.",
        )  # fmt: skip
    if len(cameras) > CAMERAS_MAX:
        raise BadInput(f"{len(cameras)} cameras", subject="cameras", remedy=f"At most {CAMERAS_MAX} can be cut between.")
    windows = matrix.dbfs.shape[0]
    whole_s = windows * matrix.window_ms / 1000.0
    end_s = whole_s if duration_s is None else duration_s
    if windows < 1 or end_s <= 0:
        raise BadInput("there is no energy to decide on", subject="energy", remedy="Give at least one window of audio.")
    if abs(end_s - whole_s) > matrix.window_ms / 1000.0 + 1e-6:
        raise BadInput(
            f"{windows} windows of {matrix.window_ms} ms do not cover {end_s:.3f} s", subject="energy",
            remedy="Compute the energy for the whole programme.",
        )  # fmt: skip
    return Scene(matrix, end_s, mics, wide, options, cameras)


def _own_subjects(columns: tuple[str, ...], wide: str | None) -> dict[str, str]:
    channels = {channel_column(camera, n) for camera in columns for n in range(1, len(columns) + 1)}
    return {camera: camera for camera in columns if camera != wide and camera not in channels}


def needs_arrival(matrix: EnergyMatrix, *, wide: str | None = None, speakers: SpeakerMap | None = None) -> bool:
    """Say whether levels alone cannot be trusted (gain control, weak separation), so that arrival order is wanted."""
    mic_map = None if speakers is None else _checked(speakers, matrix, wide)
    try:
        scene = replace(_scene(matrix, wide, AngleOptions(), mic_map, None), speakers=speakers, revision=REVISION)
        return levels_untrusted(scene)
    except BadInput:
        return False  # nothing to decide on; whoever decides says so


def select_again(inputs: Mapping[str, Any], matrix: EnergyMatrix) -> AnglePlan:
    """Return the plan that stored `inputs` (plain JSON, as the audit keeps them) and their energy give: the same one.

    Raises BadInput if `matrix` is not the energy that the inputs name.
    """
    if energy_hash(matrix) != inputs["energy"]["sha256"]:
        raise BadInput("this is not the energy that was decided on", subject="energy", remedy="Load it by its hash.")
    wanted = (inputs.get("arrival") or {}).get("sha256")
    given = None if matrix.arrival is None else matrix.arrival.sha256
    if inputs.get("revision", 1) > 1 and wanted != given:
        raise BadInput(
            "this is not the arrival order that was decided on", subject="energy", remedy="Load it with the energy."
        )
    return select_angles(
        matrix,
        ruleset=inputs["rulesVersion"],
        wide=inputs["wide"],
        options=AngleOptions(**inputs["options"]),
        mic_map=inputs["micMap"],
        duration_s=inputs["durationS"],
        speakers=map_from_wire(inputs["speakers"]) if inputs.get("speakers") else None,
        revision=int(inputs.get("revision", 1)),
    )
