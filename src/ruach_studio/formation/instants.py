"""Turn whole microseconds into times by name that are compared as numbers and become datetimes only where one is shown.

A member may have finished thousands of nodes. Which five came last, or which was first in a phase, is a question about
integers; making a datetime of each would cost more than all the rest of a next step.
"""

from collections.abc import Iterable, Iterator, KeysView, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """Return an aware time as whole microseconds since 1970 (UTC)."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Return the time of `to_us`, in UTC."""
    return _EPOCH + timedelta(microseconds=us)


class Instants(Mapping[str, datetime]):
    """Times by name, in UTC. `us` are the microseconds; the dict is kept, not copied."""

    __slots__ = ("us",)

    def __init__(self, us: dict[str, int]) -> None:
        """Take name -> microseconds since 1970."""
        self.us = us

    @classmethod
    def of(cls, times: Mapping[Any, datetime]) -> "Instants":
        """Return `times` as they are, or converted if they are datetimes in any other mapping."""
        return times if isinstance(times, cls) else cls({name: to_us(at) for name, at in times.items()})

    def __getitem__(self, name: str) -> datetime:
        return from_us(self.us[name])

    def __contains__(self, name: object) -> bool:
        return name in self.us

    def __iter__(self) -> Iterator[str]:
        return iter(self.us)

    def __len__(self) -> int:
        return len(self.us)

    def keys(self) -> KeysView[str]:
        """Return the names as a set-like view."""
        return self.us.keys()

    def earliest(self, names: Iterable[str]) -> datetime | None:
        """Return the first of the times of `names`, which must all be known; None of none."""
        first = min(map(self.us.__getitem__, names), default=None)
        return None if first is None else from_us(first)

    def latest(self, count: int) -> list[str]:
        """Return the names with the `count` latest times; all that tie with the last of them too, in no order."""
        if len(self.us) <= count:
            return list(self.us)
        us = np.fromiter(self.us.values(), np.int64, len(self.us))
        names = list(self.us)
        return [names[place] for place in np.flatnonzero(us >= np.partition(us, -count)[-count]).tolist()]
