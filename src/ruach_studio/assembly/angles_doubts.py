"""Turn what is known against a shot of `angle-v2` into a factor on its confidence, and say each in words with its numbers.

Weak separation of the microphone (< 4 dB; in revision 3: two speakers' rays within 3 dB) x 0.6; no two microphones prove a
speaker x 0.45; sync confidence under 0.8 x that confidence; automatic gain control x 0.6 where levels had to decide, x 0.85
where arrival order did; levels that cannot be trusted without arrival order x 0.8; a gain change in the shot's block x 0.85;
talking at once under a close-up x 0.8; audio missing x 0.7; the camera not recording x 0.5; a shot under 3 s x 0.9.
Counterpart: angles_words.py says what speaks for it.
"""

from dataclasses import dataclass

from ruach_studio.assembly.angles_shot import Scene, named
from ruach_studio.assembly.angles_spans import Spans
from ruach_studio.assembly.angles_targets import Take
from ruach_studio.assembly.angles_weigh import ALIKE_DB, Weighed
from ruach_studio.assembly.calibration import WEAK_SEPARATION_DB
from ruach_studio.assembly.gain_watch import BLOCK_S
from ruach_studio.kernel.timebase import clock_text

SHORT_SHOT_S = 3.0
SYNC_LOOKS_GOOD = 0.8


@dataclass(frozen=True, slots=True)
class Doubt:
    """A factor on the confidence, and the reasons for it."""

    factor: float = 1.0
    said: tuple[str, ...] = ()

    def __and__(self, other: "Doubt") -> "Doubt":
        return Doubt(self.factor * other.factor, (*self.said, *other.said))


def doubts_of_targets(scene: Scene, w: Weighed, told: Spans) -> list[Doubt]:
    """Return what is known against every close-up of each of `w.targets`, whenever it is shown."""
    return [_of_target(scene, w, target.speakers, told) for target in w.targets]


def _of_target(scene: Scene, w: Weighed, members: tuple[int, ...], told: Spans) -> Doubt:
    found = Doubt()
    if not members or len(w.voices.mics) < 2:
        return found
    if w.by == "level":
        mic = max((w.voices.mics[s] for s in members), key=lambda m: m.separation_db)
        alike = w.voices.apart_db
        if alike is not None and alike < ALIKE_DB:
            said = f"two speakers differ by only {alike:.1f} dB between the microphones ({ALIKE_DB:g} dB wanted)"
            found &= Doubt(0.6, (said,))
        elif alike is None and mic.separation_db < WEAK_SEPARATION_DB:
            said = f"microphone {mic.mic} separates its speaker by only {mic.separation_db:.1f} dB (4 dB wanted)"
            found &= Doubt(0.6, (said,))
        if told.proven < 2:
            said = "the microphones do not tell the speakers apart; check which camera each one belongs to"
            found &= Doubt(0.45, (said,))
        elif w.need_arrival and scene.matrix.arrival is None:
            found &= Doubt(0.8, ("arrival order would tell more and was not measured",))
    if told.controlled:
        how = "levels decided all the same" if w.by == "level" else "arrival order decided"
        said = f"automatic gain control on {', '.join(told.controlled)}; {how}"
        found &= Doubt(0.6 if w.by == "level" else 0.85, (said,))
    return found


def doubts(scene: Scene, w: Weighed, take: Take, length_s: float, told: Spans, i: int, target: Doubt) -> Doubt:
    """Return what is known against `take`, the `i`-th shot of `told`; `target`: what is against its target anyway."""
    close = take.camera != scene.wide and bool(w.targets[take.target].speakers)
    found = target if close else Doubt()
    if close and len(w.voices.mics) > 1:
        for change in w.changes:
            middle_s = (take.start + take.end) / 2 * scene.window_s
            if abs(middle_s - change.at_s) < BLOCK_S / 2:
                mic = w.voices.mics[change.mic]
                said = f"the gain of microphone {mic.mic} changes by {change.step_db:+.1f} dB near {clock_text(change.at_s)}"
                found &= Doubt(0.85, (said,))
    sync = scene.options.sync_confidence.get(take.camera, 1.0)
    if sync < SYNC_LOOKS_GOOD:
        said = f"sync confidence of {named(take.camera)} is {sync:.2f} (0.80 wanted)"
        found &= Doubt(max(sync, 0.0), (said,))
    if close:
        share = told.together[i] / (take.end - take.start)
        if share >= 0.25:
            found &= Doubt(0.8, (f"people talk at once for {share * 100:.0f} % of the shot",))
    silent = silent_in(w, take)
    if silent:
        found &= Doubt(0.7, (f"no audio for part of the shot from {', '.join(silent)}",))
    if not told.films[take.camera][i]:
        found &= Doubt(0.5, (f"{named(take.camera)} does not record for part of the shot",))
    if length_s < SHORT_SHOT_S:
        found &= Doubt(0.9, (f"short shot: {length_s:.1f} s (3 s wanted)",))
    return found


def silent_in(w: Weighed, take: Take) -> list[str]:
    """Return the speakers whose microphone does not record throughout `take`."""
    if w.all_heard:
        return []
    heard = w.heard[take.start : take.end]
    return [speaker.name for s, speaker in enumerate(w.speakers.speakers) if not bool(heard[:, s].all())]
