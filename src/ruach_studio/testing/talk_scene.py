"""Turn the written dialogue into a timeline: who speaks from when to when, in seconds of the master clock.

A turn begins `gap_s` after the end of the turn before (negative: cross-talk). A backchannel ("yes", "right") begins `gap_s`
into the turn before and takes the floor from nobody. Longer talks say the dialogue again, shorter ones break off.
"""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

BOTH = "both"
_AGAIN_S = 2.0  # silence before the dialogue starts again


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the dialogue and where its sound lies: `dur_s` seconds from `start_s` in `file`."""

    line_id: str
    speaker: str
    kind: Literal["turn", "backchannel"]
    gap_s: float
    text: str
    file: str
    start_s: float
    dur_s: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One line as said: from start_s to end_s of master time. `kind` tells turns from backchannels."""

    line_id: str
    speaker: str
    start_s: float
    end_s: float
    kind: Literal["turn", "backchannel"]
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """The dialogue: lines in order and the speakers' names."""

    lines: tuple[Line, ...]
    names: dict[str, str]


def load_script() -> Script:
    """Return the dialogue shipped with the package."""
    raw: dict[str, Any] = json.loads(
        resources.files("ruach_studio.testing.speech").joinpath("script.json").read_text("utf-8")
    )
    lines = tuple(
        Line(*(line[key] for key in ("id", "speaker", "kind", "gap_s", "text", "file", "start_s", "dur_s")))
        for line in raw["lines"]
    )
    return Script(lines, dict(raw["speakers"]))


def place_turns(script: Script, seconds: float) -> tuple[Turn, ...]:
    """Return the turns of a talk of `seconds`, in order of start; a line that reaches beyond the end is cut there."""
    turns: list[Turn] = []
    before_start_s, before_end_s, lap = 0.0, 0.0, 0
    while before_end_s < seconds:
        for line in script.lines:
            start_s = round((before_start_s if line.kind == "backchannel" else before_end_s) + line.gap_s, 6)
            if start_s >= seconds:
                break
            end_s = round(min(start_s + line.dur_s, seconds), 6)
            name = line.line_id if lap == 0 else f"{line.line_id}.{lap + 1}"
            turns.append(Turn(name, line.speaker, start_s, end_s, line.kind, line.text))
            if line.kind == "turn":
                before_start_s, before_end_s = start_s, start_s + line.dur_s
        else:
            lap, before_end_s = lap + 1, before_end_s + _AGAIN_S
            continue
        break
    return tuple(sorted(turns, key=lambda turn: turn.start_s))


def speaker_at(turns: tuple[Turn, ...], t_s: float) -> str | None:
    """Return who holds the floor at `t_s`: a speaker, BOTH in cross-talk, None in a silence. Backchannels do not count."""
    holders = {turn.speaker for turn in turns if turn.kind == "turn" and turn.start_s <= t_s < turn.end_s}
    if len(holders) > 1:
        return BOTH
    return next(iter(holders), None)
