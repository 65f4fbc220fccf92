"""Turn the name of a style into numbers. A style is data: one table, and an explicit option wins over it.

podcast: the defaults, a lively talk. sermon: calm, long shots, nothing interrupts. teaching: between the two. shorts: quick,
reactions shown. Counterpart: angles_shot.py says what each number means.
"""

from collections.abc import Mapping
from typing import Any, Literal

from ruach_studio.assembly.angles_shot import AngleOptions
from ruach_studio.kernel.errors import BadInput

Style = Literal["sermon", "podcast", "teaching", "shorts"]

STYLES: Mapping[Style, Mapping[str, Any]] = {
    "podcast": {},
    "sermon": {
        "min_shot_s": 4.0, "switch_cooldown_s": 3.0, "pace_s": 1.2, "max_shot_s": 45.0, "cutaway_s": 5.0,
        "collision": "hold",
    },
    "teaching": {"min_shot_s": 3.0, "switch_cooldown_s": 2.0, "pace_s": 0.9, "max_shot_s": 30.0, "cutaway_s": 4.0},
    "shorts": {
        "min_shot_s": 1.2, "switch_cooldown_s": 1.0, "pace_s": 0.35, "max_shot_s": 7.0, "cutaway_s": 1.6, "lead_in_s": 0.08,
        "backchannel": "cut",
    },
}  # fmt: skip


def styled(style: str | None, explicit: Mapping[str, Any] | None = None) -> AngleOptions:
    """Return the options of `style` (None: podcast), each overruled by what `explicit` says. Raises BadInput."""
    if style is not None and style not in STYLES:
        raise BadInput(f"there is no style {style!r}", subject="style", remedy=f"Use one of {', '.join(STYLES)}.")
    values: dict[str, Any] = dict(next(numbers for name, numbers in STYLES.items() if name == (style or "podcast")))
    given = dict(explicit or {})
    # A minimum that an operator raises takes the style's wish for a maximum with it, rather than be refused for it.
    if "max_shot_s" not in given and values.get("max_shot_s") is not None:
        least = 2 * given.get("min_shot_s", values["min_shot_s"]) + given.get("cutaway_s", values["cutaway_s"])
        values["max_shot_s"] = max(values["max_shot_s"], least)
    try:
        return AngleOptions(**{**values, **given})
    except TypeError as wrong:
        raise BadInput(f"an option is unknown or of the wrong kind ({wrong})", subject="options") from wrong
