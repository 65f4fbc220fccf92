"""What assembly needs from outside: the mechanisms that the composition root made. Persistence has no port."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ruach_studio.assembly.transcript import Segment
from ruach_studio.infra.db import Database
from ruach_studio.infra.queues import JobQueue
from ruach_studio.infra.settings import Settings
from ruach_studio.kernel.clock import Clock
from ruach_studio.kernel.errors import RuachError


class TranscriberMissing(RuachError):
    """Nothing is installed that can write down speech."""

    code = "transcriber_missing"
    status = 501
    exit_code = 2


class Transcriber(Protocol):
    """Something slow that writes down speech. Both calls block; a coroutine makes them in a thread."""

    def prepare(self) -> Mapping[str, Any]:
        """Get ready; return the names, hashes and settings that decide its text. Raises TranscriberMissing, BadInput."""
        ...

    def hear(self, samples: npt.NDArray[np.float32], language: str | None) -> Iterator[Segment | str]:
        """Yield the language of mono sound at 16 kHz, then its segments in order, in ms from its start; as they come."""
        ...


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
