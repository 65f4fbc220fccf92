"""Turn the evidence under a shot of `angle-v2`, revision 1, into its words and its confidence, in [0, 1].

Confidence of a speaker's shot = 0.5 + 0.5 x (his share minus the next share), averaged over the windows where somebody
speaks; of a wide for silence 0.9, for people talking at once 0.9 x how much of it overlaps. Thresholds: green >= 0.8,
yellow >= 0.5, red below. Each of these lowers it, and says so: the microphone separates its speaker by less than 4 dB
(x 0.6), fewer than two microphones show a speaker of their own (x 0.45), sync confidence under 0.8 (x that confidence),
talking at once under a close-up (x 0.8), a shot under 3 s (x 0.9), audio missing on a microphone (x 0.7), the camera not
recording (x 0.5). Counterpart: `angles_v2.py` made the evidence.
"""

import numpy as np

from ruach_studio.assembly.angles_memo import remembered
from ruach_studio.assembly.angles_shot import AnglePlan, Counts, Reason, Scene, Shot, energy_hash, named
from ruach_studio.assembly.angles_v2 import Evidence, Stretch, shots_by_cost, weigh
from ruach_studio.assembly.calibration import EVIDENCE_MIN_S, WEAK_SEPARATION_DB
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import clock_text

RULES_VERSION = "angle-v2"
ACTIVE = 0.5
SILENCE_CONFIDENCE = 0.9
OVERLAP_CONFIDENCE = 0.9
UNMEASURED_CONFIDENCE = 0.5
SHORT_SHOT_S = 3.0
SYNC_LOOKS_GOOD = 0.8


def plan_v2(scene: Scene) -> AnglePlan:
    """Return the shots that `angle-v2` makes of `scene`: gap-free from 0 to the duration, deterministic."""
    inputs = scene.inputs("angle-v2")
    matrix = scene.matrix
    read = (energy_hash(matrix), matrix.window_ms, matrix.cameras, scene.mics, scene.wide, scene.cameras,
            scene.options.overlap_s)  # fmt: skip
    evidence = remembered(("angle-v2", *read), matrix.dbfs.size, lambda: weigh(scene))
    digest = inputs_hash(inputs)
    shots = []
    for stretch in shots_by_cost(scene, evidence):
        camera = scene.cameras[stretch.camera]
        reason, confidence, words = _explained(scene, evidence, stretch)
        factor, doubts = _doubts(scene, evidence, stretch)
        final = round(min(max(confidence * factor, 0.0), 1.0), 4)
        verdict = Verdict(camera, (words, *doubts), digest, RULES_VERSION, final)
        shots.append(Shot(stretch.start_s, stretch.end_s, camera, reason, final, verdict))
    return AnglePlan(tuple(shots), "angle-v2", scene.duration_s, inputs, scene.options, evidence.voices.mics)


def _explained(scene: Scene, evidence: Evidence, stretch: Stretch) -> tuple[Reason, float, str]:
    span = slice(stretch.start, stretch.end)
    active = evidence.active[span]
    begins = clock_text(round(stretch.start_s, 1))
    if scene.cameras[stretch.camera] == scene.wide:
        overlap = float(evidence.overlap[span].mean())
        if overlap >= 0.25:
            first = stretch.start + int(np.argmax(evidence.overlap[span]))
            loud = np.argsort(-evidence.level_db[first], kind="stable")[:2]
            both = " and ".join(named(scene.cameras[c]) for c in sorted(int(c) for c in loud))
            seconds = float(evidence.overlap[span].sum()) * scene.window_s
            words = f"{both} talk at once for {seconds:.1f} s from {clock_text(first * scene.window_s)}"
            return "wide", OVERLAP_CONFIDENCE * min(1.0, 0.5 + overlap / 2), words
        idle = float((active < ACTIVE).mean())
        top = float(evidence.level_db[span].max(axis=1).mean())
        if idle >= 0.5:
            words = f"nobody speaks for {idle * 100:.0f} % of the shot from {begins} (mean {top:.1f} dB re own speech)"
            return "wide", SILENCE_CONFIDENCE * min(1.0, 0.5 + idle / 2), words
        if bool((active >= ACTIVE).any()) and scene.options.max_shot_s is not None:
            return (
                "reaction",
                UNMEASURED_CONFIDENCE + 0.1,
                f"relief from a shot over {scene.options.max_shot_s:g} s at {begins}",
            )
        return "wide", UNMEASURED_CONFIDENCE, f"no one voice leads at {begins}"

    c = stretch.camera
    others = [k for k in range(evidence.share.shape[1]) if k != c]
    talking = np.flatnonzero(active >= ACTIVE)
    if talking.size == 0:
        return "emphasis", UNMEASURED_CONFIDENCE, f"nobody speaks from {begins} and there is no better view"
    if not others:
        spoken = talking.size / active.size
        return (
            "speaker",
            0.5 + 0.4 * spoken,
            f"{named(scene.cameras[c])}'s speaker talks for {spoken:.0%} of the shot from {begins}",
        )
    share = evidence.share[span][talking]
    margin = float((share[:, c] - share[:, others].max(axis=1)).mean())
    words = _lead(scene, evidence, stretch, talking, others)
    if margin < 0.0:
        if scene.options.max_shot_s is not None:
            return (
                "reaction",
                UNMEASURED_CONFIDENCE + 0.1,
                f"relief from a shot over {scene.options.max_shot_s:g} s at {begins}",
            )
        words = f"held from {begins}: the leader changes faster than a shot may; {words}"
    return "speaker", 0.5 + 0.5 * margin, words


def _lead(scene: Scene, evidence: Evidence, stretch: Stretch, talking: Counts, others: list[int]) -> str:
    """Say by how much the speaker leads whom, at the clearest moment of his first two seconds of speech."""
    early = stretch.start + talking[: max(1, round(2.0 / scene.window_s))]
    own = evidence.level_db[early, stretch.camera]
    rivals = np.where(evidence.heard[early][:, others], evidence.level_db[early][:, others], -np.inf)
    lead_db = own - rivals.max(axis=1)
    known = np.flatnonzero(np.isfinite(lead_db))
    name = scene.cameras[stretch.camera]
    if known.size == 0:
        when = clock_text(round(int(early[0]) * scene.window_s, 1))
        return f"{named(name)}'s speaker talks at {when}, and no other microphone records"
    at = int(known[np.argmax(lead_db[known])])
    rival = scene.cameras[others[int(np.argmax(rivals[at]))]]
    when = clock_text(round(int(early[at]) * scene.window_s, 1))
    return (
        f"{lead_db[at]:.1f} dB lead over {named(rival)} at {when} "
        f"(re own speech: {name} {own[at]:.1f} dB, {rival} {rivals[at].max():.1f} dB)"
    )


def _doubts(scene: Scene, evidence: Evidence, stretch: Stretch) -> tuple[float, tuple[str, ...]]:
    """Return the factor on the confidence and the reasons for it."""
    span = slice(stretch.start, stretch.end)
    camera = scene.cameras[stretch.camera]
    factor, doubts = 1.0, []
    mics = [m for m in evidence.voices.mics if m.camera == camera]
    close_up = camera != scene.wide
    if close_up and len(evidence.voices.mics) > 1 and mics:
        separation = max(m.separation_db for m in mics)
        if separation < WEAK_SEPARATION_DB:
            factor *= 0.6
            doubts.append(f"microphone {mics[0].mic} separates its speaker by only {separation:.1f} dB (4 dB wanted)")
    proven = [m for m in evidence.voices.mics if m.own_s >= EVIDENCE_MIN_S]
    if len(proven) < 2 <= len(evidence.voices.mics):
        factor *= 0.45
        doubts.append("the microphones do not tell the speakers apart; check which camera each one belongs to")
    sync = scene.options.sync_confidence.get(camera, 1.0)
    if sync < SYNC_LOOKS_GOOD:
        factor *= max(sync, 0.0)
        doubts.append(f"sync confidence of {named(camera)} is {sync:.2f} (0.80 wanted)")
    overlap = float(evidence.overlap[span].mean())
    if close_up and overlap >= 0.25:
        factor *= 0.8
        doubts.append(f"people talk at once for {overlap * 100:.0f} % of the shot")
    if stretch.end_s - stretch.start_s < SHORT_SHOT_S:
        factor *= 0.9
        doubts.append(f"short shot: {stretch.end_s - stretch.start_s:.1f} s (3 s wanted)")
    silent = [scene.cameras[c] for c in range(evidence.heard.shape[1]) if not bool(evidence.heard[span, c].all())]
    if silent:
        factor *= 0.7
        doubts.append(f"no audio for part of the shot from {', '.join(named(c) for c in silent)}")
    if not bool(evidence.covered[span, stretch.camera].all()):
        factor *= 0.5
        doubts.append(f"{named(camera)} does not record for part of the shot")
    return factor, tuple(doubts)
