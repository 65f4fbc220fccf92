"""Turn a CanonicalEDL into JSON text and back: the one format that loses nothing."""

import json
from typing import Any

from ruach_studio.assembly.edl import BadEdl, CanonicalEDL, edl_bytes, from_wire


def write_json(edl: CanonicalEDL) -> tuple[str, tuple[str, ...]]:
    """Return (canonical JSON, no losses): the same EDL gives the same text everywhere."""
    return edl_bytes(edl).decode(), ()


def read_json(text: str) -> CanonicalEDL:
    """Return the EDL that `text` holds. Raises BadEdl naming what is wrong with it."""
    try:
        wire: Any = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise BadEdl(
            f"it is no JSON ({wrong.msg} in line {wrong.lineno})", subject="edl", remedy="Export the EDL again as JSON."
        ) from wrong
    except (ValueError, RecursionError) as wrong:  # a number of thousands of digits, lists in lists in lists
        raise BadEdl("it is no JSON that can be read", subject="edl", remedy="Export the EDL again as JSON.") from wrong
    if not isinstance(wire, dict):
        raise BadEdl("it is no JSON object", subject="edl", remedy="Export the EDL again as JSON.")
    return from_wire(wire)
