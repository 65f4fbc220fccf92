"""What render's use cases are given by the composition root."""

from pathlib import Path
from typing import Protocol

from ruach_studio.infra.db import Database
from ruach_studio.infra.queues.board import PressureBoard
from ruach_studio.infra.queues.port import JobQueue
from ruach_studio.infra.settings import Settings
from ruach_studio.infra.storage.port import ObjectStore
from ruach_studio.kernel.clock import Clock


class RenderServices(Protocol):
    """The part of the application's services that render needs."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def queue(self) -> JobQueue: ...

    @property
    def pressure(self) -> PressureBoard: ...

    @property
    def store(self) -> ObjectStore: ...

    @property
    def clock(self) -> Clock: ...


MEZZANINES = "_mezzanines"  # no format is called so: names of formats begin with a letter


def work_folder(services: RenderServices, automation_id: str, format_name: str) -> Path:
    """Return where one format of one automation keeps its unfinished work; shared by its retries."""
    return services.settings.data_dir / "render-work" / automation_id / format_name


def mezzanine_folder(services: RenderServices, automation_id: str) -> Path:
    """Return where the formats of one automation keep the mezzanines that they share."""
    return services.settings.data_dir / "render-work" / automation_id / MEZZANINES
