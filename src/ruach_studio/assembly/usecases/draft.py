"""Turn a session's files into a draft EDL, without any database: the whole pipeline for library and command line.

probe -> listen -> sync -> energy -> angles -> EDL. The same files and options give the same bytes. Work that costs CPU
runs in threads, so the caller's event loop stays free.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ruach_studio.assembly.angles import AnglePlan
from ruach_studio.assembly.digest import AudioDigest, in_parts
from ruach_studio.assembly.edl import CanonicalEDL
from ruach_studio.assembly.energy import EnergyMatrix
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.decide import DraftOptions, decide, measure
from ruach_studio.assembly.usecases.footage import CameraFiles, Tracks, gather, hear
from ruach_studio.assembly.usecases.hearing import Hearing, follow
from ruach_studio.assembly.usecases.place import check_master, place
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput

__all__ = ["CameraFiles", "Draft", "DraftOptions", "NotTheSameEvent", "Progress", "Step", "draft"]

SILENT_POWER = 1e-9  # mean square of 10 ms; -90 dBFS: below what any microphone in a room gives
Step = Literal["probe", "listen", "sync", "energy", "angles"]
Progress = Callable[[Step, float], None]


class SilentCamera(BadInput):
    """This recording holds no sound to be placed by."""

    code = "silent_camera"


class NotTheSameEvent(BadInput):
    """These recordings do not share their sound."""

    code = "not_the_same_event"


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that led to a draft EDL. `decisions` pairs each cut's id with the verdict that chose it."""

    sources: SessionSources
    digests: Mapping[str, Sequence[AudioDigest]]
    solution: SyncSolution
    matrices: Mapping[int, EnergyMatrix]
    plan: AnglePlan
    edl: CanonicalEDL
    decisions: tuple[tuple[str, Verdict[str]], ...]


async def draft(
    session_id: str,
    cameras: Sequence[CameraFiles],
    options: DraftOptions | None = None,
    *,
    scratch: Path,
    progress: Progress | None = None,
    hearing: Callable[[Hearing], None] | None = None,
) -> Draft:
    """Return the draft of these files; nothing is kept but the digests in `scratch`.

    `progress` hears which step begins, `hearing` how far each file is listened to (from the decoding threads).

    Raises BadMedia, BadSession or NotTheSameEvent (each names file, fact and remedy), OutOfSpace.
    """
    chosen, tell = options or DraftOptions(), progress or _silent
    tell("probe", 0.0)
    sources = await gather(cameras)
    check_master(sources, chosen.master)
    tell("listen", 0.0)
    tracks = await hear(sources, scratch, follow(sources, hearing))
    tell("sync", 0.0)
    solution = await place(sources, tracks, chosen.master, scratch=scratch)
    if not chosen.allow_unsure:
        refuse_silent(sources, tracks, solution)
        refuse_unsure(sources, solution)
    tell("energy", 0.0)
    matrices = await in_long_thread(measure, sources, tracks, solution, scratch=scratch)
    tell("angles", 0.0)
    decided = await in_long_thread(decide, session_id, sources, solution, matrices, chosen)
    tell("angles", 1.0)
    return Draft(sources, tracks, solution, matrices, decided.plan, decided.edl, decided.decisions)


def refuse_silent(sources: SessionSources, tracks: Tracks, solution: SyncSolution) -> None:
    """Raise SilentCamera for the first clip that nothing can be placed by: no sound above -90 dBFS, and no timecode.

    A silent master is named where another clip has no place.
    """
    lost = [placed for placed in solution.placements if placed.classification == "needs-manual-nudge"]
    master = [placed for placed in solution.of(solution.master) if lost]
    for placement in (*master, *lost):
        camera, index = sources.camera(placement.camera_id), placement.clip_index
        digest = tracks[camera.camera_id][index]
        loudest = max((float(np.nanmax(part, initial=0.0)) for part in in_parts(digest.power10ms, 30_000)), default=0.0)
        if loudest < SILENT_POWER:
            silent = (
                "is silent throughout (below -90 dBFS)" if camera.clips[index].has_audio else "is not there: no sound track"
            )
            raise SilentCamera(
                f"the sound of camera {camera.camera_id} {silent}, and no timecode places it",
                subject=camera.clips[index].path,
                remedy="Check its microphone and cable; leave it out, or give another recording of its sound.",
            )


def refuse_unsure(sources: SessionSources, solution: SyncSolution) -> None:
    """Raise NotTheSameEvent for the first clip whose place is not known (class needs-manual-nudge)."""
    for placement in solution.placements:
        if placement.classification == "needs-manual-nudge":
            path = sources.camera(placement.camera_id).clips[placement.clip_index].path
            raise NotTheSameEvent(
                f"the sound of camera {placement.camera_id} matches no other camera "
                f"(confidence {placement.confidence:.2f}, 0.50 wanted)",
                subject=path,
                remedy="Check that it was recorded at the same event; if it was, place it by hand.",
            )


def _silent(_step: Step, _share: float) -> None:
    """Tell nobody."""
