"""Turn what a session's footage sounds like into its sync: sound judged, master chosen, every clip placed.

Rules alone decide (sound_quality.py, sync.py); here they are asked in order, in a thread.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sound_quality import assess, propose_master
from ruach_studio.assembly.sync import SyncSolution, align
from ruach_studio.assembly.sync_features import Shelf
from ruach_studio.assembly.sync_model import ClipKey
from ruach_studio.assembly.usecases.digest_files import put_aside
from ruach_studio.assembly.usecases.footage import Tracks
from ruach_studio.infra.media import give_back
from ruach_studio.infra.threads import in_long_thread
from ruach_studio.kernel.errors import BadInput

_PAIRS_AT_ONCE = 4  # some ten megabytes each


async def place(
    sources: SessionSources, tracks: Tracks, wanted: str | None = None, *, scratch: Path | None = None
) -> SyncSolution:
    """Return where every clip lies on the timeline of `wanted`, or of the camera that the rule proposes.

    What is needed meanwhile and grows with the length lies in `scratch` (up to 9 MB an hour and clip), else in memory.
    Raises BadInput or BadSession if `wanted` cannot be the master.
    """
    check_master(sources, wanted)
    shelf = None if scratch is None else partial(put_aside, scratch)
    return await in_long_thread(_place, sources, tracks, wanted, shelf)


def check_master(sources: SessionSources, wanted: str | None) -> None:
    """Raise BadInput if `wanted` is an audio track, BadSession if it is none of the cameras; None is always right."""
    if wanted is not None and not sources.camera(wanted).has_picture:
        raise BadInput("an audio track cannot be the master", subject=wanted, remedy="Choose a camera with picture.")


def timecodes_of(sources: SessionSources) -> dict[ClipKey, float]:
    """Return the start timecode (s of the day) of every clip that carries one."""
    return {
        (camera.camera_id, index): clip.timecode_s
        for camera in sources.cameras
        for index, clip in enumerate(camera.clips)
        if clip.timecode_s is not None
    }


def _place(sources: SessionSources, tracks: Tracks, wanted: str | None, shelf: Shelf | None) -> SyncSolution:
    sound = tuple(assess(camera.camera_id, tracks[camera.camera_id]) for camera in sources.cameras)
    master = wanted or propose_master(sources, sound)
    first = next((camera.camera_id for camera in sources.cameras if camera.has_picture), master)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _PAIRS_AT_ONCE)) as pool:
        to = partial(align, tracks, timecodes=timecodes_of(sources), shelf=shelf, each=pool.map)
        solution = to(master)
        if wanted is None and first != master and _stands_alone(solution):
            # good sound of another event: whoever is left out is then named, not the footage that belongs together
            solution = to(first)
    give_back()
    return replace(solution, sound=sound)


def _stands_alone(solution: SyncSolution) -> bool:
    others = [placed for placed in solution.placements if placed.camera_id != solution.master]
    return bool(others) and all(placed.classification == "needs-manual-nudge" for placed in others)
