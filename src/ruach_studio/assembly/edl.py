"""Turn a plan of shots and a sync solution into a CanonicalEDL: cuts on frames, ids that are the same each time.

Boundaries are put on the master's frames, start and end by one rounding, so cuts abut exactly; the last ends at the
programme's last frame. A cut's id is the UUIDv5 of "session:ruleset:start frame". The value itself is in
`edl_model.py`, its JSON in `edl_wire.py`, its checks in `edl_validate.py`, its states in `edl_state.py`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ruach_studio.assembly.angles_shot import AnglePlan
from ruach_studio.assembly.edl_model import SCHEMA_VERSION, CanonicalEDL, ClipPiece, ClipSource, Cut, Origin, Source, Status
from ruach_studio.assembly.edl_state import EdlIsLocked, EdlStateConflict, next_state
from ruach_studio.assembly.edl_validate import EdlIssue, EdlReport, validate_edl
from ruach_studio.assembly.edl_wire import BadEdl, edl_bytes, from_wire, to_wire
from ruach_studio.assembly.session import Camera, SessionSources
from ruach_studio.assembly.sound_quality import programme_order
from ruach_studio.assembly.sync import Placement, SyncSolution
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash, plain, uuid5
from ruach_studio.kernel.timebase import FrameRate

__all__ = [
    "SCHEMA_VERSION", "BadEdl", "CanonicalEDL", "ClipPiece", "ClipSource", "Cut", "EdlIsLocked", "EdlIssue", "EdlReport",
    "EdlStateConflict",
    "Origin", "Programme", "Source", "Status", "build_edl", "cut_id", "edl_bytes", "from_wire", "next_state", "programme_of",
    "sound_order", "start_frames", "to_wire", "validate_edl",
]  # fmt: skip

# A container's duration may be rounded to milliseconds: a frame that lacks less than this of its end is there.
_ROUNDING_S = 0.0015
WHOLE_SHARE = 0.99  # of the programme: who recorded that much recorded it all (recorders start and stop by hand)


@dataclass(frozen=True, slots=True)
class Programme:
    """How long the programme is: whole frames of the master camera's rate, from master time 0 to the master's end."""

    fps: FrameRate
    duration_frames: int

    @property
    def duration_s(self) -> float:
        """Return the length in seconds."""
        return float(self.fps.seconds(self.duration_frames))


def programme_of(sources: SessionSources, solution: SyncSolution) -> Programme:
    """Return the programme's rate and length. Raises BadInput if the master has no picture or no whole frame."""
    master = sources.camera(solution.master)
    fps = next((clip.fps for clip in master.clips if clip.fps is not None), None)
    if fps is None or not master.has_picture:
        raise BadInput(
            "the master has no picture, so it gives no frame rate", subject=master.camera_id,
            remedy="Choose a camera with picture as master.",
        )  # fmt: skip
    end_s = max(clip.end_ms for clip in _clips(master, solution)) / 1000.0
    frames = math.floor((end_s + _ROUNDING_S) * float(fps.value))
    if frames < 1:
        raise BadInput("the master is shorter than a frame", subject=master.camera_id, remedy="Choose another master.")
    return Programme(fps, frames)


def start_frames(plan: AnglePlan, programme: Programme) -> list[int]:
    """Return the frame on which each shot of `plan` starts, the first on 0, none after the programme's end."""
    starts = [min(programme.fps.frame_at(shot.start_s), programme.duration_frames) for shot in plan.shots]
    return [0, *starts[1:]]


def build_edl(
    session_id: str,
    sources: SessionSources,
    solution: SyncSolution,
    plan: AnglePlan,
    *,
    programme: Programme,
    sync_version: int = 1,
    version: int = 1,
    asset_ids: Mapping[str, str] | None = None,
    starts: Sequence[int] | None = None,
) -> CanonicalEDL:
    """Return the draft EDL of `plan`, source "auto"; `starts` saves asking `start_frames` again.

    Raises BadInput if a clip has no placement.

    The programme's sound is the best audio track (a mixer or lavalier beats a camera), else the best sounding camera, the
    master if it is nearly as good; the rest that has sound is the fallback, best first (`sound_quality.py`).
    """
    fps, last = programme.fps, programme.duration_frames
    edges = [*(starts or start_frames(plan, programme)), last]
    cuts = tuple(
        Cut(
            cut_id(session_id, plan.rules_version, edges[i]), edges[i], edges[i + 1], shot.camera, shot.reason,
            shot.confidence, shot.verdict.reasons,
        )
        for i, shot in enumerate(plan.shots)
        if edges[i + 1] > edges[i]
    )  # fmt: skip
    names = sound_order(sources, solution)
    return CanonicalEDL(
        session_id=session_id, master_camera=solution.master, fps=fps, duration_frames=last, program=cuts,
        sources={c.camera_id: _source(session_id, c, solution, asset_ids or {}) for c in sources.cameras},
        rules_version=plan.rules_version, sync_version=sync_version, version=version,
        programme_audio=names[0] if names else None, fallback_audio=names[1:], options=_options(plan),
    )  # fmt: skip


def sound_order(sources: SessionSources, solution: SyncSolution) -> tuple[str, ...]:
    """Return the recordings with sound, the programme's first, then what stands in for it where it was not recording.

    What has no known place (class needs-manual-nudge) is left out.
    """
    lost = {placed.camera_id for placed in solution.placements if placed.classification == "needs-manual-nudge"}
    audible = [each for each in sources.cameras if each.camera_id not in lost and any(clip.has_audio for clip in each.clips)]
    end_ms = programme_of(sources, solution).duration_s * 1000.0
    part = [
        camera.camera_id for camera in audible
        if _source("", camera, solution, {}).covered_ms(0.0, end_ms) < WHOLE_SHARE * end_ms
    ]  # fmt: skip
    return programme_order({camera.camera_id: camera.role for camera in audible}, solution.sound, solution.master, part)


@lru_cache(4096)  # who tries other settings asks for most of them again
def cut_id(session_id: str, ruleset: str, start_frame: int) -> str:
    """Return the id of the cut that `ruleset` starts at `start_frame`: always the same one."""
    return uuid5(f"{session_id}:{ruleset}:{start_frame}")


def _source(session_id: str, camera: Camera, solution: SyncSolution, asset_ids: Mapping[str, str]) -> Source:
    placed = solution.of(camera.camera_id)
    clips = _clips(camera, solution)
    return Source(
        asset_id=asset_ids.get(camera.camera_id) or uuid5(f"{session_id}:{camera.camera_id}"),
        role=camera.role, offset_ms=clips[0].offset_ms, drift_ppm=clips[0].drift_ppm,
        sync_confidence=round(min(placement.confidence for placement in placed), 4), clips=clips,
    )  # fmt: skip


def _clips(camera: Camera, solution: SyncSolution) -> tuple[ClipSource, ...]:
    placed = {placement.clip_index: placement for placement in solution.of(camera.camera_id)}
    missing = [clip.path for index, clip in enumerate(camera.clips) if index not in placed]
    if missing:
        raise BadInput(
            f"camera {camera.camera_id} has a clip without a place on the timeline", subject=missing[0],
            remedy="Sync the session again, or place the clip by hand.",
        )  # fmt: skip
    return tuple(
        ClipSource(
            path=clip.path, offset_ms=round(placed[i].offset_s * 1000.0, 3), drift_ppm=round(placed[i].drift_ppm, 4),
            duration_ms=round(clip.duration_s * 1000.0, 3), fps=clip.fps, width=clip.width, height=clip.height,
            has_audio=clip.has_audio, start_ms=round(clip.start_s * 1000.0, 3), pieces=_pieces(placed[i]),
        )
        for i, clip in enumerate(camera.clips)
    )  # fmt: skip


def _pieces(placement: Placement) -> tuple[ClipPiece, ...]:
    return tuple(ClipPiece(round(p.from_s * 1000.0, 3), round(p.offset_s * 1000.0, 3)) for p in placement.pieces)


def _options(plan: AnglePlan) -> dict[str, object]:
    options = plan.options
    return {
        "ruleset": plan.rules_version,
        "minShotLengthMs": round(options.min_shot_s * 1000.0, 3),
        "switchCooldownMs": round(options.switch_cooldown_s * 1000.0, 3),
        "maxShotLengthMs": None if options.max_shot_s is None else round(options.max_shot_s * 1000.0, 3),
        "leadThresholdDb": options.lead_db,
        "silenceThresholdDbfs": options.silence_dbfs,
        "paceMs": round(options.pace_s * 1000.0, 3),
        "leadInMs": round(options.lead_in_s * 1000.0, 3),
        "overlapMs": round(options.overlap_s * 1000.0, 3),
        "wide": plan.inputs["wide"],
        "micMap": plain(plan.inputs.get("micMap")),
        "energy": plain(plan.inputs.get("energy")),
        "calibration": plain(plan.calibration),
        "inputsHash": inputs_hash(plan.inputs),
    }
