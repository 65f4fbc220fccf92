"""Turn what a session's footage sounds like into its sync: sound judged, master chosen, every clip placed.

Rules alone decide (sound_quality.py, sync.py); here they are asked in order, in a thread.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sound_quality import assess, propose_master
from ruach_studio.assembly.sync import SyncSolution, align
from ruach_studio.assembly.sync_model import ClipKey
from ruach_studio.assembly.usecases.footage import Tracks
from ruach_studio.assembly.usecases.listen import release_pages
from ruach_studio.kernel.errors import BadInput

RELEASE_EVERY_S = 0.1
_T = TypeVar("_T")


async def place(sources: SessionSources, tracks: Tracks, wanted: str | None = None) -> SyncSolution:
    """Return where every clip lies on the timeline of `wanted`, or of the camera that the rule proposes.

    What is mapped of the digests is given back all along: a session of many hours needs no more memory than a short one.
    Raises BadInput or BadSession if `wanted` cannot be the master.
    """
    check_master(sources, wanted)
    return await lightly(tracks, lambda: _place(sources, tracks, wanted))


async def lightly(tracks: Tracks, work: Callable[[], _T]) -> _T:
    """Return what `work` returns, done in a thread while what is mapped of the digests is given back all along."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    digests = [digest for clips in tracks.values() for digest in clips]
    try:
        while not (await asyncio.wait({running}, timeout=RELEASE_EVERY_S))[0]:
            release_pages(digests)
        return running.result()
    finally:
        release_pages(digests)


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


def _place(sources: SessionSources, tracks: Tracks, wanted: str | None) -> SyncSolution:
    sound = tuple(assess(camera.camera_id, tracks[camera.camera_id]) for camera in sources.cameras)
    timecodes = timecodes_of(sources)
    master = wanted or propose_master(sources, sound)
    solution = align(tracks, master, timecodes)
    first = next((camera.camera_id for camera in sources.cameras if camera.has_picture), master)
    if wanted is None and first != master and _stands_alone(solution):
        # good sound of another event: whoever is left out is then named, not the footage that belongs together
        solution = align(tracks, first, timecodes)
    return replace(solution, sound=sound)


def _stands_alone(solution: SyncSolution) -> bool:
    others = [placed for placed in solution.placements if placed.camera_id != solution.master]
    return bool(others) and all(placed.classification == "needs-manual-nudge" for placed in others)
