"""Turn what a job or a request asks for into options of a draft, each of which acts or is refused by its name.

Two vocabularies meet here: the ruleset's own settings (`angle`) and the EDL options of the specification
(minShotLengthMs and so on), which mean the same where they overlap.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ruach_studio.assembly.angles import WINDOW_MS
from ruach_studio.assembly.angles_styles import styled
from ruach_studio.assembly.dress import Extras
from ruach_studio.assembly.store import speakers
from ruach_studio.assembly.usecases.decide import DraftOptions, Mode
from ruach_studio.assembly.usecases.get_transcript import spoken
from ruach_studio.kernel.errors import BadInput

# specification's name, our key on the wire, the ruleset's setting, divisor
_SAME = (
    ("minShotLengthMs", "min_shot_length_ms", "min_shot_s", 1000.0),
    ("maxShotLengthMs", "max_shot_length_ms", "max_shot_s", 1000.0),
    ("switchCooldownMs", "switch_cooldown_ms", "switch_cooldown_s", 1000.0),
    ("leadThresholdDb", "lead_threshold_db", "lead_db", 1.0),
    ("silenceThresholdDb", "silence_threshold_db", "silence_dbfs", 1.0),
)


def options_of(wire: Mapping[str, Any]) -> DraftOptions:
    """Read options as a job or a request carries them (snake_case names). Raises BadInput naming what is wrong."""
    ruleset = wire.get("ruleset") or DraftOptions().ruleset
    if ruleset not in WINDOW_MS:
        raise BadInput(f"there is no ruleset {ruleset!r}", subject="ruleset", remedy=f"Use one of {', '.join(WINDOW_MS)}.")
    mode = wire.get("mode") or "energy"
    extras = Extras(
        chapters=bool(wire.get("include_chapters")), shorts=bool(wire.get("include_shorts")),
        trim_silence=bool(wire.get("trim_silence")), remove_filler=bool(wire.get("remove_filler")),
        picture_offset_frames=int(wire.get("picture_offset_frames") or 0), silence_dbfs=wire.get("silence_threshold_db"),
    )  # fmt: skip
    _refuse_idle(wire, str(mode), str(ruleset), extras)
    angle = {name: value for name, value in dict(wire.get("angle") or {}).items() if value is not None}
    for told, name, own, divisor in _SAME:
        value = wire.get(name)
        if value is None:
            continue
        if own in angle and angle[own] != value / divisor:
            raise BadInput(f"{told} and angle.{own} contradict each other", subject=told, remedy="Give one of them.")
        angle[own] = value / divisor
    mic_map = wire.get("mic_map")
    try:
        return DraftOptions(
            ruleset=ruleset, angle=styled(wire.get("style"), angle), mic_map=dict(mic_map) if mic_map else None,
            mode=cast(Mode, mode), style=wire.get("style"), extras=extras,
        )  # fmt: skip
    except TypeError as wrong:
        raise BadInput(f"an option is unknown or of the wrong kind ({wrong})", subject="options") from wrong


async def with_stored(conn: AsyncConnection, session_id: str, options: DraftOptions) -> DraftOptions:
    """Return `options` with the session's saved speaker map and transcript, where the options do not bring their own.

    Raises BadInput if the mode is transcript and there is none.
    """
    if options.speakers is None and options.mic_map is None:
        row = await speakers.newest_map(conn, session_id)
        if row is not None:
            options = replace(options, speakers=row.speakers, speakers_version=row.version)
    if options.transcript is None and (options.mode == "transcript" or options.extras.reads_transcript):
        found = await spoken(conn, session_id)
        if found is not None:
            options = replace(options, transcript=found[1], transcript_version=found[0].version)
    if options.mode == "transcript" and options.transcript is None:
        raise BadInput(
            "the session has no transcript to cut by", subject="mode", remedy="Save one with its speakers, or use energy."
        )
    return options


def _refuse_idle(wire: Mapping[str, Any], mode: str, ruleset: str, extras: Extras) -> None:
    """Refuse an option of the specification that would do nothing in this mode under this ruleset."""
    acting = f"mode {mode}" if mode == "transcript" else ruleset
    idle: dict[str, str] = {}
    if mode not in ("energy", "transcript"):
        raise BadInput(f"there is no mode {mode!r}", subject="mode", remedy="Use energy or transcript.")
    if mode == "transcript":
        idle["leadThresholdDb"] = "nothing is decided by level"
        idle["maxShotLengthMs"] = "a speaker is shown for as long as he speaks"
    elif ruleset == "angle-v1":
        idle["maxShotLengthMs"] = "that rule never leaves a speaker who still leads"
    else:
        idle["leadThresholdDb"] = "it weighs calibrated voices; angle-v1 has a lead in dB, paceS does it here"
    if ruleset != "angle-v1" or mode == "transcript":
        idle["silenceThresholdDb"] = "it finds each microphone's floor by itself"
        if extras.reads_silence:
            del idle["silenceThresholdDb"]  # chapters, shorts and trimSilence obey it
    for told, name, _, _ in _SAME:
        if wire.get(name) is not None and told in idle:
            raise BadInput(f"it does not act in {acting}: {idle[told]}", subject=told, remedy="Leave it out.")
