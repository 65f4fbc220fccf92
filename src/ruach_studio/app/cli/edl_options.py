"""Turn a JSON file of EDL options, with a speaker map and a transcript if wanted, into options of a draft."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruach_studio.assembly.mapping import map_from_wire
from ruach_studio.assembly.transcript import transcript_from_wire
from ruach_studio.assembly.usecases.decide import DraftOptions
from ruach_studio.assembly.usecases.options import options_of
from ruach_studio.kernel.errors import BadInput

_NAMES = {
    "style": "style", "mode": "mode", "includeChapters": "include_chapters", "includeShorts": "include_shorts",
    "minShotLengthMs": "min_shot_length_ms", "maxShotLengthMs": "max_shot_length_ms",
    "switchCooldownMs": "switch_cooldown_ms", "removeFiller": "remove_filler", "trimSilence": "trim_silence",
    "leadThresholdDb": "lead_threshold_db", "silenceThresholdDb": "silence_threshold_db",
    "pictureOffsetFrames": "picture_offset_frames", "micMap": "mic_map",
}  # fmt: skip


def read_options(file: Path | None, base: DraftOptions) -> DraftOptions:
    """Return `base` with what `file` says. Raises BadInput naming the file, or the option that cannot act."""
    if file is None:
        return base
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        unknown = sorted(set(told) - set(_NAMES) - {"speakers", "transcript"})
        if unknown:
            raise BadInput(f"there is no option {unknown[0]}", subject=str(file), remedy=f"Known: {', '.join(_NAMES)}.")
        wire: Mapping[str, Any] = {_NAMES[name]: value for name, value in told.items() if name in _NAMES}
        chosen = options_of({**wire, "ruleset": base.ruleset})
        speakers = map_from_wire(told["speakers"]) if "speakers" in told else None
        transcript = transcript_from_wire(told["transcript"]) if "transcript" in told else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"it cannot be read as EDL options ({error})", subject=str(file), remedy="Give a JSON object."
        ) from error
    if chosen.mode == "transcript" and transcript is None:
        raise BadInput("mode transcript needs a transcript", subject=str(file), remedy="Put it there as `transcript`.")
    return replace(
        chosen, master=base.master, allow_unsure=base.allow_unsure, speakers=speakers, transcript=transcript,
    )  # fmt: skip
