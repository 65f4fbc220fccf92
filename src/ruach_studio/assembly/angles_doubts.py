"""Turn what is known against a shot of `angle-v2` into a factor on its confidence, and say each in words with its numbers.

Weak separation of the microphone (< 4 dB; in revision 3: two speakers' rays within 3 dB) x 0.6; no two microphones prove a
speaker x 0.45; sync confidence under 0.8 x that confidence; automatic gain control x 0.6 where levels had to decide, x 0.85
where arrival order did; levels that cannot be trusted without arrival order x 0.8; a gain change in the shot's block x 0.85;
talking at once under a close-up x 0.8; audio missing x 0.7; the camera not recording x 0.5; a shot under 3 s x 0.9.
Counterpart: angles_words.py says what speaks for it.
"""

from ruach_studio.assembly.angles_shot import Scene, named
from ruach_studio.assembly.angles_spans import Spans
from ruach_studio.assembly.angles_targets import Take
from ruach_studio.assembly.angles_weigh import ALIKE_DB, Weighed
from ruach_studio.assembly.calibration import WEAK_SEPARATION_DB
from ruach_studio.assembly.gain_watch import BLOCK_S
from ruach_studio.kernel.timebase import clock_text

SHORT_SHOT_S = 3.0
SYNC_LOOKS_GOOD = 0.8


def doubts(scene: Scene, w: Weighed, take: Take, length_s: float, told: Spans, i: int) -> tuple[float, tuple[str, ...]]:
    """Return the factor on the confidence of `take`, the `i`-th shot of `told`, and the reasons for it."""
    members = w.targets[take.target].speakers if take.camera != scene.wide else ()
    factor, said = 1.0, []

    def doubt(by: float, words: str) -> None:
        nonlocal factor
        factor *= by
        said.append(words)

    if members and len(w.voices.mics) > 1:
        if w.by == "level":
            mic = max((w.voices.mics[s] for s in members), key=lambda m: m.separation_db)
            alike = w.voices.apart_db
            if alike is not None and alike < ALIKE_DB:
                doubt(0.6, f"two speakers differ by only {alike:.1f} dB between the microphones ({ALIKE_DB:g} dB wanted)")
            elif alike is None and mic.separation_db < WEAK_SEPARATION_DB:
                doubt(0.6, f"microphone {mic.mic} separates its speaker by only {mic.separation_db:.1f} dB (4 dB wanted)")
            if told.proven < 2:
                doubt(0.45, "the microphones do not tell the speakers apart; check which camera each one belongs to")
            elif w.need_arrival and scene.matrix.arrival is None:
                doubt(0.8, "arrival order would tell more and was not measured")
        if told.controlled:
            how = "levels decided all the same" if w.by == "level" else "arrival order decided"
            doubt(0.6 if w.by == "level" else 0.85, f"automatic gain control on {', '.join(told.controlled)}; {how}")
        for change in w.changes:
            middle_s = (take.start + take.end) / 2 * scene.window_s
            if abs(middle_s - change.at_s) < BLOCK_S / 2:
                mic = w.voices.mics[change.mic]
                doubt(
                    0.85,
                    f"the gain of microphone {mic.mic} changes by {change.step_db:+.1f} dB near {clock_text(change.at_s)}",
                )
    sync = scene.options.sync_confidence.get(take.camera, 1.0)
    if sync < SYNC_LOOKS_GOOD:
        doubt(max(sync, 0.0), f"sync confidence of {named(take.camera)} is {sync:.2f} (0.80 wanted)")
    if members:
        share = told.together[i] / (take.end - take.start)
        if share >= 0.25:
            doubt(0.8, f"people talk at once for {share * 100:.0f} % of the shot")
    silent = silent_in(w, take)
    if silent:
        doubt(0.7, f"no audio for part of the shot from {', '.join(silent)}")
    if not told.films[take.camera][i]:
        doubt(0.5, f"{named(take.camera)} does not record for part of the shot")
    if length_s < SHORT_SHOT_S:
        doubt(0.9, f"short shot: {length_s:.1f} s (3 s wanted)")
    return factor, tuple(said)


def silent_in(w: Weighed, take: Take) -> list[str]:
    """Return the speakers whose microphone does not record throughout `take`."""
    if w.all_heard:
        return []
    heard = w.heard[take.start : take.end]
    return [speaker.name for s, speaker in enumerate(w.speakers.speakers) if not bool(heard[:, s].all())]
