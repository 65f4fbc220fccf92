"""What assembly needs from outside: the mechanisms that the composition root made. Persistence has no port."""

from typing import Protocol

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import JobQueue
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.clock import Clock


class AssemblyServices(Protocol):
    """What every use case of this pillar is given."""

    @property
    def settings(self) -> Settings:
        """Return where files may be read and kept."""
        ...

    @property
    def database(self) -> Database:
        """Return the database."""
        ...

    @property
    def queue(self) -> JobQueue:
        """Return where jobs wait."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...
