"""Turn the evidence under each shot of `angle-v2`, revisions 2 and 3, into the plan: times, words with numbers, confidence.

Confidence of a speaker's shot = 0.5 + 0.5 x (his share minus the next share), averaged over the windows where somebody
speaks; of a wide for silence 0.9, for people talking at once 0.9 x how much of it overlaps; a cutaway 0.6; where a missing
microphone makes it impossible to tell, 0.4. Green from 0.8, yellow from 0.5, red below. `angles_doubts.py` lowers it.
A cut to a speaker moves 0.12 s ahead, so that it lands before the words.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ruach_studio.assembly.angles_doubts import doubts, doubts_of_targets, silent_in
from ruach_studio.assembly.angles_memo import remembered
from ruach_studio.assembly.angles_path import cheapest_path
from ruach_studio.assembly.angles_shot import AnglePlan, Counts, Reason, Scene, Shot
from ruach_studio.assembly.angles_spans import ACTIVE, EARLY_S, Spans, spans_of
from ruach_studio.assembly.angles_targets import Take, takes
from ruach_studio.assembly.angles_weigh import Weighed, weigh
from ruach_studio.assembly.relief import relieve
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import clock_text

RULES_VERSION = "angle-v2"
SILENCE_CONFIDENCE, OVERLAP_CONFIDENCE = 0.9, 0.9
UNMEASURED_CONFIDENCE, RELIEF_CONFIDENCE, GAP_CONFIDENCE = 0.5, 0.6, 0.4
_AT_ONCE = {"crosstalk": "talk at once", "laughter": "are loud at once (laughter)", "collision": "begin at once"}


def plan_latest(scene: Scene) -> AnglePlan:
    """Return the shots that `angle-v2`, revision 2 or 3, makes of `scene`: gap-free, 0 to the duration, deterministic."""
    inputs = scene.inputs("angle-v2")
    options, window_s = scene.options, scene.window_s
    # One window more than the minimum: rounding to frames and the lead-in then never make a shot too short.
    minimum = math.floor(max(options.min_shot_s, options.switch_cooldown_s) / window_s + 1e-9) + 1
    w = remembered(_read(scene, inputs), scene.matrix.dbfs.size, lambda: weigh(scene))
    path = cheapest_path(w.cost_s, minimum=minimum, cut=options.pace_s)
    path, reliefs = relieve(path, w.cost_s, options, window_s, minimum)
    chosen = takes(w.films, w.targets, path, reliefs)
    starts_s = _led_in(scene, w, chosen)
    digest = inputs_hash(inputs)
    told = spans_of(w, chosen, window_s)
    known = doubts_of_targets(scene, w, told)
    shots = []
    for i, (take, start_s, end_s) in enumerate(zip(chosen, starts_s, [*starts_s[1:], scene.duration_s], strict=True)):
        reason, confidence, words = explained(scene, w, take, start_s, told, i)
        against = doubts(scene, w, take, end_s - start_s, told, i, known[take.target])
        final = round(min(max(confidence * against.factor, 0.0), 1.0), 4)
        verdict = Verdict(take.camera, (words, *against.said), digest, RULES_VERSION, final)
        shots.append(Shot(start_s, end_s, take.camera, reason, final, verdict))
    return AnglePlan(tuple(shots), "angle-v2", scene.duration_s, inputs, scene.options, w.voices.mics)


def _read(scene: Scene, inputs: Mapping[str, Any]) -> Hashable:
    """Return all that `weigh` reads of the scene: everything but the options that only the path obeys."""
    matrix, o = scene.matrix, scene.options
    told = replace(o, pace_s=0.0, lead_in_s=0.0, switch_cooldown_s=0.0, max_shot_s=None, cutaway_s=0.0)
    given = None if matrix.arrival is None else matrix.arrival.sha256
    return (
        f"angle-v2.{scene.revision}", inputs["energy"]["sha256"], matrix.window_ms, matrix.cameras, given,
        scene.duration_s, scene.mics, scene.wide, scene.cameras, scene.speakers, inputs_hash(told),
    )  # fmt: skip


def _led_in(scene: Scene, w: Weighed, chosen: tuple[Take, ...]) -> list[float]:
    """Return where each shot starts, in seconds: cuts to a close-up earlier by the lead-in, where that is possible."""
    options, window_s = scene.options, scene.window_s
    always = {camera: bool(films.all()) for camera, films in w.films.items()}
    starts = [0.0]
    for take in chosen[1:]:
        at = take.start * window_s
        if take.camera != scene.wide:
            earlier = max(at - options.lead_in_s, starts[-1] + options.min_shot_s)
            if earlier < at and (
                always[take.camera] or bool(w.films[take.camera][int(earlier / window_s) : take.start].all())
            ):
                at = earlier
        starts.append(round(at, 6))
    return starts


def explained(scene: Scene, w: Weighed, take: Take, start_s: float, told: Spans, i: int) -> tuple[Reason, float, str]:
    """Return why `take`, the `i`-th shot of `told`, is there, how sure that is before any doubt, and the words."""
    if take.relief:
        what = "the wide" if take.camera == scene.wide else "a listener"
        limit = scene.options.max_shot_s or 0.0
        return "reaction", RELIEF_CONFIDENCE, f"relief from a shot over {limit:g} s at {_begins(start_s)}: {what}"
    if told.gap[i] >= 0.25:
        gone = " or ".join(silent_in(w, take))
        words = f"somebody speaks from {_begins(start_s)}, perhaps {gone}, whose microphone does not record there"
        return ("wide" if take.camera == scene.wide else "emphasis"), GAP_CONFIDENCE, words
    if take.camera == scene.wide:
        return _wide(scene, w, take, start_s, told, i)
    return _speaker(scene, w, take, start_s, told, i)


def _begins(start_s: float) -> str:
    return clock_text(round(start_s, 1))


def _wide(scene: Scene, w: Weighed, take: Take, start_s: float, told: Spans, i: int) -> tuple[Reason, float, str]:
    span = slice(take.start, take.end)
    together = told.together[i]
    if together and together >= 0.25 * (take.end - take.start):
        inside = [o for o in w.overlaps if o.start < take.end and o.end > take.start]
        longest = max(inside, key=lambda o: (o.end - o.start, -o.start))
        loud = np.argsort(-w.voiced[longest.start : longest.end].mean(axis=0), kind="stable")[:2]
        both = " and ".join(w.speakers.speakers[s].name for s in sorted(int(s) for s in loud))
        level = w.level_db[longest.start : longest.end][:, sorted(int(s) for s in loud)].mean(axis=0)
        numbers = " and ".join(f"{value:.1f} dB" for value in level)
        at = clock_text(round(longest.start * scene.window_s, 1))
        words = f"{both} {_AT_ONCE[longest.kind]} for {together * scene.window_s:.1f} s from {at} (re own speech: {numbers})"
        return "wide", OVERLAP_CONFIDENCE * min(1.0, 0.5 + together / (take.end - take.start) / 2), words
    idle = told.idle[i]
    if idle >= 0.5:
        top = float(w.level_db[span].max(axis=1).mean())
        words = f"nobody speaks for {idle * 100:.0f} % of the shot from {_begins(start_s)} (mean {top:.1f} dB re own speech)"
        return "wide", SILENCE_CONFIDENCE * min(1.0, 0.5 + idle / 2), words
    return "wide", UNMEASURED_CONFIDENCE, f"no one voice leads at {_begins(start_s)}"


def _speaker(scene: Scene, w: Weighed, take: Take, start_s: float, told: Spans, i: int) -> tuple[Reason, float, str]:
    members = list(w.targets[take.target].speakers)
    if not told.talking[i] or not members:
        return "emphasis", UNMEASURED_CONFIDENCE, f"nobody speaks from {_begins(start_s)} and there is no better view"
    if len(members) == w.share.shape[1]:
        spoken = told.talking[i] / (take.end - take.start)
        names = " or ".join(w.speakers.speakers[s].name for s in members)
        return "speaker", 0.5 + 0.4 * spoken, f"{names} speaks for {spoken:.0%} of the shot from {_begins(start_s)}"
    margin = told.margin[i]
    if len(members) > 1 or w.by == "arrival":
        others = [s for s in range(w.share.shape[1]) if s not in members]
        talking = take.start + np.flatnonzero(w.active[take.start : take.end] >= ACTIVE)
        margin = float((w.share[talking][:, members].sum(axis=1) - w.share[talking][:, others].max(axis=1)).mean())
    if w.by == "arrival":
        words = _first_to_arrive(scene, w, talking[: max(1, round(EARLY_S / scene.window_s))], members, others)
    else:
        words = _lead(scene, w, take, told, i)
    if margin < 0.0:
        words = f"held from {_begins(start_s)}: the leader changes faster than a shot may; {words}"
    return "speaker", 0.5 + 0.5 * margin, words


def _first_to_arrive(scene: Scene, w: Weighed, early: Counts, members: list[int], others: list[int]) -> str:
    """Say by how much the speaker's voice comes first, at the clearest of the windows `early`."""
    names = [speaker.name for speaker in w.speakers.speakers]
    lead = w.share[early][:, members].sum(axis=1) - w.share[early][:, others].max(axis=1)
    at = int(early[np.argmax(lead)])
    rival = others[int(np.argmax(w.share[at][others]))]
    own = members[int(np.argmax(w.share[at][members]))]
    level = w.level_db[at, own] - w.level_db[at, rival]
    return (
        f"{names[own]}'s voice reaches his microphone first at {clock_text(round(at * scene.window_s, 1))} "
        f"({w.share[at, own]:.0%} against {w.share[at, rival]:.0%} for {names[rival]}; "
        f"by level, not trusted here, {level:+.1f} dB)"
    )


def _lead(scene: Scene, w: Weighed, take: Take, told: Spans, i: int) -> str:
    """Say by how much the speaker leads whom at the clearest window of `take`, if any other microphone records."""
    at = told.clearest[i]
    if at < 0:
        first = take.start + int(np.argmax(w.active[take.start : take.end] >= ACTIVE))
        when = clock_text(round(first * scene.window_s, 1))
        name = w.speakers.speakers[w.targets[take.target].speakers[0]].name
        return f"{name} talks at {when}, and no other microphone records"
    own, rival, own_db, rival_db = told.leads[i]
    his, theirs = w.speakers.speakers[own].name, w.speakers.speakers[rival].name
    return (
        f"{own_db - rival_db:.1f} dB lead over {theirs} at {clock_text(round(at * scene.window_s, 1))} "
        f"(re own speech: {his} {own_db:.1f} dB, {theirs} {rival_db:.1f} dB)"
    )
