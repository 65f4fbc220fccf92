"""Turn edits into JSON objects and back, so that service, command line and editor speak of the same values.

`op` names the kind; the other names are the value's, camelCase: {"op": "trim", "cutId": "…", "startFrame": 190}. A restore
carries whole cuts. Counterpart: tests/golden/edits holds vectors that every implementation must reproduce.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

from ruach_studio.assembly.edits import (
    Annotate,
    ApproveCut,
    Edit,
    EditRefused,
    Join,
    Keep,
    LockCut,
    Move,
    OffsetPicture,
    Omit,
    ReAngle,
    Restore,
    Ripple,
    Split,
    Trim,
)
from ruach_studio.assembly.edl_wire import cut_from_wire, cut_to_wire
from ruach_studio.kernel.timebase import FrameRate

OPS: Mapping[str, type[Edit]] = {
    "reAngle": ReAngle, "split": Split, "trim": Trim, "ripple": Ripple, "move": Move, "join": Join,
    "pictureOffset": OffsetPicture, "approve": ApproveCut, "note": Annotate, "lock": LockCut, "omit": Omit,
    "keep": Keep, "restore": Restore,
}  # fmt: skip
_CALLED: Mapping[type, str] = {int: "a whole number", str: "a text", bool: "true or false"}
_OP_OF = {kind: op for op, kind in OPS.items()}


def edit_to_wire(edit: Edit, fps: FrameRate) -> dict[str, object]:
    """Return the JSON object of `edit`; `fps` gives the milliseconds of restored cuts."""
    wire: dict[str, object] = {"op": _OP_OF[type(edit)]}
    for field in fields(edit):
        value = getattr(edit, field.name)
        wire[_camel(field.name)] = [cut_to_wire(cut, fps) for cut in value] if field.name == "cuts" else value
    return wire


def edit_from_wire(wire: Mapping[str, Any], fps: FrameRate) -> Edit:
    """Read what `edit_to_wire` wrote. Raises EditRefused naming what is wrong."""
    kind = OPS.get(str(wire.get("op")))
    if kind is None:
        raise EditRefused(f"there is no edit {wire.get('op')!r}", subject="op", remedy=f"Use one of {', '.join(OPS)}.")
    try:
        given = {field.name: wire[_camel(field.name)] for field in fields(kind) if _camel(field.name) in wire}
        if "cuts" in given:
            given["cuts"] = tuple(cut_from_wire(cut, fps) for cut in given["cuts"])
        for name, wanted in get_type_hints(kind).items():
            if wanted in _CALLED and name in given and type(given[name]) is not wanted:  # `true` is no number
                raise ValueError(f"{_camel(name)} is {given[name]!r}, not {_CALLED[wanted]}")
        return kind(**given)
    except (KeyError, TypeError, ValueError) as wrong:
        raise EditRefused(f"{wire['op']} lacks or misspells a value ({wrong})", subject="edits") from wrong


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
