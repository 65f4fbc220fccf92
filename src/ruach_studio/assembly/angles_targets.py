"""Turn speakers and their cameras into what can be shown, and each shot into one camera.

A target is a set of cameras that show the same people; the wide is one of its own. A shot of a target with several cameras
takes the one that was shown least recently (never shown first, then in the order of the map), if it records throughout and
is not the camera just left. Two neighbouring shots that come to lie on one camera are one shot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ruach_studio.assembly.angles_shot import Counts, Mask, Scene
from ruach_studio.assembly.mapping import SpeakerMap


@dataclass(frozen=True, slots=True)
class Target:
    """Cameras that show `speakers` (indices into the map); the wide shows everybody and has none."""

    cameras: tuple[str, ...]
    speakers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Windows [start, end) on one camera of one target; `relief`: a cutaway from a long shot."""

    start: int
    end: int
    target: int
    camera: str
    relief: bool = False


def targets_of(speakers: SpeakerMap, wide: str | None) -> tuple[Target, ...]:
    """Return what can be shown, in order of speakers, the wide last."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, speaker in enumerate(speakers.speakers):
        groups.setdefault(speaker.cameras, []).append(index)
    found = [Target(cameras, tuple(members)) for cameras, members in groups.items() if cameras != (wide,)]
    if wide is not None:
        found.append(Target((wide,), tuple(groups.get((wide,), ()))))
    return tuple(found)


def recording(scene: Scene, camera: str) -> Mask:
    """Return whether `camera` records, per window; one without a column always does."""
    if camera not in scene.matrix.cameras:
        return np.ones(scene.matrix.dbfs.shape[0], dtype=bool)
    return np.asarray(~np.isnan(scene.column(camera)), dtype=bool)


def films_of(scene: Scene, targets: Sequence[Target]) -> dict[str, Mask]:
    """Return for every camera whether it records, per window."""
    return {camera: recording(scene, camera) for target in targets for camera in target.cameras}


def covered(films: Mapping[str, Mask], targets: Sequence[Target]) -> Mask:
    """Return (n_windows, n_targets): whether any camera of the target records."""
    return np.column_stack([np.logical_or.reduce([films[camera] for camera in target.cameras]) for target in targets])


def takes(films: Mapping[str, Mask], targets: Sequence[Target], path: Counts, reliefs: frozenset[int]) -> tuple[Take, ...]:
    """Return the shots of `path` (target per window), each on its camera."""
    edges = [0, *(np.flatnonzero(path[1:] != path[:-1]) + 1).tolist(), path.size]
    shown_until: dict[str, int] = {}
    found: list[Take] = []
    for (start, end), target in zip(pairwise(edges), path[edges[:-1]].tolist(), strict=True):
        camera = _camera(targets[target], films, shown_until, found[-1].camera if found else None, start, end)
        shown_until[camera] = end
        if found and found[-1].camera == camera:
            before = found.pop()
            found.append(Take(before.start, end, before.target, camera, before.relief))
        else:
            found.append(Take(start, end, target, camera, start in reliefs))
    return tuple(found)


def _camera(
    target: Target, films: Mapping[str, Mask], shown_until: dict[str, int], left: str | None, start: int, end: int
) -> str:
    if len(target.cameras) == 1:
        return target.cameras[0]
    share = {camera: float(films[camera][start:end].mean()) for camera in target.cameras}
    best = max(share.values())
    fit = [camera for camera in target.cameras if share[camera] == best]
    order = {camera: place for place, camera in enumerate(target.cameras)}
    return min(fit, key=lambda camera: (camera == left, shown_until.get(camera, -1), order[camera]))
