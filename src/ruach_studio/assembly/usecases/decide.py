"""Turn sound and sync into energy, shots and a draft EDL: the pure part of the pipeline in its order.

Everything here is a function of its arguments; it costs CPU, so a coroutine calls it in a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ruach_studio.assembly.angles import (
    DEFAULT_RULESET,
    WINDOW_MS,
    AngleOptions,
    AnglePlan,
    Ruleset,
    needs_arrival,
    select_angles,
)
from ruach_studio.assembly.arrival import arrival_matrix
from ruach_studio.assembly.edl import CanonicalEDL, build_edl, programme_of
from ruach_studio.assembly.energy import WINDOW_MS as PUBLISHED_WINDOW_MS
from ruach_studio.assembly.energy import EnergyMatrix, energy_matrix
from ruach_studio.assembly.mapping_proposal import holds_two_microphones
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.usecases.footage import Tracks
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class DraftOptions:
    """What the operator chooses for a draft.

    `mic_map` names, for each microphone, the camera that shows its speaker; None = every camera but the wide hears its
    own subject. `allow_unsure` lets a sync below 0.5 pass.
    """

    master: str | None = None
    ruleset: Ruleset = DEFAULT_RULESET
    angle: AngleOptions = field(default_factory=AngleOptions)
    mic_map: Mapping[str, str] | None = None
    allow_unsure: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """Energy by window length, the shots, the EDL, and one verdict per cut (by cut id)."""

    matrices: Mapping[int, EnergyMatrix]
    plan: AnglePlan
    edl: CanonicalEDL
    decisions: tuple[tuple[str, Verdict[str]], ...]


def measure(
    sources: SessionSources, tracks: Tracks, solution: SyncSolution, windows_ms: tuple[int, ...] = ()
) -> dict[int, EnergyMatrix]:
    """Return the session's energy: the published 500 ms windows and those of every ruleset (or `windows_ms`).

    A recorder of two microphones gets a column per channel too. Where levels alone cannot be trusted, the energy carries
    arrival order as well.
    """
    duration_s = programme_of(sources, solution).duration_s
    lengths = windows_ms or tuple(sorted({PUBLISHED_WINDOW_MS, *WINDOW_MS.values()}, reverse=True))
    split = [camera for camera, digests in tracks.items() if holds_two_microphones(digests)]
    found = {length: energy_matrix(tracks, solution.placements, length, duration_s, split=split) for length in lengths}
    fine = found.get(WINDOW_MS["angle-v2"])
    if fine is not None and needs_arrival(fine, wide=sources.wide):
        mics = [camera.camera_id for camera in sources.cameras if camera.role != "wide"]
        arrival = arrival_matrix(tracks, solution.placements, mics, duration_s)
        found[fine.window_ms] = replace(fine, arrival=arrival)
    return found


def decide(
    session_id: str,
    sources: SessionSources,
    solution: SyncSolution,
    matrices: Mapping[int, EnergyMatrix],
    options: DraftOptions,
    *,
    sync_version: int = 1,
    version: int = 1,
    asset_ids: Mapping[str, str] | None = None,
) -> Decided:
    """Return the draft that `options` make of stored energy: the same arguments, the same bytes."""
    programme = programme_of(sources, solution)
    sure = {camera.camera_id: min(p.confidence for p in solution.of(camera.camera_id)) for camera in sources.cameras}
    plan = select_angles(
        matrices[WINDOW_MS[options.ruleset]],
        ruleset=options.ruleset,
        wide=sources.wide,
        options=replace(options.angle, sync_confidence={name: round(value, 4) for name, value in sure.items()}),
        mic_map=_microphones(sources, options.mic_map),
        duration_s=programme.duration_s,
    )
    edl = build_edl(
        session_id, sources, solution, plan, programme=programme, sync_version=sync_version, version=version,
        asset_ids=asset_ids,
    )  # fmt: skip
    chosen = {cut.start_frame: cut.id for cut in edl.program}
    decisions = tuple(
        (chosen[frame], shot.verdict)
        for shot in plan.shots
        if (frame := 0 if shot is plan.shots[0] else edl.fps.frame_at(shot.start_s)) in chosen
    )
    return Decided(matrices, plan, edl, decisions)


def _microphones(sources: SessionSources, mic_map: Mapping[str, str] | None) -> dict[str, str]:
    if mic_map is None:
        return {camera.camera_id: camera.camera_id for camera in sources.cameras if camera.role == "camera"}
    for mic, shown in mic_map.items():
        if not sources.camera(shown).has_picture:
            raise BadInput(
                f"microphone {mic} is mapped to {shown}, which has no picture", subject="micMap",
                remedy="Map it to the camera that films its speaker.",
            )  # fmt: skip
    return dict(mic_map)
