"""Turn the same question into the same answer without working it out again: evidence that only depends on the energy.

What the rulesets learn of a session (levels, bleed, who speaks when) does not depend on pace, minimum or maximum shot. An
operator who tries those waits for the path alone. Two sessions are remembered, and none above a million windows x cameras,
so that long ones do not fill the memory. The key must hold everything that `make` reads.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

REMEMBERED = 2
CELLS_MAX = 1_000_000
T = TypeVar("T")
_KNOWN: dict[Hashable, Any] = {}
_LOCK = threading.Lock()


def remembered(key: Hashable, cells: int, make: Callable[[], T]) -> T:
    """Return what `make` returned for `key` before, else what it returns now; `cells` = windows x cameras."""
    with _LOCK:
        if key in _KNOWN:
            found: T = _KNOWN.pop(key)
            _KNOWN[key] = found
            return found
    made = make()
    if cells <= CELLS_MAX:
        with _LOCK:
            _KNOWN[key] = made
            while len(_KNOWN) > REMEMBERED:
                del _KNOWN[next(iter(_KNOWN))]
    return made
