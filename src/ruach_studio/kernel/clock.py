"""Where time comes from: a port, so that no rule and no test depends on the moment it runs."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present as an aware datetime in UTC."""

    def now(self) -> datetime:
        """Return the present moment, time zone UTC."""
        ...
