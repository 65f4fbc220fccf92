"""Turn the quality of a reflection and what is known of its teaching into a recommended action: `route-v1`.

One scale (0..1000 per mille; 0..1 on the wire) and one table; an earlier system had two that ranked thread and journal in
opposite order. From the top, the first line that fits:

| teaching is concerning            | review  | a person looks first                        |
| half or more of the text is copied | review  |                                             |
| quality 700 or more               | publish | fit to be offered to others as an insight   |
| quality 500 or more               | thread  | fit to be talked over with others           |
| quality 300 or more               | journal | for the member alone                        |
| below 300                         | review  | a person helps                              |

Unclear teaching is never recommended for publishing: `publish` becomes `thread`. This is advice to people. It publishes
nothing, opens nothing and gates nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ruach_studio.kernel.decision import Verdict
from ruach_studio.kernel.errors import BadInput
from ruach_studio.kernel.hashing import inputs_hash

ROUTE_RULES = "route-v1"
FULL_QUALITY = 1_000
Action = Literal["publish", "thread", "journal", "review"]
Soundness = Literal["sound", "unclear", "concerning"]
SOUNDNESS: tuple[Soundness, ...] = ("sound", "unclear", "concerning")
BANDS: tuple[tuple[int, Action], ...] = ((700, "publish"), (500, "thread"), (300, "journal"), (0, "review"))


@dataclass(frozen=True, slots=True)
class Route:
    """The recommended action with its reasons, and the inputs that the verdict's hash covers."""

    verdict: Verdict[Action]
    inputs: Mapping[str, object]


def route(quality: int, *, is_regurgitation: bool, soundness: str) -> Route:
    """Return what to do with a reflection. Raises BadInput for a quality outside 0..1000 or an unknown soundness."""
    if not 0 <= quality <= FULL_QUALITY:
        raise BadInput(f"quality {quality} is outside 0..{FULL_QUALITY}", subject="quality",
                       remedy="Qualities are whole per mille.")  # fmt: skip
    if soundness not in SOUNDNESS:
        raise BadInput(f"there is no soundness {soundness!r}", subject="doctrinalSoundness",
                       remedy=f"Send {', '.join(SOUNDNESS)}.")  # fmt: skip
    inputs = {"quality": quality, "isRegurgitation": is_regurgitation, "doctrinalSoundness": soundness}
    action, reasons = _decide(quality, is_regurgitation, soundness)
    return Route(Verdict(action, reasons, inputs_hash(inputs), ROUTE_RULES), inputs)


def _decide(quality: int, is_regurgitation: bool, soundness: str) -> tuple[Action, tuple[str, ...]]:
    if soundness == "concerning":
        return "review", ("its teaching is concerning: a person looks at it first",)
    if is_regurgitation:
        return "review", ("half of the text or more is copied",)
    above: int | None = None
    for least, action in BANDS:
        if quality >= least:
            upper = f" to {above - 1}" if above is not None else f" to {FULL_QUALITY}"
            words = f"quality {quality} of {FULL_QUALITY}, {action} is {least}{upper}"
            if action == "publish" and soundness == "unclear":
                return "thread", (words, "its teaching is unclear, so it is not recommended for publishing")
            return action, (words,)
        above = least
    raise AssertionError("the last band begins at 0")
