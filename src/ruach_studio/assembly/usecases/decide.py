"""Turn sound and sync into energy, shots and a draft EDL: the pure part of the pipeline in its order.

Everything here is a function of its arguments; it costs CPU, so a coroutine calls it in a thread.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from ruach_studio.assembly.angles import (
    DEFAULT_RULESET,
    WINDOW_MS,
    AngleOptions,
    AnglePlan,
    Ruleset,
    needs_arrival,
    select_angles,
)
from ruach_studio.assembly.angles_transcript import plan_by_transcript
from ruach_studio.assembly.arrival import arrival_matrix
from ruach_studio.assembly.dress import Extras, dress
from ruach_studio.assembly.edl import CanonicalEDL, build_edl, programme_of, start_frames
from ruach_studio.assembly.edl_keep import keep_locked
from ruach_studio.assembly.energy import WINDOW_MS as PUBLISHED_WINDOW_MS
from ruach_studio.assembly.energy import EnergyMatrix, energy_matrix
from ruach_studio.assembly.mapping import SpeakerMap, map_to_wire
from ruach_studio.assembly.mapping_proposal import holds_two_microphones
from ruach_studio.assembly.session import SessionSources
from ruach_studio.assembly.sync import SyncSolution
from ruach_studio.assembly.transcript import Transcript
from ruach_studio.assembly.usecases.digest_files import put_aside
from ruach_studio.assembly.usecases.footage import Tracks
from ruach_studio.infra.media import give_back
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput

Mode = Literal["energy", "transcript"]


@dataclass(frozen=True, slots=True)
class DraftOptions:
    """What the operator chooses for a draft.

    `speakers` says who speaks where and who is filmed by what; `mic_map` is its plain form: for each microphone, the camera
    that shows its speaker. Neither = every camera but the wide hears its own subject. `mode` cuts by sound or by the
    speakers of `transcript`. The versions say which saved ones these are. `allow_unsure` lets a sync below 0.5 pass.
    """

    master: str | None = None
    ruleset: Ruleset = DEFAULT_RULESET
    angle: AngleOptions = field(default_factory=AngleOptions)
    mic_map: Mapping[str, str] | None = None
    allow_unsure: bool = False
    mode: Mode = "energy"
    style: str | None = None
    extras: Extras = field(default_factory=Extras)
    speakers: SpeakerMap | None = None
    speakers_version: int | None = None
    transcript: Transcript | None = None
    transcript_version: int | None = None

    @property
    def window_ms(self) -> int:
        """Return the length of the energy windows that decide."""
        return WINDOW_MS[self.ruleset]


@dataclass(frozen=True, slots=True)
class Decided:
    """Energy by window length, the shots, the EDL, and one verdict per cut (by cut id)."""

    matrices: Mapping[int, EnergyMatrix]
    plan: AnglePlan
    edl: CanonicalEDL
    decisions: tuple[tuple[str, Verdict[str]], ...]


def measure(
    sources: SessionSources,
    tracks: Tracks,
    solution: SyncSolution,
    windows_ms: tuple[int, ...] = (),
    *,
    scratch: Path | None = None,
) -> dict[int, EnergyMatrix]:
    """Return the session's energy: the published 500 ms windows and those of every ruleset (or `windows_ms`).

    A recorder of two microphones gets a column per channel too. Where levels alone cannot be trusted, the energy carries
    arrival order as well, which lies in `scratch` if that is given.
    """
    duration_s = programme_of(sources, solution).duration_s
    lengths = windows_ms or tuple(sorted({PUBLISHED_WINDOW_MS, *WINDOW_MS.values()}, reverse=True))
    split = [camera for camera, digests in tracks.items() if holds_two_microphones(digests)]
    found = {length: energy_matrix(tracks, solution.placements, length, duration_s, split=split) for length in lengths}
    fine = found.get(WINDOW_MS["angle-v2"])
    if fine is not None and needs_arrival(fine, wide=sources.wide):
        mics = [camera.camera_id for camera in sources.cameras if camera.role != "wide"]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            shelf = None if scratch is None else partial(put_aside, scratch)
            arrival = arrival_matrix(tracks, solution.placements, mics, duration_s, each=pool.map, shelf=shelf)
        found[fine.window_ms] = replace(fine, arrival=arrival)
    give_back()
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
    base: CanonicalEDL | None = None,
) -> Decided:
    """Return the draft that `options` make of stored energy, around `base`'s locked cuts: same arguments, same bytes.

    `matrices` needs the windows that decide, and the published ones if extras look for pauses.
    """
    programme = programme_of(sources, solution)
    sure = {camera.camera_id: min(p.confidence for p in solution.of(camera.camera_id)) for camera in sources.cameras}
    speakers = options.speakers if options.mic_map is None else None
    told = replace(options.angle, sync_confidence={name: round(value, 4) for name, value in sure.items()})
    if options.mode == "transcript":
        plan = plan_by_transcript(
            options.transcript or Transcript(()), _shown(options), wide=sources.wide, options=told,
            duration_s=programme.duration_s,
        )  # fmt: skip
    else:
        plan = select_angles(
            matrices[options.window_ms],
            ruleset=options.ruleset,
            wide=sources.wide,
            options=told,
            mic_map=None if speakers is not None else _microphones(sources, options.mic_map),
            speakers=speakers,
            duration_s=programme.duration_s,
        )
    starts = start_frames(plan, programme)
    edl = build_edl(
        session_id, sources, solution, plan, programme=programme, sync_version=sync_version, version=version,
        asset_ids=asset_ids, starts=starts,
    )  # fmt: skip
    chosen = {cut.start_frame: cut.id for cut in edl.program}
    decisions = tuple(
        (chosen[frame], shot.verdict) for shot, frame in zip(plan.shots, starts, strict=True) if frame in chosen
    )
    published = matrices.get(PUBLISHED_WINDOW_MS, matrices[min(matrices)])
    edl = dress(edl, options.extras, published, options.transcript, min_shot_s=options.angle.min_shot_s)
    edl = replace(edl, options={**edl.options, **_told(options)})
    if base is not None:
        edl = keep_locked(edl, base)
    there = {cut.id for cut in edl.program}
    return Decided(matrices, plan, edl, tuple((cut_id, verdict) for cut_id, verdict in decisions if cut_id in there))


def _told(options: DraftOptions) -> dict[str, object]:
    """Return what the EDL records of the options beyond the ruleset's own."""
    told: dict[str, object] = {
        "mode": options.mode if options.mode != "energy" else None, "style": options.style,
        "speakersVersion": options.speakers_version, "transcriptVersion": options.transcript_version,
        "speakers": None if options.speakers is None else map_to_wire(options.speakers),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _shown(options: DraftOptions) -> dict[str, str]:
    """Return, for each label that a transcript may carry (id, name, or a camera's own name), the camera that shows him."""
    shown = dict(options.mic_map or {})
    for speaker in options.speakers.speakers if options.speakers else ():
        shown[speaker.id] = shown[speaker.name] = speaker.cameras[0]
    return shown


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
