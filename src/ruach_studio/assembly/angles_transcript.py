"""Turn a transcript with speakers into shots: whoever speaks is shown, by the session's speaker map (`transcript-v1`).

Each speaker's first camera shows him; a speaker without one, and a pause of 2 s and the minimum shot or more, go to the
wide, or stay on the shot where there is none. No shot is shorter than the minimum (2 s) or the cooldown (1.5 s): a change
that comes too early waits, one that is over before then is passed by. Confidence = mean confidence of the words (of the
segment, 0.5 where none is given) + min(length / 5 s, 0.2), at most 1; a pause has 0.9, as in `angle-v2`.
Counterpart: `angles.py` decides by sound instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ruach_studio.assembly.angles_shot import AngleOptions, AnglePlan, Reason, Shot, named
from ruach_studio.assembly.transcript import Transcript, transcript_from_wire, transcript_to_wire
from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash
from ruach_studio.kernel.timebase import clock_text

RULES_VERSION = "transcript-v1"
PAUSE_S = 2.0
UNTOLD_CONFIDENCE = 0.5
LENGTH_CONFIDENCE_MAX = 0.2
LENGTH_CONFIDENCE_S = 5.0
PAUSE_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class _Turn:
    start_s: float
    end_s: float
    camera: str
    reason: Reason
    confidence: float
    words: str


def plan_by_transcript(
    transcript: Transcript,
    cameras: Mapping[str, str],
    *,
    wide: str | None,
    options: AngleOptions,
    duration_s: float,
) -> AnglePlan:
    """Return the shots from 0 to `duration_s`; `cameras` gives each speaker's label the camera that shows him.

    Raises BadInput if no segment names a speaker, or none that is named has a camera and there is no wide.
    """
    if not transcript.speakers:
        raise BadInput("no segment names its speaker", subject="transcript", remedy="Label the speakers, or cut by energy.")
    if wide is None and not any(label in cameras for label in transcript.speakers):
        raise BadInput(
            f"no camera shows {', '.join(transcript.speakers)}", subject="speakers",
            remedy="Give each a camera in the session's speaker map, under the label of the transcript.",
        )  # fmt: skip
    inputs: dict[str, object] = {
        "rulesVersion": RULES_VERSION, "transcript": transcript_to_wire(transcript), "cameras": dict(cameras), "wide": wide,
        "options": options, "durationS": duration_s,
    }  # fmt: skip
    digest = inputs_hash(inputs)
    hold_s = max(options.min_shot_s, options.switch_cooldown_s)
    chosen: list[_Turn] = []
    starts: list[float] = []
    for turn in _turns(transcript, cameras, wide, hold_s, duration_s):
        if chosen and turn.camera == chosen[-1].camera:
            continue
        at = 0.0 if not chosen else max(turn.start_s, starts[-1] + hold_s)
        if chosen and (at >= turn.end_s or duration_s - at < hold_s):
            continue
        chosen.append(turn)
        starts.append(round(at, 6))
    ends = [*starts[1:], duration_s]
    shots = tuple(
        Shot(start, end, turn.camera, turn.reason, turn.confidence,
             Verdict(turn.camera, (turn.words,), digest, RULES_VERSION, turn.confidence))
        for turn, start, end in zip(chosen, starts, ends, strict=True)
    )  # fmt: skip
    return AnglePlan(shots, RULES_VERSION, duration_s, inputs, options)


def plan_by_transcript_again(inputs: Mapping[str, object]) -> AnglePlan:
    """Return the plan that stored `inputs` (plain JSON) give: the same one."""
    transcript, cameras, options = inputs["transcript"], inputs["cameras"], inputs["options"]
    wide, duration_s = inputs["wide"], inputs["durationS"]
    if not (isinstance(transcript, dict) and isinstance(cameras, dict) and isinstance(options, dict)):
        raise BadInput("these are not the inputs of a decision by transcript", subject="inputs")
    return plan_by_transcript(
        transcript_from_wire(transcript), cameras, wide=None if wide is None else str(wide),
        options=AngleOptions(**options), duration_s=float(str(duration_s)),
    )  # fmt: skip


def _turns(
    transcript: Transcript, cameras: Mapping[str, str], wide: str | None, hold_s: float, duration_s: float
) -> list[_Turn]:
    turns: list[_Turn] = []
    spoken_until = 0.0
    for segment in transcript.segments:
        start, end = segment.start_ms / 1000.0, min(segment.end_ms / 1000.0, duration_s)
        if start >= duration_s:
            break
        if wide is not None and start - spoken_until >= PAUSE_S + hold_s:
            words = f"nobody speaks for {start - spoken_until:.1f} s from {clock_text(round(spoken_until, 1))}"
            turns.append(_Turn(spoken_until, start, wide, "wide", PAUSE_CONFIDENCE, words))
        spoken_until = end
        who = segment.speaker
        camera = cameras.get(who or "", wide)
        if camera is None:
            continue
        told = segment.sureness
        sure = (UNTOLD_CONFIDENCE if told is None else told) + min(
            (end - start) / LENGTH_CONFIDENCE_S, LENGTH_CONFIDENCE_MAX
        )
        heard = "" if told is None else f", words {told:.2f} sure"
        shown = who in cameras
        says = f"{who or 'somebody'} speaks for {end - start:.1f} s from {clock_text(round(start, 1))}{heard}"
        words = says if shown else f"{says}; no camera shows {who or 'him'}, so {named(camera)} does"
        turns.append(_Turn(start, end, camera, "speaker" if shown else "wide", round(min(sure, 1.0), 4), words))
    if not turns:
        raise BadInput("nobody speaks within the programme", subject="transcript", remedy="Check its times and speakers.")
    if wide is not None and duration_s - spoken_until >= PAUSE_S + hold_s:
        words = f"nobody speaks for {duration_s - spoken_until:.1f} s from {clock_text(round(spoken_until, 1))}"
        turns.append(_Turn(spoken_until, duration_s, wide, "wide", PAUSE_CONFIDENCE, words))
    return turns
